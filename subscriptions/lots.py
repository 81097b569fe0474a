"""Making, changing and publishing the lots of a framework agreement (CCP L2125-1, R2162-1 à 14)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import localdate

from catalog.models import Listing, ListingState, Vendor
from subscriptions.exceptions import LotIncomplete, LotPublished, TermsInvalid
from subscriptions.models import EligibleBuyer, FrameworkLot, LegalBasis, LotHolder, PurchasingVehicle
from tenants import audit
from tenants.days import years_after
from tenants.identifiers import BadIdentifier, clean_siren
from tenants.members.adhesions import members_of
from tenants.models import Operator, Organisation, User

MAX_YEARS = 4
TOLD = 5  # mistakes told at once in a list of buyers
KEPT = (
    "title",
    "ceiling_cents",
    "starts_on",
    "ends_on",
    "duration_reason",
    "renewals",
    "revision_formula",
    "notice_reference",
)


@dataclass(frozen=True)
class LotTerms:
    """What the notice says of a lot. `ends_on`: the first day without it; `holders` by rank."""

    title: str
    ceiling_cents: int
    starts_on: date
    ends_on: date
    listings: tuple[Listing, ...] = ()
    holders: tuple[Vendor, ...] = ()
    buyers: tuple[Organisation, ...] = ()
    duration_reason: str = ""
    renewals: int = 0
    revision_formula: str = ""
    notice_reference: str = ""


def listings_for(operator: Operator):
    """The listings that a lot may hold: all but those withdrawn or refused, in the order of the shelf."""
    gone = (ListingState.WITHDRAWN, ListingState.REFUSED)
    return (
        Listing.objects.filter(operator=operator)
        .exclude(state__in=gone)
        .select_related("offer__product__sheet__vendor__organisation")
        .order_by("position", "pk")
    )


def read_buyers(*, operator: Operator, text: str, on: date) -> tuple[Organisation, ...]:
    """The members whose SIREN are written, one a line. Raises TermsInvalid (`buyers`) with the first mistakes
    and their lines. One query."""
    sirens, problems = {}, []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            sirens.setdefault(clean_siren(line), number)
        except BadIdentifier as problem:
            problems.append((number, problem.message))
    found = {one.siren: one for one in members_of(operator=operator, on=on).filter(siren__in=sirens)}
    problems += [
        (number, f"{siren} n’est pas un de vos adhérents d’aujourd’hui.")
        for siren, number in sirens.items()
        if siren not in found
    ]
    if problems:
        told = [f"Ligne {number} : {sentence}" for number, sentence in sorted(problems)[:TOLD]]
        if len(problems) > TOLD:
            told.append(f"Et {len(problems) - TOLD} autres lignes à corriger.")
        raise TermsInvalid({"buyers": " ".join(told)})
    return tuple(found[siren] for siren in sirens)


@transaction.atomic
def make_lot(*, vehicle: PurchasingVehicle, terms: LotTerms, by: User, now: datetime) -> FrameworkLot:
    """A new lot, numbered after the others; no order until it is published. Raises TermsInvalid."""
    vehicle = PurchasingVehicle.objects.select_for_update().get(pk=vehicle.pk)
    if vehicle.legal_basis != LegalBasis.FRAMEWORK:
        raise TermsInvalid({"title": "Seul un accord-cadre a des lots."})
    last = vehicle.lots.aggregate(last=Max("number"))["last"] or 0
    lot = FrameworkLot(vehicle=vehicle, number=last + 1)
    _keep(lot, terms)
    _record(lot, "lot.made", "a créé", by=by, now=now)
    return lot


@transaction.atomic
def change_lot(*, lot: FrameworkLot, terms: LotTerms, by: User, now: datetime) -> None:
    """Other terms for a lot that is not published. Raises LotPublished, TermsInvalid."""
    lot = _locked(lot)
    if lot.published_on is not None:
        raise LotPublished
    before = _facts(lot)
    _keep(lot, terms)
    changes = {name: [before[name], after] for name, after in _facts(lot).items() if before[name] != after}
    if changes:
        _record(lot, "lot.changed", "a modifié", by=by, now=now, changes=changes)


@transaction.atomic
def publish_lot(*, lot: FrameworkLot, by: User, now: datetime) -> None:
    """The notice is out: terms and buyers are closed, orders open with the first day of validity. Its
    listings may be subscribed to under the agreement. Raises LotPublished, LotIncomplete."""
    lot = _locked(lot)
    if lot.published_on is not None:
        raise LotPublished
    missing = missing_of(lot, on=localdate(now))
    if missing:
        raise LotIncomplete(missing)
    lot.published_on = localdate(now)
    lot.save(update_fields=["published_on"])
    lot.vehicle.listings.add(*lot.listings.all())
    _record(lot, "lot.published", "a publié", by=by, now=now)


def missing_of(lot: FrameworkLot, *, on: date) -> list[str]:
    """What keeps a lot from being published that day, one French sentence each."""
    missing = []
    if not lot.holders.exists():
        missing.append("Nommez au moins un titulaire.")
    if not lot.listings.exists():
        missing.append("Mettez au moins un service dans le lot.")
    if not lot.buyers.exists():
        missing.append("Nommez au moins un acheteur.")
    if lot.ends_on <= on:
        missing.append("Sa validité est déjà finie : corrigez ses dates.")
    return missing


def _locked(lot: FrameworkLot) -> FrameworkLot:
    return (
        FrameworkLot.objects.select_for_update(of=("self",))
        .select_related("vehicle__operator__organisation")
        .get(pk=lot.pk)
    )


def _keep(lot: FrameworkLot, terms: LotTerms) -> None:
    errors = {**_mistakes(terms), **_foreigners(lot, terms)}
    if errors:
        raise TermsInvalid(errors)
    for name in KEPT:
        setattr(lot, name, getattr(terms, name))
    lot.save()
    lot.listings.set(terms.listings)
    lot.holders.all().delete()
    LotHolder.objects.bulk_create(
        LotHolder(lot=lot, vendor=vendor, rank=rank) for rank, vendor in enumerate(terms.holders, start=1)
    )
    wanted = {one.pk for one in terms.buyers}
    named = set(lot.buyers.values_list("organisation", flat=True))
    lot.buyers.filter(organisation__in=named - wanted).delete()
    EligibleBuyer.objects.bulk_create(
        EligibleBuyer(lot=lot, organisation_id=pk) for pk in sorted(wanted - named)
    )


def _mistakes(terms: LotTerms) -> dict[str, str]:
    errors = {}
    if not terms.title.strip():
        errors["title"] = "Dites l’objet du lot."
    if terms.ceiling_cents <= 0:
        errors["ceiling"] = "Le montant maximum est obligatoire, et plus grand que zéro."
    if terms.ends_on <= terms.starts_on:
        errors["ends_on"] = "Le dernier jour vient avant le premier."
    elif terms.ends_on > years_after(terms.starts_on, MAX_YEARS) and not terms.duration_reason.strip():
        errors["duration_reason"] = (
            "Un accord-cadre dure quatre ans au plus, sauf cas exceptionnel : écrivez le motif que donne "
            "l’avis, ou raccourcissez la validité."
        )
    if len(set(terms.holders)) < len(terms.holders):
        errors["holders"] = "Le même titulaire est choisi à deux rangs."
    return errors


def _foreigners(lot: FrameworkLot, terms: LotTerms) -> dict[str, str]:
    """What is another operator's, or in another lot already."""
    errors, operator = {}, lot.vehicle.operator_id
    twice = (
        FrameworkLot.objects.filter(vehicle=lot.vehicle, listings__in=terms.listings)
        .exclude(pk=lot.pk)
        .values_list("number", "listings")
    )
    in_lot = {listing: number for number, listing in twice}
    for listing in terms.listings:
        if listing.operator_id != operator:
            errors["listings"] = "Choisissez des services de votre rayon."
        elif listing.pk in in_lot:
            errors["listings"] = f"« {listing.sheet.name} » est déjà dans le lot {in_lot[listing.pk]}."
    return errors


def _facts(lot: FrameworkLot) -> dict:
    return {
        **{name: getattr(lot, name) for name in KEPT},
        "starts_on": lot.starts_on.isoformat(),
        "ends_on": lot.ends_on.isoformat(),
        "listings": _ids(lot.listings.values_list("pk", flat=True)),
        "holders": list(lot.holders.order_by("rank").values_list("vendor", flat=True)),
        "buyers": _ids(lot.buyers.values_list("organisation", flat=True)),
    }


def _ids(values: Iterable[int]) -> list[int]:
    return sorted(values)


def _record(lot: FrameworkLot, what: str, verb: str, *, by: User, now: datetime, changes=None) -> None:
    audit.record(
        tenant=lot.vehicle.operator.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {verb} le lot {lot.number} de « {lot.vehicle.name} ».",
        subject_id=lot.pk,
        now=now,
        changes=changes,
        details={"title": lot.title, "ceiling_cents": lot.ceiling_cents},
    )
