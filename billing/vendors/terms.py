"""The commission of an operator on what it bills for a vendor: proposed by the one, agreed by the other."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.models import CommissionTerms
from billing.vendors import letters
from catalog.models import Vendor
from catalog.pricing import format_cents, format_percent
from catalog.pricing.money import round_half_up
from tenants import audit
from tenants.models import Operator, User
from tenants.refusals import Refused

YEARS_BACK, YEARS_AHEAD = 10, 2
HIGHEST_VAT = Decimal(30)
MAX_REASON = 200
NO_SUCH_TERMS = "Ces conditions ne sont plus proposées. Rechargez la page."


@dataclass(frozen=True)
class Proposal:
    """What the operator's finance typed; one of `percent` and `per_line_cents`, one of the two VAT fields."""

    since: date
    percent: Decimal | None
    per_line_cents: int | None
    vat_rate: Decimal | None
    vat_reason: str


@transaction.atomic
def propose(
    *, operator: Operator, vendor: Vendor, proposal: Proposal, by: User, now: datetime
) -> CommissionTerms:
    """Terms that the vendor is asked to agree to; those in force go on until it does. Raises Refused, with
    the field to mend."""
    _check(proposal, now)
    terms = CommissionTerms.objects.create(
        tenant_id=vendor.organisation_id,
        operator=operator,
        vendor=vendor,
        since=proposal.since,
        percent=proposal.percent,
        per_line_cents=proposal.per_line_cents,
        vat_rate=proposal.vat_rate,
        vat_reason=proposal.vat_reason,
        proposed_by=by,
        proposed_at=now,
    )
    letters.terms_proposed(terms=terms, now=now)
    _record(terms, "proposed", "a proposé", by=by, now=now, in_operator=True)
    return terms


@transaction.atomic
def agree(*, terms: CommissionTerms, by: User, now: datetime) -> None:
    """The vendor agrees. Raises Refused when that was done, or when other terms were proposed since."""
    later = CommissionTerms.objects.filter(
        operator=terms.operator_id, vendor=terms.vendor_id, pk__gt=terms.pk
    )
    rows = CommissionTerms.objects.filter(pk=terms.pk, agreed_at__isnull=True)
    if later.exists() or rows.update(agreed_by=by, agreed_at=now) != 1:
        raise Refused(NO_SUCH_TERMS)
    terms.agreed_by, terms.agreed_at = by, now
    letters.terms_agreed(terms=terms, now=now)
    _record(terms, "agreed", "a accepté", by=by, now=now)


def in_force(agreed: list[CommissionTerms], day: date) -> CommissionTerms | None:
    """Among the agreed terms of one vendor: those of that day, the last agreed of a same day first."""
    known = [one for one in agreed if one.since <= day]
    return max(known, key=lambda one: (one.since, one.pk), default=None)


def commission(terms: CommissionTerms, net_cents: int) -> int:
    """What the operator keeps of one line, in cents, rounded half-up. A share is given back with a credit
    note; an amount by line is for what was invoiced, and stays."""
    if terms.percent is not None:
        return round_half_up(net_cents * terms.percent / 100)
    return terms.per_line_cents if net_cents > 0 else 0


def in_words(terms: CommissionTerms) -> str:
    """ "12,5 % du montant hors taxes de chaque ligne"."""
    if terms.percent is not None:
        return f"{format_percent(terms.percent)} du montant hors taxes de chaque ligne"
    return f"{format_cents(terms.per_line_cents)} par ligne facturée, qu’un avoir ne rend pas"


def vat_in_words(terms) -> str:
    """The vendor's own VAT, of terms or of a statement: "TVA à 20 %", else why there is none."""
    return terms.vat_reason or f"TVA à {format_percent(terms.vat_rate)}"


def _check(proposal: Proposal, now: datetime) -> None:
    years = range(now.year - YEARS_BACK, now.year + YEARS_AHEAD + 1)
    if proposal.since.year not in years:
        raise Refused(f"Vérifiez l’année : de {years[0]} à {years[-1]}.", "since")
    if (proposal.percent is None) == (proposal.per_line_cents is None):
        raise Refused("Indiquez un pourcentage ou un montant par ligne : l’un des deux.", "percent")
    if proposal.percent is not None and not 0 <= proposal.percent <= 100:
        raise Refused("Indiquez un pourcentage de 0 à 100.", "percent")
    if proposal.percent is not None and proposal.percent != round(proposal.percent, 2):
        raise Refused("Deux décimales au plus pour le pourcentage.", "percent")
    if (proposal.vat_rate is None) == (not proposal.vat_reason):
        raise Refused("Indiquez le taux de TVA de l’éditeur, ou pourquoi il n’en facture pas.", "vat_rate")
    if proposal.vat_rate is not None and not 0 < proposal.vat_rate <= HIGHEST_VAT:
        raise Refused(f"Indiquez un taux de TVA de plus de 0 à {HIGHEST_VAT} %.", "vat_rate")
    if len(proposal.vat_reason) > MAX_REASON:
        raise Refused(f"Raccourcissez : {MAX_REASON} signes au plus.", "vat_reason")


def _record(
    terms: CommissionTerms, what: str, did: str, *, by: User, now: datetime, in_operator: bool = False
) -> None:
    """In the log of the vendor, and in that of the operator when it is who acts."""
    vendor, operator = terms.vendor.organisation, terms.operator
    for tenant in [vendor, operator.organisation] if in_operator else [vendor]:
        audit.record(
            tenant=tenant,
            actor=by,
            what=f"vendor.commission_{what}",
            sentence=f"{{actor}} {did} les conditions de commission entre {operator.short_name} et "
            f"{vendor.name} à partir du {terms.since:%d/%m/%Y} : {in_words(terms)}.",
            subject_id=terms.public_id,
            now=now,
        )
