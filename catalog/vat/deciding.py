"""What an operator's finance decides of VAT: one regime by nature of line, who is eligible to an exemption,
and a rate of its own where its tax office says otherwise. Dated, with its proof, never rewritten: a row that
follows ends the one before, one for the same day takes its place.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import models, transaction

from catalog.models.vat import (
    LineNature,
    VatDecision,
    VatEligibility,
    VatGround,
    VatLevel,
    VatRate,
    VatTreatment,
    VatZone,
)
from catalog.pricing import format_date, format_percent
from catalog.vat.signals import vat_decided
from tenants import audit
from tenants.models import Operator, Organisation, User
from tenants.models.territory import TerritoryKind
from tenants.operators.vat_positions import check_proof

MAX_SOURCE, MAX_REASON = 300, 200
LOWEST_RATE, HIGHEST_RATE = Decimal("0.9"), Decimal(99)

# Printed on the invoices (BT-120); article 261 B wants the exact share of common expenses.
REASONS = {
    VatGround.SHARED_COSTS: "Exonération de TVA, article 261 B du CGI : part exacte des dépenses communes "
    "incombant à chaque membre",
    VatGround.FRANCHISE: "TVA non applicable, article 293 B du CGI",
    VatGround.PUBLIC_BODY: "Activité hors champ de la TVA, article 256 B du CGI",
}


class Choice(models.TextChoices):
    """What may be decided for a nature of line."""

    TAXED = "taxed", "Avec TVA"
    ON_DEBITS = "on_debits", "Avec TVA, d’après les débits (sur option)"
    SHARED_COSTS = "shared_costs", "Sans TVA : exonéré, article 261 B du CGI (services partagés)"
    FRANCHISE = "franchise", "Sans TVA : franchise en base, article 293 B du CGI"
    PUBLIC_BODY = "public_body", "Sans TVA : hors champ, article 256 B du CGI"
    UNDECIDED = "undecided", "On ne sait pas encore : la réponse des impôts est attendue"


_MEANS: dict[str, tuple[str, str, bool]] = {
    Choice.TAXED: (VatTreatment.TAXED, "", False),
    Choice.ON_DEBITS: (VatTreatment.TAXED, "", True),
    Choice.SHARED_COSTS: (VatTreatment.EXEMPT, VatGround.SHARED_COSTS, False),
    Choice.FRANCHISE: (VatTreatment.EXEMPT, VatGround.FRANCHISE, False),
    Choice.PUBLIC_BODY: (VatTreatment.OUT_OF_SCOPE, VatGround.PUBLIC_BODY, False),
    Choice.UNDECIDED: (VatTreatment.UNDECIDED, "", False),
}


class VatInvalid(Exception):
    """What was given cannot be kept: `errors` holds {field: French sentence}; nothing was written."""

    def __init__(self, errors: dict[str, str]):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


@dataclass(frozen=True)
class Proof:
    """From which day, and what proves it."""

    since: date | None
    source: str


@transaction.atomic
def decide(
    *, operator: Operator, nature: str, choice: str, proof: Proof, by: User, now: datetime
) -> VatDecision:
    """One regime for a nature of line from a day on. Raises VatInvalid (nature, choice, since, source)."""
    errors = {}
    if nature not in LineNature.values:
        errors["nature"] = "Choisissez ce que vous facturez."
    if choice not in Choice.values:
        errors["choice"] = "Choisissez avec ou sans TVA."
    source = _checked(proof, now, errors)
    treatment, ground, on_debits = _MEANS[choice]
    decision = VatDecision(
        operator=operator,
        nature=nature,
        treatment=treatment,
        ground=ground,
        reason=REASONS[ground] if ground else "",
        on_debits=on_debits,
        since=proof.since,
        source=source,
        decided_by=by,
        decided_at=now,
    )
    _succeed(decision, VatDecision.objects.filter(operator=operator, nature=nature))
    words = f"{decision.get_nature_display()} : {Choice(choice).label}"
    _tell(decision, words, by=by, now=now)
    return decision


@transaction.atomic
def say_eligible(
    *,
    operator: Operator,
    who: str | Organisation,
    eligible: bool,
    proof: Proof,
    by: User,
    now: datetime,
) -> VatEligibility:
    """Whether the exemption of article 261 B reaches the members of a kind of territory, or one member, from
    a day on. Raises VatInvalid (who, since, source)."""
    errors = {}
    one = who if isinstance(who, Organisation) else None
    if one is None and who not in TerritoryKind.values:
        errors["who"] = "Choisissez de quels adhérents il s’agit."
    elif one is not None and one.territory_id is None:
        errors["who"] = "Cet adhérent n’est rattaché à aucun territoire : Halle ne sait pas le facturer."
    source = _checked(proof, now, errors)
    row = VatEligibility(
        operator=operator,
        kind="" if one else who,
        organisation=one,
        eligible=eligible,
        since=proof.since,
        source=source,
    )
    same = {"organisation": one} if one else {"kind": who, "organisation": None}
    _succeed(row, VatEligibility.objects.filter(operator=operator, **same))
    named = one.name if one else f"adhérents de type « {TerritoryKind(who).label} »"
    words = f"{named}, {'éligibles' if eligible else 'non éligibles'} à l’exonération de l’article 261 B"
    _tell(row, words, by=by, now=now)
    return row


@transaction.atomic
def set_rate(
    *, operator: Operator, zone: str, rate: Decimal, reason: str, proof: Proof, by: User, now: datetime
) -> VatRate:
    """The normal rate of a territory for this operator from a day on, in percent; 0 with the reason why the
    tax does not apply. Raises VatInvalid (zone, rate, reason, since, source)."""
    errors, reason = {}, " ".join(reason.split())
    if zone not in VatZone.values:
        errors["zone"] = "Choisissez le territoire."
    if rate and not LOWEST_RATE <= rate <= HIGHEST_RATE:
        errors["rate"] = "Écrivez le taux en pour cent, par exemple 8,5 ; ou 0 sans TVA."
    elif rate != round(rate, 2):
        errors["rate"] = "Deux décimales au plus."
    if not rate and not reason:
        errors["reason"] = "Dites pourquoi la TVA ne s’applique pas : ce motif figure sur les factures."
    elif rate and reason:
        errors["reason"] = "Un taux ne porte pas de motif : effacez l’un des deux."
    elif len(reason) > MAX_REASON:
        errors["reason"] = f"C’est trop long : {MAX_REASON} caractères au plus."
    source = _checked(proof, now, errors)
    row = VatRate(
        operator=operator,
        zone=zone,
        level=VatLevel.NORMAL,
        rate=rate,
        reason=reason,
        since=proof.since,
        source=source,
    )
    _succeed(row, VatRate.objects.filter(operator=operator, zone=zone, level=VatLevel.NORMAL))
    _tell(row, f"{VatZone(zone).label} : {format_percent(rate)}", by=by, now=now)
    return row


def _checked(proof: Proof, now: datetime, errors: dict[str, str]) -> str:
    """The source, tidied. Raises VatInvalid with all that is wrong."""
    source, wrong = check_proof(since=proof.since, source=proof.source, longest=MAX_SOURCE, now=now)
    if errors or wrong:
        raise VatInvalid(errors | wrong)
    return source


def _succeed(row: VatDecision | VatEligibility | VatRate, same: models.QuerySet) -> None:
    """Writes the row among the others of the `same` thing, until the next one begins: the one in force on its
    first day ends there, wholly where it began that day."""
    # Two people at once: the second waits, then sees the first.
    Operator.objects.select_for_update(of=("self",), no_key=True).get(pk=row.operator_id)
    holding = same.filter(since__lte=row.since).exclude(until__lte=row.since)
    before = holding.order_by("-since").first()
    following = same.filter(since__gt=row.since).exclude(until=models.F("since")).order_by("since").first()
    if before is not None:
        before.until = row.since
        before.save(update_fields=["until"])
    row.until = following.since if following else None
    row.save(force_insert=True)


def _tell(row: VatDecision | VatEligibility | VatRate, words: str, *, by: User, now: datetime) -> None:
    audit.record(
        tenant=row.operator.organisation,
        actor=by,
        what="operator.vat_decided",
        sentence=f"{{actor}} a décidé de la TVA de {row.operator.short_name} depuis le "
        f"{format_date(row.since)} : {words}.",
        subject_id=row.pk,
        now=now,
        details={"since": row.since.isoformat(), "source": row.source},
    )
    vat_decided.send(sender=type(row), operator=row.operator, since=row.since, now=now)
