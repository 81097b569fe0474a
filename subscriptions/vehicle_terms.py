"""Making and changing an operator's purchasing vehicles."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.timezone import localdate

from subscriptions.exceptions import TermsInvalid
from subscriptions.models import (
    RENEWED,
    Index,
    LegalBasis,
    PurchasingVehicle,
    Renewal,
    RevisionDay,
    Subscription,
)
from subscriptions.models.renewal import MOST_NOTICE_DAYS
from subscriptions.models.revision import CLAUSE
from tenants import audit
from tenants.identifiers import BadIdentifier, clean_siren
from tenants.members.adhesions import members_of
from tenants.models import Operator, Organisation, User

TERM_YEARS = range(1, 11)
HUNDRED = 100


@dataclass(frozen=True)
class VehicleTerms:
    """What an operator says of a vehicle. `ends_on`: the first day without it; `coordinator`: its SIREN, or
    nothing."""

    name: str
    legal_basis: str
    deliberation_required: bool
    separate_approver: bool
    term_years: int
    starts_on: date | None
    ends_on: date | None
    coordinator: str
    renewal: str = Renewal.OPEN
    renewals: int = 0
    notice_days: int = 60
    revision_index: str = ""
    revision_base_month: date | None = None
    revision_fixed_percent: Decimal = Decimal(15)
    revision_cap_percent: Decimal | None = None
    revision_day: str = RevisionDay.JANUARY
    operator_approves: bool = False
    vendor_approves: bool = False


@transaction.atomic
def make_vehicle(*, operator: Operator, terms: VehicleTerms, by: User, now: datetime) -> PurchasingVehicle:
    """A new vehicle, without any listing. Raises TermsInvalid with every mistake found."""
    vehicle = PurchasingVehicle(operator=operator)
    _fill(vehicle, terms, now=now)
    vehicle.save()
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="vehicle.made",
        sentence=f"{{actor}} a créé le cadre d’achat « {vehicle.name} ».",
        subject_id=vehicle.pk,
        now=now,
        details=_facts(vehicle),
    )
    return vehicle


@transaction.atomic
def change_vehicle(*, vehicle: PurchasingVehicle, terms: VehicleTerms, by: User, now: datetime) -> None:
    """Other terms, for the subscriptions to come. Raises TermsInvalid with every mistake found. Nothing is
    recorded when nothing changes. The tenant scope holds the operator's members."""
    vehicle = PurchasingVehicle.objects.select_for_update().get(pk=vehicle.pk)
    before = _facts(vehicle)
    _fill(vehicle, terms, now=now)
    changes = {
        name: [before[name], after] for name, after in _facts(vehicle).items() if before[name] != after
    }
    if not changes:
        return
    if "legal_basis" in changes and _is_used(vehicle):
        raise TermsInvalid(
            {
                "legal_basis": "Ce cadre a déjà des lots ou des abonnements : son fondement ne change plus. "
                "Créez un autre cadre d’achat."
            }
        )
    vehicle.save()
    audit.record(
        tenant=vehicle.operator.organisation,
        actor=by,
        what="vehicle.changed",
        sentence=f"{{actor}} a modifié le cadre d’achat « {vehicle.name} ».",
        subject_id=vehicle.pk,
        now=now,
        changes=changes,
    )


def _fill(vehicle: PurchasingVehicle, terms: VehicleTerms, *, now: datetime) -> None:
    errors = {}
    if not terms.name.strip():
        errors["name"] = "Donnez un nom au cadre d’achat."
    if terms.legal_basis not in LegalBasis:
        errors["legal_basis"] = "Choisissez le fondement."
    if terms.term_years not in TERM_YEARS:
        errors["term_years"] = "L’engagement dure de 1 à 10 ans, reconductions comprises."
    errors |= _renewal_mistakes(terms) | _revision_mistakes(terms)
    if terms.starts_on and terms.ends_on and terms.ends_on <= terms.starts_on:
        errors["ends_on"] = "Le dernier jour vient avant le premier."
    coordinator = None
    if terms.coordinator.strip():
        try:
            coordinator = _coordinator(vehicle.operator, terms, on=localdate(now))
        except (BadIdentifier, ValueError) as problem:
            errors["coordinator"] = str(problem)
    if errors:
        raise TermsInvalid(errors)
    vehicle.name, vehicle.coordinator = terms.name.strip(), coordinator
    for name in (
        "legal_basis",
        "deliberation_required",
        "separate_approver",
        "term_years",
        "starts_on",
        "ends_on",
        "renewal",
        "renewals",
        "notice_days",
        "operator_approves",
        "vendor_approves",
        *CLAUSE,
    ):
        setattr(vehicle, name, getattr(terms, name))


def _renewal_mistakes(terms: VehicleTerms) -> dict[str, str]:
    errors = {}
    if terms.renewal not in Renewal:
        errors["renewal"] = "Choisissez ce qui se passe à la fin d’une période."
    elif terms.renewal in RENEWED and not terms.renewals:
        errors["renewals"] = "Indiquez combien de fois l’abonnement se reconduit au plus."
    elif terms.renewal not in RENEWED and terms.renewals:
        errors["renewals"] = "Sans reconduction, écrivez 0."
    elif terms.term_years in TERM_YEARS and terms.term_years % (terms.renewals + 1):
        errors["renewals"] = (
            f"{terms.term_years} ans ne se partagent pas en {terms.renewals + 1} périodes d’années entières "
            ": corrigez la durée d’engagement ou les reconductions."
        )
    if not 0 <= terms.notice_days <= MOST_NOTICE_DAYS:
        errors["notice_days"] = f"Le préavis va de 0 à {MOST_NOTICE_DAYS} jours."
    return errors


def _revision_mistakes(terms: VehicleTerms) -> dict[str, str]:
    errors = {}
    if terms.revision_index and terms.revision_index not in Index:
        errors["revision_index"] = "Choisissez un indice de la liste."
    if terms.revision_index and terms.revision_base_month is None:
        errors["revision_base_month"] = "Indiquez le mois de l’indice de base."
    if not terms.revision_index and terms.revision_base_month is not None:
        errors["revision_index"] = "Choisissez l’indice, ou videz le mois de base."
    if not 0 <= terms.revision_fixed_percent < HUNDRED:
        errors["revision_fixed_percent"] = "La part fixe va de 0 à 99,99 %."
    if terms.revision_cap_percent is not None and not 0 <= terms.revision_cap_percent < HUNDRED:
        errors["revision_cap_percent"] = "La hausse maximale va de 0 à 99,99 %."
    if terms.revision_day not in RevisionDay:
        errors["revision_day"] = "Choisissez quand le prix se révise."
    return errors


def _coordinator(operator: Operator, terms: VehicleTerms, *, on: date) -> Organisation:
    siren = clean_siren(terms.coordinator)
    if terms.legal_basis != LegalBasis.GROUPEMENT:
        raise ValueError("Seul un groupement de commandes a un coordonnateur : laissez ce champ vide.")
    if siren == operator.organisation.siren:
        return operator.organisation
    found = members_of(operator=operator, on=on).filter(siren=siren).first()
    if found is None:
        raise ValueError("Le coordonnateur est l’opérateur ou l’un de ses adhérents : ce SIREN n’en est pas.")
    return found


def _facts(vehicle: PurchasingVehicle) -> dict:
    return {
        "name": vehicle.name,
        "legal_basis": str(vehicle.legal_basis),
        "deliberation_required": vehicle.deliberation_required,
        "separate_approver": vehicle.separate_approver,
        "operator_approves": vehicle.operator_approves,
        "vendor_approves": vehicle.vendor_approves,
        "term_years": vehicle.term_years,
        "renewal": str(vehicle.renewal),
        "renewals": vehicle.renewals,
        "notice_days": vehicle.notice_days,
        **{name: _kept(getattr(vehicle, name)) for name in CLAUSE},
        "starts_on": vehicle.starts_on and vehicle.starts_on.isoformat(),
        "ends_on": vehicle.ends_on and vehicle.ends_on.isoformat(),
        "coordinator": vehicle.coordinator.siren if vehicle.coordinator else "",
    }


def _kept(value):
    """JSON-safe."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else value


def _is_used(vehicle: PurchasingVehicle) -> bool:
    return vehicle.lots.exists() or Subscription.objects.filter(vehicle=vehicle).exists()
