"""Two people who record the same operator's account at Chorus Pro at once."""

from datetime import date

import pytest
from django.db import transaction

from billing.models import SendingAccount
from billing.sending.accounts import AccountStatement, set_account
from tenants.tenancy import tenant_scope
from tests.factories import OperatorFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once


@pytest.mark.django_db(transaction=True)
def test_the_second_of_two_first_accounts_replaces_the_first():
    operator, people = OperatorFactory(), [UserFactory() for _ in range(4)]

    def recording(number, person):
        statement = AccountStatement(f"TECH_{number}@cpro.fr", "secret", "client", "secret", date(2026, 1, 1))

        def record():
            with transaction.atomic(), tenant_scope([operator.organisation_id]):
                return set_account(operator=operator, statement=statement, by=person, now=NOW).login

        return record

    logins = at_once(*[recording(number, person) for number, person in enumerate(people)])
    assert sorted(logins) == [f"TECH_{number}@cpro.fr" for number in range(4)]
    with as_worker():
        assert SendingAccount.objects.get().login in logins
