"""What changed between two versions of a service sheet, in words. Pure: no query."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from catalog.models import ServiceSheet
from tenants.days import in_words
from tenants.numbers import thousands

# What a revision also holds: what the row is, where it stands in Wagtail, and its address.
TECHNICAL = frozenset(
    {
        "id",
        "product",
        "vendor",
        "slug",
        "live",
        "has_unpublished_changes",
        "first_published_at",
        "last_published_at",
        "live_revision",
        "latest_revision",
        "go_live_at",
        "expire_at",
        "expired",
    }
)
_WORD = re.compile(r"\s+|[^\s]+")
MAX_WORDS = 6000  # of both texts together: beyond, the comparison would take seconds


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Segment:
    """A piece of text that is in both versions (SAME), only in the new one or only in the old one."""

    change: Change
    text: str


@dataclass(frozen=True)
class ItemChange:
    """One item of a list: ADDED (no `before`), REMOVED (no `after`) or CHANGED (with its `segments`)."""

    change: Change
    before: str
    after: str
    segments: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One field that changed. `before` and `after` are words, "" for nothing.

    `segments`, of a text that was there and still is, put end to end tell both versions; `items`, of a list,
    tell what came, went or changed (none of them when only the order did: `reordered`).
    """

    field: str
    label: str
    before: str
    after: str
    segments: tuple[Segment, ...] = ()
    items: tuple[ItemChange, ...] = ()
    reordered: bool = False


def differences(before: dict | None, after: dict) -> list[Difference]:
    """What changed from one revision's content to another's, in the order of the sheet; all that is filled in
    when there was none before. Wagtail's own fields, the address and the vendor are passed over."""
    found = []
    for field in compared_fields():
        old = _value(field, before)
        new = _value(field, after)
        if old != new and (before is not None or words_of(field, new)):
            found.append(_difference(field, old, new))
    return found


def compared_fields() -> list[models.Field]:
    """The fields a vendor writes, in the order of the sheet."""
    return [field for field in ServiceSheet._meta.concrete_fields if field.name not in TECHNICAL]


def label_of(field: models.Field) -> str:
    """Its name in French, as a title."""
    name = str(field.verbose_name)
    return name[:1].upper() + name[1:]


def words_of(field: models.Field, value: Any) -> str:
    """A field's value as a person reads it; "" for nothing. Items of a list are separated by " ; "."""
    if _is_list(field):
        return " ; ".join(_item_words(field, item) for item in value)
    if value is None or value == "" or value == {}:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, int):
        return thousands(value)
    if field.choices:
        return _choice(field, value)
    if isinstance(field, models.JSONField):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def text_segments(before: str, after: str) -> tuple[Segment, ...]:
    """Two texts compared word by word. Texts of thousands of words are shown whole, one after the other."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > MAX_WORDS:
        return (Segment(Change.REMOVED, before), Segment(Change.ADDED, after))
    return tuple(_segments(old, new))


def _segments(old: list[str], new: list[str]) -> Iterator[Segment]:
    """Words that changed side by side are told together: what alone is the same between them is the space."""
    removed = added = space = ""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new).get_opcodes():
        text = "".join(old[i1:i2])
        if tag != "equal":
            removed, added = removed + space + text, added + space + "".join(new[j1:j2])
            space = ""
        elif text.isspace() and removed and added:
            space = text
        else:
            yield from _changed(removed, added)
            removed = added = ""
            yield Segment(Change.SAME, text)
    yield from _changed(removed, added)
    if space:
        yield Segment(Change.SAME, space)


def _changed(removed: str, added: str) -> Iterator[Segment]:
    if removed:
        yield Segment(Change.REMOVED, removed)
    if added:
        yield Segment(Change.ADDED, added)


def _value(field: models.Field, content: dict | None) -> Any:
    """As the sheet would hold it: a revision writes some lists as text, and an old one lacks new fields."""
    if content is None:
        return [] if _is_list(field) else None
    if field.name not in content:
        return field.get_default()
    try:
        value = field.to_python(content[field.name])
    except (ValidationError, ValueError):
        return content[field.name]
    return (value or []) if _is_list(field) else value


def _difference(field: models.Field, old: Any, new: Any) -> Difference:
    before, after = words_of(field, old), words_of(field, new)
    items: tuple[ItemChange, ...] = ()
    segments: tuple[Segment, ...] = ()
    if _is_list(field):
        items = tuple(_items(field, old, new))
    elif isinstance(old, str | dict) and before and after and not field.choices:
        segments = text_segments(before, after)
    return Difference(
        field=field.name,
        label=label_of(field),
        before=before,
        after=after,
        segments=segments,
        items=items,
        reordered=_is_list(field) and not items,
    )


def _is_list(field: models.Field) -> bool:
    return isinstance(field, ArrayField) or (isinstance(field, models.JSONField) and field.default is list)


def _items(field: models.Field, old: list, new: list) -> Iterator[ItemChange]:
    """Item by item: the same one is found by what names it, wherever it moved."""
    before, after = _by_name(field, old), _by_name(field, new)
    for name, item in before.items():
        if name not in after:
            yield ItemChange(Change.REMOVED, _item_words(field, item), "")
        elif item != after[name]:
            words, new_words = _item_words(field, item), _item_words(field, after[name])
            yield ItemChange(Change.CHANGED, words, new_words, text_segments(words, new_words))
    for name, item in after.items():
        if name not in before:
            yield ItemChange(Change.ADDED, "", _item_words(field, item))


def _by_name(field: models.Field, items: list) -> dict[tuple, Any]:
    named: dict[tuple, Any] = {}
    key = NAMED_BY.get(field.name)
    for item in items:
        name = str(item.get(key, "")) if key and isinstance(item, dict) else json.dumps(item, sort_keys=True)
        # Two items may bear one name: the second is then another one.
        rank = 0
        while (name, rank) in named:
            rank += 1
        named[name, rank] = item
    return named


def _item_words(field: models.Field, item: Any) -> str:
    if isinstance(field, ArrayField):
        return _choice(field.base_field, item)
    return ITEM_WORDS[field.name](item) if isinstance(item, dict) else str(item)


def _choice(field: models.Field, value: Any) -> str:
    return str(dict(field.flatchoices).get(value, value))


def _contractor(item: dict) -> str:
    name, until = str(item.get("name", "")), _day(item.get("until"))
    return _joined(f"{name} (jusqu’au {until})" if until else name, item.get("website"))


def _day(text: Any) -> str:
    try:
        return in_words(date.fromisoformat(str(text))) if text else ""
    except ValueError:
        return str(text)


def _contact(item: dict) -> str:
    return _joined(*(item.get(key) for key in ("label", "email", "phone", "hours")))


def _screenshot(item: dict) -> str:
    return f"«\u00a0{item.get('alt', '')}\u00a0»"


def _document(item: dict) -> str:
    return str(item.get("title", ""))


def _prerequisite(item: dict) -> str:
    return _joined(item.get("text"), item.get("sheet"), item.get("required") and "indispensable")


def _option(item: dict) -> str:
    return _joined(
        f"{item.get('code', '')} – {item.get('name', '')}",
        item.get("summary"),
        item.get("needs") and f"demande {item['needs']}",
    )


def _joined(*parts: Any) -> str:
    return ", ".join(str(part) for part in parts if part)


# What tells an item of a list from the others.
NAMED_BY = {
    "contractors": "name",
    "contacts": "label",
    "screenshots": "file",
    "documents": "file",
    "prerequisites": "sheet",
    "options": "code",
}
ITEM_WORDS: dict[str, Callable[[dict], str]] = {
    "contractors": _contractor,
    "contacts": _contact,
    "screenshots": _screenshot,
    "documents": _document,
    "prerequisites": _prerequisite,
    "options": _option,
}
