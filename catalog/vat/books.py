"""The VAT rules of operators, read once where many prices are computed."""

from datetime import date

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
        self._changes: dict[tuple, list[date]] = {}

    def of(self, operator_id: int) -> Rules:
        if operator_id not in self._rules:
            self._rules[operator_id] = rules_of(operator_id)
        return self._rules[operator_id]

    def regime(self, operator_id: int, terms: Terms, *, member: Member, on: date) -> Regime:
        """As `Rules.regime`; the same question is answered once."""
        rules, alike = self.looking_at(operator_id, member)
        key = (operator_id, terms, alike, on)
        if key not in self._found:
            self._found[key] = rules.regime(terms, member=alike, on=on)
        return self._found[key]

    def changes_within(
        self, operator_id: int, terms: Terms, *, member: Member, start: date, end: date
    ) -> list[date]:
        """As `Rules.changes_within`; the same question is answered once."""
        rules, alike = self.looking_at(operator_id, member)
        key = (operator_id, terms, alike, start, end)
        if key not in self._changes:
            self._changes[key] = rules.changes_within(terms, member=alike, start=start, end=end)
        return self._changes[key]

    def looking_at(self, operator_id: int, member: Member) -> tuple[Rules, Member]:
        """The rules, and the member as they look at it: one of its kind and zone, where none names it."""
        rules = self.of(operator_id)
        return rules, member if rules.eligibilities else Member(member.kind, member.zone)
