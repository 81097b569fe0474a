"""What waits for a vendor holds up nothing else: real workers, each with its queues."""

import pytest
from django.utils import timezone

from provisioning import kit_runs
from provisioning.models import KitRun
from tenants import letters
from tenants.models import Letter
from tests.concurrency.worker_process import WorkerProcess
from tests.factories import EndpointFactory, OrganisationFactory, UserFactory
from tests.fakes.broker import failing_broker
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workers(tmp_path):
    """The everyday worker, and the one that waits for vendors."""
    started = []
    for name, command in (("short", ("work",)), ("vendors", ("work", "--vendors"))):
        (tmp_path / name).mkdir()
        started.append(WorkerProcess(tmp_path / name, command))
    yield started
    for process in started:
        process.close()


def write(number: int) -> Letter:
    return letters.write(
        tenant=OrganisationFactory(),
        key=f"test:{number}",
        to="claire@commune.example",
        subject="Un service est ouvert",
        body="Bonjour",
        now=timezone.now(),
    )


def test_a_letter_goes_out_while_the_kit_runs(workers):
    short, vendors = workers
    with failing_broker() as broker, as_worker():
        broker.pause = 5  # at each of its hundred answers
        endpoint = EndpointFactory(osb=True, url=broker.url, proved=False)
        vendor = endpoint.offer.partner.vendor.organisation
        run = kit_runs.ask_run(
            endpoint=endpoint, service="Cantine", by=UserFactory(), on_behalf_of=vendor, now=timezone.now()
        )
        short.start()
        letter = write(1)
        short.wait_until(lambda: Letter.objects.get(pk=letter.pk).sent_at is not None)
        assert KitRun.objects.get(pk=run.pk).attempts == 0

        vendors.start()
        vendors.wait_until(lambda: KitRun.objects.get(pk=run.pk).attempts == 1)
        letter = write(2)
        short.wait_until(lambda: Letter.objects.get(pk=letter.pk).sent_at is not None)
        assert KitRun.objects.get(pk=run.pk).finished_at is None
