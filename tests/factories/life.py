"""What happens to a request and to a contract after it is made."""

from datetime import date

import factory
from django.core.files.base import ContentFile

from subscriptions.models import Envelope, EnvelopeHold, Reminder
from tests.factories.base import REQUESTED_AT, Factory
from tests.factories.subscriptions import PDF, ApprovalFactory, SubscriptionFactory
from tests.factories.tenants import OrganisationFactory, UserFactory


class ReminderFactory(Factory):
    class Meta:
        model = Reminder

    approval = factory.SubFactory(ApprovalFactory)
    tenant = factory.SelfAttribute("approval.tenant")
    rank = 1
    at = REQUESTED_AT
    people = 1


class EnvelopeFactory(Factory):
    """An envelope of 1 000 € for two years, that rests on a delegation of 2020."""

    class Meta:
        model = Envelope

    tenant = factory.SubFactory(OrganisationFactory)
    number = factory.Sequence(lambda n: n + 1)
    amount_cents = 100_000
    starts_on = date(2025, 11, 1)
    ends_on = date(2027, 11, 1)
    delegation_number = "2020-12"
    delegation_date = date(2020, 7, 3)
    act_number = "D-2025-31"
    act_date = date(2025, 10, 20)
    act_file = factory.LazyFunction(lambda: ContentFile(PDF, name="decision.pdf"))
    signed_by = factory.SubFactory(UserFactory)
    opened_at = REQUESTED_AT


class EnvelopeHoldFactory(Factory):
    class Meta:
        model = EnvelopeHold

    subscription = factory.SubFactory(SubscriptionFactory)
    tenant = factory.SelfAttribute("subscription.tenant")
    envelope = factory.SubFactory(EnvelopeFactory, tenant=factory.SelfAttribute("..tenant"))
    amount_cents = 25_800
    left_before_cents = 100_000
    at = REQUESTED_AT
