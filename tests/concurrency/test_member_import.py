"""Two files at once, two answers at once, two imports of the same bodies, and workers killed at work."""

import random

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from tenants.member_imports import operations
from tenants.member_imports.states import ImportOpen, WrongImportState
from tenants.models import (
    Adhesion,
    AuditEvent,
    ImportState,
    MemberImport,
    MemberImportRow,
    Organisation,
    Territory,
)
from tenants.tenancy import tenant_scope
from tests.concurrency.worker_process import WorkerProcess
from tests.factories import MemberImportFactory, MemberImportRowFactory, OperatorFactory, UserFactory
from tests.factories.base import NOW
from tests.factories.tenants import siren, siret
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

MEMBERS = 4000
HEADER = "SIRET;Date d’adhésion\n"


def upload(content: str = HEADER) -> SimpleUploadedFile:
    return SimpleUploadedFile("membres.csv", content.encode())


def in_scope(operator, verb, /, **values):
    """What a page does: one operation in a transaction, inside the operator's scope."""

    def run():
        with transaction.atomic(), tenant_scope([operator.organisation_id]):
            return verb(**values)

    return run


def test_of_several_files_at_once_one_is_taken():
    operator, person = OperatorFactory(), UserFactory()
    results = at_once(
        *(
            in_scope(
                operator, operations.send_file, operator=operator, file=upload(), sent_by=person, now=NOW
            )
            for _ in range(4)
        )
    )
    [kept] = [result for result in results if isinstance(result, MemberImport)]
    refusals = [result for result in results if isinstance(result, ImportOpen)]
    assert len(refusals) == 3
    assert {refusal.open_import for refusal in refusals} == {kept}
    with as_worker():
        assert MemberImport.objects.count() == 1


def test_of_yes_and_no_at_once_one_is_heard():
    found = MemberImportFactory(state="ready")
    MemberImportRowFactory(member_import=found)
    person = UserFactory()
    results = at_once(
        *(
            in_scope(found.operator, verb, member_import=copy, by=person, now=NOW)
            for verb in (operations.confirm, operations.abandon)
            for copy in _copies(found, 2)
        )
    )
    assert [type(result) for result in results].count(WrongImportState) == 3
    with as_worker():
        events = AuditEvent.objects.filter(what__startswith="member_import.")
        assert events.count() == 1


def _copies(found: MemberImport, count: int) -> list[MemberImport]:
    with as_worker():
        return [MemberImport.objects.select_related("operator").get(pk=found.pk) for _ in range(count)]


def test_two_operators_import_the_same_new_bodies_at_once():
    numbers = register(60)
    content = HEADER + "".join(f"{siret(number)};01/01/2026\n" for number in numbers)
    person = UserFactory()
    with as_worker():
        found = [
            operations.send_file(operator=operator, file=upload(content), sent_by=person, now=NOW)
            for operator in OperatorFactory.create_batch(2)
        ]
        for one in found:
            operations.read(import_id=one.pk, now=NOW)
            one.refresh_from_db()
            operations.confirm(member_import=one, by=person, now=NOW)
    results = at_once(*(applying(one) for one in found))
    assert results == [None, None]
    with as_worker():
        assert Organisation.objects.filter(siren__in=numbers).count() == 60
        assert Adhesion.objects.count() == 120
        assert AuditEvent.objects.filter(what="organisation.registered").count() == 60


def applying(found: MemberImport):
    def run():
        with as_worker():
            operations.apply(import_id=found.pk, now=NOW)

    return run


def register(count: int) -> list[str]:
    """SIREN of so many communes that only the register knows."""
    numbers = [siren(2_000_000 + number) for number in range(count)]
    with as_worker():
        Territory.objects.bulk_create(
            Territory(
                kind="commune", code=f"{number:05d}", siren=code, name=f"Ville {number}",
                name_key=f"ville {number}", departement="35", cog_year=2026,
            )
            for number, code in enumerate(numbers)
        )  # fmt: skip
    return numbers


@pytest.fixture
def worker(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
    }
    process = WorkerProcess(tmp_path)
    yield process
    process.close()


def test_a_worker_killed_while_importing_applies_each_row_once(worker):
    operator, person = OperatorFactory(), UserFactory()
    numbers = register(MEMBERS)
    content = HEADER + "".join(f"{siret(number)};01/01/2026\n" for number in numbers)
    with as_worker():
        found = operations.send_file(
            operator=operator, file=upload(content), sent_by=person, now=timezone.now()
        )
        rows = MemberImportRow.objects.all()

        worker.start()
        for _ in range(3):
            worker.kill_when_grown(rows, by=random.randint(1, 1000), at_most=MEMBERS)
        worker.wait_until(lambda: state_of(found) == ImportState.READY)
        assert sorted(rows.values_list("line", flat=True)) == list(range(2, MEMBERS + 2))

        found.refresh_from_db()
        operations.confirm(member_import=found, by=person, now=timezone.now())
        for _ in range(3):
            worker.kill_when_grown(Adhesion.objects.all(), by=random.randint(1, 1000), at_most=MEMBERS)
        worker.wait_until(lambda: state_of(found) == ImportState.DONE)

        assert worker.kills == 6
        found.refresh_from_db()
        assert (found.done_rows, found.total_rows) == (MEMBERS, MEMBERS)
        assert rows.filter(applied=True, verdict="new").count() == MEMBERS
        assert Adhesion.objects.filter(operator=operator).count() == MEMBERS
        assert AuditEvent.objects.filter(what="adhesion.joined").count() == MEMBERS
        assert AuditEvent.objects.filter(what="member_import.done").count() == 1


def state_of(found: MemberImport) -> str:
    return MemberImport.objects.values_list("state", flat=True).get(pk=found.pk)
