"""A vendor's own publiccode.yml: what changes there changes in her draft, and nowhere else."""

from datetime import datetime

from catalog.models import ImportedItem, ImportFeed, ItemState
from catalog.sheets.drafts import draft_of, save_draft
from catalog.sheets.errors import SheetRefused


def follow(*, feed: ImportFeed, item: ImportedItem, now: datetime) -> None:
    """Writes in the vendor's draft what changed in the file since it was last written there, and only that:
    what she wrote by hand elsewhere stays. Her draft is not published.

    The item says what became of it; the caller saves it.
    """
    values, applied = item.content["values"], item.content["applied"]
    changed = {name: value for name, value in values.items() if applied.get(name) != value}
    sheet = feed.sheet
    item.sheet = sheet
    if not changed:
        item.state = ItemState.TAKEN
        return
    revision = draft_of(sheet).revision
    try:
        save_draft(
            sheet=sheet,
            values=changed,
            based_on=revision.pk if revision else None,
            by=feed.added_by,
            now=now,
        )
    except SheetRefused as refusal:
        item.state, item.problems = ItemState.REJECTED, [str(refusal)]
    else:
        item.state = ItemState.TAKEN
        item.content["applied"] = values
