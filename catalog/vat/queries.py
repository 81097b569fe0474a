"""Reads for the page of an operator's VAT."""

from django.db.models import F, Q

from catalog.models.vat import VatDecision, VatEligibility, VatRate
from tenants.models import Operator, Organisation


def decisions_of(operator: Operator) -> list[VatDecision]:
    """The newest first within each nature, those whose place another took included."""
    return list(operator.vat_decisions.order_by("nature", "-since", "-pk"))


def eligibilities_of(operator: Operator) -> list[VatEligibility]:
    """The kinds first, then the members by name, the newest first."""
    rows = VatEligibility.objects.filter(operator=operator).select_related("organisation")
    return list(rows.order_by(F("organisation__name").asc(nulls_first=True), "kind", "-since", "-pk"))


def rates_of(operator: Operator) -> list[VatRate]:
    """Those of all, and the operator's own, the newest first within each territory."""
    rows = VatRate.objects.filter(Q(operator=None) | Q(operator=operator))
    return list(rows.order_by("zone", "level", F("operator").desc(nulls_last=True), "-since", "-pk"))


def member_of(operator: Operator, *, siren: str) -> Organisation | None:
    """The member of that SIREN, None where none adheres."""
    found = Organisation.objects.filter(siren=siren, adhesions__operator=operator)
    return found.distinct().first()
