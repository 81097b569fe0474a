"""Terms of subscriptions."""

from datetime import date

import factory

from subscriptions.models import NonRenewal, Side, State, Term, TermOrigin
from tests.factories.base import ACTIVE_FROM, NOW, OPENED_AT, Factory


class TermFactory(Factory):
    """The first year of a subscription that is renewed tacitly three times; `subscription__renewal=` and
    so on for other rules."""

    class Meta:
        model = Term

    subscription = factory.SubFactory(
        "tests.factories.subscriptions.SubscriptionFactory",
        state=State.ACTIVE,
        renewal="tacit",
        term_years=4,
        renewals=3,
    )
    tenant = factory.SelfAttribute("subscription.tenant")
    rank = 0
    starts = ACTIVE_FROM
    ends = date(2027, 1, 1)
    origin = TermOrigin.OPENED
    written_at = OPENED_AT


class NonRenewalFactory(Factory):
    class Meta:
        model = NonRenewal

    term = factory.SubFactory(TermFactory)
    tenant = factory.SelfAttribute("term.tenant")
    side = Side.MEMBER
    by = factory.SubFactory("tests.factories.tenants.UserFactory")
    given_at = NOW
