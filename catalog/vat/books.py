"""The VAT rules of operators, read once where many prices are computed."""

from django.db.models import Q

from catalog.models.vat import VatDecision, VatEligibility, VatGround, VatRate
from catalog.vat.regimes import DecisionRow, EligibilityRow, Member, RateRow, Regime, Rules, Terms


def rules_of(operator_id: int) -> Rules:
    """Two queries; one more where an exemption depends on the member."""
    rates = VatRate.objects.filter(Q(operator=operator_id) | Q(operator=None)).order_by("pk")
    decisions = VatDecision.objects.filter(operator=operator_id).order_by("pk")
    found = tuple(
        DecisionRow(*row)
        for row in decisions.values_list(
            "nature", "treatment", "ground", "reason", "on_debits", "source", "since", "until"
        )
    )
    eligibilities: tuple[EligibilityRow, ...] = ()
    if any(one.ground == VatGround.SHARED_COSTS for one in found):
        rows = VatEligibility.objects.filter(operator=operator_id).order_by("pk")
        eligibilities = tuple(
            EligibilityRow(*row)
            for row in rows.values_list(
                "kind", "organisation__territory", "eligible", "source", "since", "until"
            )
        )
    return Rules(
        rates=tuple(
            RateRow(zone, level, rate, reason, source, operator is not None, since, until)
            for zone, level, rate, reason, source, operator, since, until in rates.values_list(
                "zone", "level", "rate", "reason", "source", "operator", "since", "until"
            )
        ),
        decisions=found,
        eligibilities=eligibilities,
    )


class RuleBook:
    """The rules by operator, read when they are first asked for. Lives no longer than a request or a job."""

    def __init__(self):
        self._rules: dict[int, Rules] = {}
        self._found: dict[tuple, Regime] = {}

    def of(self, operator_id: int) -> Rules:
        if operator_id not in self._rules:
            self._rules[operator_id] = rules_of(operator_id)
        return self._rules[operator_id]

    def regime(self, operator_id: int, terms: Terms, *, member: Member, on) -> Regime:
        """As `Rules.regime`; the same question is answered once."""
        key = (operator_id, terms, member, on)
        if key not in self._found:
            self._found[key] = self.of(operator_id).regime(terms, member=member, on=on)
        return self._found[key]
