"""Proposals made at the same moment never ask for more than the whole together."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.base import ContentFile
from django.db import transaction

from subscriptions import paying
from subscriptions.exceptions import ShareRefused
from subscriptions.models import PayerShare, ShareKind, ShareSide, State
from subscriptions.paying import Convention, Terms
from tenants.tenancy import tenant_scope
from tests.factories import AdhesionFactory, OrganisationFactory, SubscriptionFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 8


def test_proposals_at_once_stay_within_the_whole():
    held = SubscriptionFactory(state=State.ACTIVE)
    payers = OrganisationFactory.create_batch(THREADS)
    for payer in payers:
        AdhesionFactory(operator=held.operator, organisation=payer)
    by = UserFactory()

    def proposal(payer):
        def run():
            with transaction.atomic(), tenant_scope([held.tenant_id]):
                return paying.propose(
                    subscription=held,
                    payer=payer,
                    kind=ShareKind.COFINANCING,
                    terms=Terms(Decimal(30), None, date(2027, 1, 1), None),
                    convention=Convention("C-1", date(2026, 9, 1), ContentFile(b"%PDF-1.7", name="c.pdf")),
                    side=ShareSide.SUBSCRIBER,
                    by=by,
                    public_id=uuid.uuid4(),
                    now=NOW,
                )

        return run

    results = at_once(*(proposal(payer) for payer in payers))
    made = [result for result in results if isinstance(result, PayerShare)]
    refused = [result for result in results if isinstance(result, ShareRefused)]
    assert (len(made), len(refused)) == (3, THREADS - 3)
    with as_worker():
        assert PayerShare.objects.filter(subscription=held).count() == 3
