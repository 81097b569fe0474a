"""`kill -9` on real worker processes: nothing is lost, nothing is done twice.

The rows' clocks are set back where minutes would have to pass; HALLE_REAL_WAITING=1 waits for them.
"""

import random

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone
from django.utils.timezone import localdate

from provisioning.models import Call, Step, StepState
from subscriptions import operations as subscriptions
from subscriptions.models import State, Subscription
from tests.concurrency.gate import gate_to
from tests.concurrency.worker_process import WorkerProcess
from tests.demo.test_broker import broker
from tests.factories import EndpointFactory, OperatorFactory, SubscriptionFactory, UserFactory
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db(transaction=True)

SERVICES = 6


@pytest.fixture
def provisioner(tmp_path):
    process = WorkerProcess(tmp_path, ("provision",))
    yield process
    process.close()


@pytest.fixture
def vendor(tmp_path):
    """The demo vendor's broker, a real process, behind a gate."""
    with broker(tmp_path, delay="0.2") as client, gate_to(client.base_url) as gate:
        gate.known = client.known
        yield gate


def test_a_worker_killed_while_opening_services_opens_each_once(vendor, provisioner):
    operator = OperatorFactory()
    requests = SubscriptionFactory.create_batch(SERVICES, listing__operator=operator)
    for request in requests:
        EndpointFactory(offer=request.listing.offer, osb=True, url=vendor.url)
    with as_worker():
        for request in requests:
            subscriptions.approve(
                subscription=request, approved_by=UserFactory(), number="2026-7",
                date=localdate(), file=ContentFile(PDF, name="acte.pdf"), now=timezone.now(),
            )  # fmt: skip

        provisioner.start()
        for where in ("before", "after"):
            vendor.hold_next_put(where)
            provisioner.kill_when(vendor.held.is_set)
        for _ in range(3):
            provisioner.kill_when_grown(Call.objects.all(), by=random.randint(1, 3), at_most=3 * SERVICES)
        provisioner.wait_until(lambda: not Step.objects.exclude(state=StepState.DONE).exists())

        assert provisioner.kills == 5
        opened = Subscription.objects.filter(state=State.ACTIVE)
        assert opened.count() == SERVICES
        for subscription in opened:
            [step] = Step.objects.filter(run__subscription=subscription)
            assert subscription.transitions.filter(after=State.ACTIVE).count() == 1
            assert subscription.service_url.endswith(f"/instances/{step.key}")
        # What was asked and never answered stays on record.
        assert Call.objects.filter(outcome="").count() >= 2
        instances = vendor.known()
        assert sorted(i["id"] for i in instances) == sorted(step.key for step in Step.objects.all())
        assert {instance["state"] for instance in instances} == {"open"}
