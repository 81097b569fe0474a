"""A vendor's drafts. Each save is one more revision, kept for good; the live row is never touched here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.text import slugify
from oscar.core.loading import get_model
from wagtail.models import Revision

from catalog.models import ServiceSheet, Vendor
from catalog.revisions import Difference, differences
from catalog.sheets.content import checked
from catalog.sheets.errors import SheetChanged
from tenants import audit
from tenants.models import User

PRODUCT_CLASS = "teleservice"
# The vendor's pages have an address of that name beside those of her services.
RESERVED = frozenset({"nouveau"})


@dataclass(frozen=True)
class Draft:
    """The last version of a sheet, published or not, as a sheet that is not to be saved."""

    row: ServiceSheet
    revision: Revision | None
    sheet: ServiceSheet


@dataclass(frozen=True)
class Saved:
    """What became of a save: `revision` is the last one, `changed` says whether it is new, `meanwhile` what
    somebody else changed elsewhere on the sheet since the work began."""

    revision: Revision
    changed: bool
    meanwhile: list[Difference] = field(default_factory=list)


def draft_of(row: ServiceSheet) -> Draft:
    """One query at most (none with `latest_revision` at hand)."""
    revision = row.latest_revision
    return Draft(row, revision, row.with_content_json(revision.content) if revision else row)


@transaction.atomic
def create_service(*, vendor: Vendor, name: str, family: str, by: User, now: datetime) -> ServiceSheet:
    """A new service of this vendor, with a first draft; nobody else reads it before it is published and
    accepted somewhere. Its address is drawn from its name, once. Raises SheetInvalid."""
    clean = checked({"name": name, "family": family}, vendor=vendor)
    product_class, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        slug=PRODUCT_CLASS,
        defaults={"name": "Téléservice", "requires_shipping": False, "track_stock": False},
    )
    sheet = _with_an_address(vendor, clean, product_class)
    sheet.save_revision(user=by, clean=False)
    audit.record(
        tenant=vendor.organisation,
        actor=by,
        what="sheet.created",
        sentence=f"{{actor}} a créé la fiche « {sheet.name} ».",
        subject_id=sheet.slug,
        now=now,
    )
    return sheet


@transaction.atomic
def save_draft(
    *, sheet: ServiceSheet, values: dict[str, Any], based_on: int | None, by: User, now: datetime
) -> Saved:
    """One more revision with these fields (of catalog.sheets.content), the others as in the last one. None is
    made when nothing changes. `based_on` is the id of the revision the person began from.

    Raises SheetInvalid, or SheetChanged when somebody else changed one of these fields since.
    """
    row = locked(sheet)
    draft = draft_of(row)
    clean = checked(values, sheet=draft.sheet, vendor=row.vendor)
    meanwhile = _since(draft, based_on)
    if same := [one for one in meanwhile if one.field in clean and _differs(draft, clean, one.field)]:
        raise SheetChanged(draft.revision, same)
    before = draft.revision.content if draft.revision else draft.sheet.serializable_data()
    for name, value in clean.items():
        setattr(draft.sheet, name, value)
    changed = differences(before, draft.sheet.serializable_data())
    if draft.revision and not changed:
        return Saved(draft.revision, False, meanwhile)
    revision = draft.sheet.save_revision(user=by, clean=False)
    audit.record(
        tenant=row.vendor.organisation,
        actor=by,
        what="sheet.draft_saved",
        sentence=f"{{actor}} a modifié le brouillon de la fiche « {draft.sheet.name} ».",
        subject_id=row.slug,
        now=now,
        details={"revision": revision.pk, "fields": [one.field for one in changed]},
    )
    return Saved(revision, True, meanwhile)


@transaction.atomic
def restore(*, sheet: ServiceSheet, revision: Revision, by: User, now: datetime) -> Saved:
    """An old version becomes the draft again, as one more revision: nothing is lost. None is made when
    nothing differs."""
    row = locked(sheet)
    latest = draft_of(row).revision
    old = row.with_content_json(revision.content)
    if latest and not differences(latest.content, old.serializable_data()):
        return Saved(latest, False)
    made = old.save_revision(user=by, clean=False, previous_revision=revision)
    audit.record(
        tenant=row.vendor.organisation,
        actor=by,
        what="sheet.restored",
        sentence=f"{{actor}} a repris une ancienne version de la fiche « {old.name} » comme brouillon.",
        subject_id=row.slug,
        now=now,
        details={"revision": made.pk, "from": revision.pk},
    )
    return Saved(made, True)


def locked(sheet: ServiceSheet) -> ServiceSheet:
    """The row, for one writer at a time, with its last revision. Raises Http404 when another vendor has taken
    the service over since the writer found it."""
    ServiceSheet.objects.select_for_update(no_key=True).only("pk").get(pk=sheet.pk)
    row = ServiceSheet.objects.select_related("vendor__organisation", "latest_revision", "product").get(
        pk=sheet.pk
    )
    if row.vendor_id != sheet.vendor_id:
        raise Http404
    return row


def _since(draft: Draft, based_on: int | None) -> list[Difference]:
    """What changed between the revision the person began from and the last one."""
    if draft.revision is None or based_on == draft.revision.pk:
        return []
    began = draft.row.revisions.filter(pk=based_on).first() if based_on else None
    return differences(began.content if began else None, draft.revision.content)


def _differs(draft: Draft, clean: dict, name: str) -> bool:
    """Two people may have written the very same thing."""
    return getattr(draft.sheet, name) != clean[name]


def _with_an_address(vendor: Vendor, clean: dict, product_class) -> ServiceSheet:
    """The row behind the draft, under the first free address made from the name."""
    Product = get_model("catalogue", "Product")
    stem = slugify(clean["name"])[:120].strip("-") or "service"
    found = ServiceSheet.objects.filter(slug__startswith=stem).values_list("slug", flat=True)
    taken = RESERVED.union(found)
    for rank in range(1, len(taken) + 20):
        slug = stem if rank == 1 else f"{stem}-{rank}"
        if slug in taken:
            continue
        try:
            with transaction.atomic():
                product = Product.objects.create(
                    product_class=product_class,
                    title=clean["name"],
                    slug=slug,
                    structure=Product.STANDALONE,
                )
                return ServiceSheet.objects.create(
                    product=product, vendor=vendor, slug=slug, live=False, **clean
                )
        except IntegrityError:
            continue  # somebody took this address a moment ago
    raise AssertionError("no free address")  # one more name than there are takers
