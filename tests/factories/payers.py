"""Who pays beside the subscriber."""

from datetime import date

import factory
from django.core.files.base import ContentFile

from subscriptions.models import (
    RATE,
    CostKey,
    CostKeyRecount,
    KeyMethod,
    PayerAccess,
    PayerShare,
    PayerShareMove,
    ShareKind,
    ShareSide,
    ShareState,
    State,
)
from tests.factories.base import ACTIVE_FROM, REQUESTED_AT, Factory
from tests.factories.subscriptions import PDF, SubscriptionFactory
from tests.factories.tenants import AdhesionFactory, OrganisationFactory, UserFactory


class CostKeyFactory(Factory):
    class Meta:
        model = CostKey

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    method = KeyMethod.EQUAL
    made_by = factory.SubFactory(UserFactory)
    made_at = REQUESTED_AT


class CostKeyRecountFactory(Factory):
    class Meta:
        model = CostKeyRecount

    key = factory.SubFactory(CostKeyFactory)
    tenant = factory.SelfAttribute("key.tenant")
    year = 2027
    why = "Les parts sont les mêmes."
    made_at = REQUESTED_AT


class PayerShareFactory(Factory):
    """40 % of an open subscription, agreed to by another member of its operator; `state=PROPOSED` for one
    that waits, `yearly_cents=` (with `part=None, whole=None`) for an amount."""

    class Meta:
        model = PayerShare

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    payer = factory.SubFactory(OrganisationFactory)
    kind = ShareKind.COFINANCING
    part = 4000
    whole = RATE
    starts = ACTIVE_FROM
    convention_number = "CONV-2026-12"
    convention_date = date(2025, 11, 3)
    convention_file = factory.LazyFunction(lambda: ContentFile(PDF, name="convention.pdf"))
    state = ShareState.AGREED
    proposed_by = factory.SubFactory(UserFactory)
    proposed_at = REQUESTED_AT
    answered_by = factory.Maybe(
        factory.LazyAttribute(lambda o: o.state not in (ShareState.PROPOSED, ShareState.WITHDRAWN)),
        factory.SubFactory(UserFactory),
    )
    answered_at = factory.LazyAttribute(lambda o: REQUESTED_AT if o.answered_by else None)

    @factory.post_generation
    def known(self, create, extracted, **kwargs):
        if extracted is not False:
            PayerAccessFactory(share=self)
            adhesion = {"operator": self.subscription.operator, "organisation": self.payer}
            if not AdhesionFactory._meta.model.objects.filter(**adhesion).exists():
                AdhesionFactory(**adhesion)


class PayerAccessFactory(Factory):
    class Meta:
        model = PayerAccess

    share = factory.SubFactory(PayerShareFactory, known=False)
    tenant = factory.SelfAttribute("share.payer")
    subscriber = factory.SelfAttribute("share.tenant")


class PayerShareMoveFactory(Factory):
    class Meta:
        model = PayerShareMove

    share = factory.SubFactory(PayerShareFactory)
    tenant = factory.SelfAttribute("share.tenant")
    after = ShareState.PROPOSED
    side = ShareSide.SUBSCRIBER
    at = REQUESTED_AT
    by = factory.SubFactory(UserFactory)
