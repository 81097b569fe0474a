"""The verbs of price grids: start a draft, edit it, delete it, publish it, withdraw what is not in force yet.

Whoever publishes or withdraws holds the listing's row: its versions follow one another without a hole.
"""

import hashlib
import json
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.finding import indexing
from catalog.grids.jumping import lowering_jumps
from catalog.grids.refusals import DraftChanged, LowersTotal, NotADraft, NotWithdrawable, TermsInvalid
from catalog.grids.terms import GridTerms, checked, january_rule, proposed_vat
from catalog.models import GridState, Listing, PriceGrid
from catalog.pricing import parse_grid
from catalog.pricing.rhythm import RHYTHM
from catalog.pricing.usage import USAGE
from tenants import audit
from tenants.constraints import violated
from tenants.days import in_words
from tenants.models import User

GONE = "Ce brouillon vient d’être publié ou supprimé par quelqu’un d’autre. Rechargez la page."
TAKEN = (
    "Un autre tarif de ce service commence déjà ce jour-là. Choisissez un autre jour, ou retirez-le d’abord."
)


@transaction.atomic
def start_draft(
    *,
    listing: Listing,
    by: User,
    now: datetime,
    definition: dict[str, Any] | None = None,
    copy_of: PriceGrid | None = None,
    option: str = "",
) -> PriceGrid:
    """A new draft for the base of a listing, or for one of its options: from a `definition` that may still be
    incomplete, or with all the terms of another version, of this listing or of another of the operator's.

    It begins on the next 1 January, or today when nothing was ever published. Its VAT is that of the version
    copied if it is this listing's, else what the operator's VAT position suggests.
    """
    today = localdate(now)
    terms = _copied(copy_of) if copy_of else {"definition": definition or {}}
    if copy_of is None or copy_of.listing_id != listing.pk:
        category, rate, reason = proposed_vat(operator=listing.operator, on=today)
        terms |= {"vat_category": category, "vat_rate": rate, "vat_reason": reason}
        terms.pop("trial_days", None)  # another service's trial was promised for that one alone
    grid = PriceGrid.objects.create(
        listing=listing,
        option=option,
        effective_from=_proposed_day(listing, option, today),
        **terms,
    )
    _record(grid, by, now, "drafted", "a commencé un brouillon de tarif pour")
    return grid


@transaction.atomic
def edit_draft(
    *, grid: PriceGrid, terms: GridTerms, by: User, now: datetime, seen: str | None = None
) -> PriceGrid:
    """Replaces all that a draft holds. `seen` is the `fingerprint` of what the person had before her.

    Raises GridInvalid, TermsInvalid, NotADraft or DraftChanged.
    """
    found = _locked_draft(grid)
    if seen is not None and seen != fingerprint(found):
        raise DraftChanged(
            "Quelqu’un d’autre a enregistré ce brouillon pendant que vous le modifiiez. Ce que vous avez "
            "saisi est encore là : enregistrez de nouveau pour remplacer son travail par le vôtre."
        )
    terms = checked(terms, listing=found.listing, today=localdate(now))
    if found.option and terms.trial_days is not None:
        raise TermsInvalid({"trial_days": "L’essai gratuit se dit dans le tarif du service seul."})
    if found.option and (RHYTHM in terms.definition or USAGE in terms.definition):
        said = "Le rythme des factures et le prix de l’usage se disent dans le tarif du service seul."
        raise TermsInvalid({"rhythm_period": said})
    parse_grid(terms.definition)
    if terms.list_definition is not None:
        parse_grid(terms.list_definition)
    changed = [
        name for name in GridTerms.__dataclass_fields__ if getattr(found, name) != getattr(terms, name)
    ]
    if not changed:
        return found
    for name in changed:
        setattr(found, name, getattr(terms, name))
    found.save(update_fields=changed)
    _record(found, by, now, "edited", "a modifié un brouillon de tarif de", details={"changed": changed})
    return found


@transaction.atomic
def delete_draft(*, grid: PriceGrid, by: User, now: datetime) -> None:
    """Deletes a draft, with its simulations. Raises NotADraft."""
    found = _locked_draft(grid)
    _record(found, by, now, "deleted", "a supprimé un brouillon de tarif de")
    found.delete()


@transaction.atomic
def publish(
    *, grid: PriceGrid, by: User, now: datetime, accept_lowering: bool = False, seen: str | None = None
) -> PriceGrid:
    """Publishes a draft from its first day on: the version in force ends there, and the next one published,
    if any, still succeeds it. `seen` is the `fingerprint` of what the person has read.

    Raises GridInvalid, TermsInvalid (effective_from: past, taken, not in January), LowersTotal without
    `accept_lowering`, NotADraft or DraftChanged.
    """
    listing = Listing.objects.select_for_update(of=("self",), no_key=True).get(pk=grid.listing_id)
    found = _locked_draft(grid)
    if seen is not None and seen != fingerprint(found):
        raise DraftChanged("Ce brouillon a changé depuis que vous l’avez lu. Relisez-le, puis publiez-le.")
    today = localdate(now)
    checked(GridTerms.of(found), listing=listing, today=today)
    parsed = parse_grid(found.definition)
    if found.list_definition is not None:
        parse_grid(found.list_definition)
    first, last = found.effective_from, _make_room(found, today)
    if not accept_lowering and (lowering := lowering_jumps(parsed)):
        raise LowersTotal(lowering)
    try:
        with transaction.atomic():
            published = PriceGrid.objects.filter(pk=found.pk, state=GridState.DRAFT).update(
                state=GridState.PUBLISHED, effective_until=last, published_at=now, published_by=by
            )
    except IntegrityError as error:
        if violated(error) != "price_grid_one_in_force":
            raise
        raise TermsInvalid({"effective_from": TAKEN}) from None
    if published != 1:
        raise NotADraft(GONE)
    found.refresh_from_db()
    indexing.refresh(listings=[listing.pk])
    _record(
        found,
        by,
        now,
        "published",
        f"a publié un tarif à partir du {in_words(first)} pour",
        details={"effective_from": first.isoformat(), "definition": found.definition},
    )
    return found


@transaction.atomic
def withdraw(*, grid: PriceGrid, by: User, now: datetime) -> PriceGrid:
    """Takes back a published version before its first day: the one that it would have ended goes on until the
    next. Nobody has paid by it: a subscription copies the price of the day. Raises NotWithdrawable."""
    Listing.objects.select_for_update(of=("self",), no_key=True).get(pk=grid.listing_id)
    found = PriceGrid.objects.select_related("listing__operator__organisation").get(pk=grid.pk)
    if found.state != GridState.PUBLISHED:
        raise NotWithdrawable("Ce tarif n’est pas publié, ou vient d’être retiré.")
    if found.effective_from <= localdate(now):
        raise NotWithdrawable(
            "Ce tarif est entré en vigueur : il ne se retire plus. Publiez-en un autre qui lui succède."
        )
    PriceGrid.objects.filter(pk=found.pk, state=GridState.PUBLISHED).update(state=GridState.WITHDRAWN)
    _versions(found).filter(effective_until=found.effective_from).update(
        effective_until=found.effective_until
    )
    found.refresh_from_db()
    indexing.refresh(listings=[found.listing_id])
    _record(
        found,
        by,
        now,
        "withdrawn",
        f"a retiré, avant son entrée en vigueur le {in_words(found.effective_from)}, un tarif de",
    )
    return found


def fingerprint(grid: PriceGrid) -> str:
    """Changes with anything that the draft holds."""
    held = {name: getattr(grid, name) for name in GridTerms.__dataclass_fields__}
    held["vat_rate"] = f"{grid.vat_rate:.2f}"  # 20 and 20.00 are the same rate
    return hashlib.sha256(json.dumps(held, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _locked_draft(grid: PriceGrid) -> PriceGrid:
    found = (
        PriceGrid.objects.select_for_update(of=("self",), no_key=True)
        .select_related("listing__operator__organisation", "listing__offer__product__sheet")
        .filter(pk=grid.pk, state=GridState.DRAFT)
        .first()
    )
    if found is None:
        raise NotADraft(GONE)
    return found


def _versions(grid: PriceGrid):
    """The published versions of the same listing and option."""
    return PriceGrid.objects.filter(
        listing=grid.listing_id, option=grid.option, state=GridState.PUBLISHED
    ).exclude(pk=grid.pk)


def _make_room(grid: PriceGrid, today: date) -> date | None:
    """Ends the version in force on the draft's first day; the draft's own end, None for none."""
    first = grid.effective_from
    versions = list(_versions(grid).order_by("effective_from"))
    if versions and first < today:
        raise TermsInvalid(
            {"effective_from": "Un tarif ne s’applique pas au passé. Choisissez aujourd’hui ou plus tard."}
        )
    if any(version.effective_from == first for version in versions):
        raise TermsInvalid({"effective_from": TAKEN})
    held = [version for version in versions if version.effective_from < first]
    if held and (held[-1].effective_until is None or held[-1].effective_until > first):
        PriceGrid.objects.filter(pk=held[-1].pk).update(effective_until=first)
    later = [version.effective_from for version in versions if version.effective_from > first]
    return min(later, default=None)


def _proposed_day(listing: Listing, option: str, today: date) -> date:
    published = listing.grids.filter(option=option, state=GridState.PUBLISHED)
    if not published.exists() and not january_rule(listing.operator):
        return today
    taken = set(published.values_list("effective_from", flat=True))
    year = today.year if not published.exists() else today.year + 1
    while (day := date(year, 1, 1)) in taken:
        year += 1
    return day


def _copied(grid: PriceGrid) -> dict[str, Any]:
    names = ("definition", "list_definition", "vat_category", "vat_rate", "vat_reason", "trial_days")
    return {name: getattr(grid, name) for name in names}


def _record(
    grid: PriceGrid, by: User, now: datetime, what: str, verb: str, details: dict | None = None
) -> None:
    option = f", option « {grid.option} »" if grid.option else ""
    audit.record(
        tenant=grid.listing.operator.organisation,
        actor=by,
        what=f"price_grid.{what}",
        sentence=f"{{actor}} {verb} {grid.listing.sheet.name}{option}.",
        subject_id=grid.pk,
        now=now,
        details=details,
    )
