"""What happens to a request and to a contract after it is made."""

import factory

from subscriptions.models import Reminder
from tests.factories.base import REQUESTED_AT, Factory
from tests.factories.subscriptions import ApprovalFactory


class ReminderFactory(Factory):
    class Meta:
        model = Reminder

    approval = factory.SubFactory(ApprovalFactory)
    tenant = factory.SelfAttribute("approval.tenant")
    rank = 1
    at = REQUESTED_AT
    people = 1
