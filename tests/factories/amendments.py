"""Amendments of contracts, and values of indices."""

from datetime import date
from decimal import Decimal

import factory

from subscriptions.models import (
    Amendment,
    AmendmentKind,
    AmendmentState,
    Index,
    IndexValue,
    ModificationLimit,
    State,
)
from tests.factories.base import NOW, Factory


class AmendmentFactory(Factory):
    """Words alone, proposed; `coefficient=` a revision of the price, approved."""

    class Meta:
        model = Amendment

    subscription = factory.SubFactory("tests.factories.subscriptions.SubscriptionFactory", state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    number = factory.Sequence(lambda n: n + 1)
    kind = factory.LazyAttribute(lambda o: AmendmentKind.INDEXATION if o.coefficient else AmendmentKind.OTHER)
    state = factory.LazyAttribute(
        lambda o: AmendmentState.APPROVED if o.coefficient else AmendmentState.PROPOSED
    )
    coefficient = None
    effective_on = date(2026, 11, 1)
    text = "Adresse de livraison."
    quote_before = factory.SelfAttribute("subscription.quote")
    quote_after = factory.SelfAttribute("subscription.quote")
    cents_before = factory.SelfAttribute("subscription.yearly_cents")
    cents_after = factory.SelfAttribute("subscription.yearly_cents")
    requested_by = factory.SubFactory("tests.factories.tenants.UserFactory")
    requested_at = NOW


class IndexValueFactory(Factory):
    class Meta:
        model = IndexValue

    operator = factory.SubFactory("tests.factories.tenants.OperatorFactory")
    index = Index.SYNTEC
    month = date(2025, 9, 1)
    value = Decimal("310.2")
    source = "Fédération Syntec"
    recorded_at = NOW


class ModificationLimitFactory(Factory):
    class Meta:
        model = ModificationLimit

    percent = Decimal(10)
    in_force_from = date(2026, 4, 1)
    source = "Essai"
