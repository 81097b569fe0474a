"""A transfer of contract meets what is under way: a request, the vendor's word, another worker."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from subscriptions import approving, chain
from subscriptions.exceptions import WrongState
from subscriptions.models import ApprovalState, Party, Subscription, VendorAccess
from subscriptions.transfers import taking_effect
from tenants.tenancy import tenant_scope
from tests.factories import (
    ContractTransferFactory,
    ListingFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def apply():
    with as_worker():
        return taking_effect.apply_due(now=NOW)


def copied(held: Subscription, tenant) -> Subscription:
    """A new request for the same listing, as `requesting` writes it: the row first, then who may read it."""
    fields = {f.attname: getattr(held, f.attname) for f in Subscription._meta.concrete_fields}
    del fields["id"], fields["public_id"], fields["request_key"]
    return Subscription(**{**fields, "tenant_id": tenant.pk, "public_id": uuid4(), "request_key": uuid4()})


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def transfer(listing):
    return ContractTransferFactory(listing=listing, state="signed")


@pytest.fixture
def held(listing):
    return SubscriptionFactory(listing=listing)


def holder(subscription) -> int:
    with as_worker():
        return VendorAccess.objects.get(subscription=subscription).tenant_id


def in_a_thread(run):
    done = threading.Event()

    def whole():
        try:
            run()
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=whole)
    thread.start()
    return thread, done


def test_a_request_under_way_is_finished_and_passes(held, transfer):
    other = SubscriptionFactory().tenant
    with as_worker(), transaction.atomic():
        new = copied(held, other)
        new.save(force_insert=True)
        chain.show_to_vendor(subscription=new)
        thread, done = in_a_thread(apply)
        assert not done.wait(1.0)
    thread.join(30)
    assert holder(new) == transfer.to_vendor.organisation_id


def test_a_request_that_comes_while_it_passes_is_the_new_vendor_s(held, transfer):
    other = SubscriptionFactory().tenant
    new = copied(held, other)

    def request():
        with as_worker(), transaction.atomic():
            # Loaded before: it still says the old vendor.
            assert new.listing.vendor == transfer.from_vendor
            new.save(force_insert=True)
            chain.show_to_vendor(subscription=new)

    with as_worker(), transaction.atomic():
        assert new.listing.vendor == transfer.from_vendor
        assert taking_effect.apply_due(now=NOW) == 1
        thread, done = in_a_thread(request)
        assert not done.wait(1.0)
    thread.join(30)
    assert holder(new) == transfer.to_vendor.organisation_id


def test_the_old_vendor_s_word_comes_too_late():
    listing = ListingFactory(vehicle__vendor_approves=True)
    transfer = ContractTransferFactory(listing=listing, state="signed")
    held = SubscriptionFactory(listing=listing)
    with as_worker():
        held.approvals.filter(party=Party.MEMBER).update(state=ApprovalState.GIVEN, by=UserFactory(), at=NOW)
    person, refused = UserFactory(), []

    def agree():
        with transaction.atomic(), tenant_scope([transfer.from_vendor.organisation_id, held.tenant_id]):
            try:
                approving.agree(subscription=held, party=Party.VENDOR, by=person, now=NOW)
            except WrongState as error:
                refused.append(str(error))

    with as_worker(), transaction.atomic():
        assert taking_effect.apply_due(now=NOW) == 1
        thread, done = in_a_thread(agree)
        assert not done.wait(1.0)
    thread.join(30)
    assert "un autre éditeur" in refused[0]
    with as_worker():
        assert held.approvals.get(party=Party.VENDOR).state == ApprovalState.WAITING


def test_of_several_workers_one_carries_it_out(held, transfer):
    assert sorted(at_once(apply, apply, apply)) == [0, 0, 1]
    assert holder(held) == transfer.to_vendor.organisation_id
