"""The whole story on the real register: two subscribed communes merge on 1 January 2027."""

import io
import re
from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.db import transaction

from billing import operations as billing
from billing.models import BillingRun, Invoice, LedgerEntry
from provisioning.models import Run
from subscriptions.handover import hand_over
from subscriptions.handover_plan import mergers_of
from subscriptions.models import State, Subscription
from tenants.members.adhesions import members_of
from tenants.models import Organisation, Population, Role, Territory, TerritoryChange
from tenants.organisations import identity_of
from tenants.register.loading import load_register
from tenants.tenancy import tenant_scope
from tenants.territories.search import find_communes
from tests.factories import (
    AdhesionFactory,
    BillingRunFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    SubscriptionFactory,
)
from tests.tenants.register import made
from tests.tools.database import as_worker

# On one worker, with the other tests that load the register: see tests/tools/once.py.
pytestmark = pytest.mark.django_db
NOW = datetime(2027, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def register(django_db_setup, django_db_blocker):
    """The real register, loaded once in a transaction that is never committed."""
    with django_db_blocker.unblock(), transaction.atomic():
        with as_worker():
            load_register()
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _loaded(register, db):
    """Every test of this module reads the register."""


@pytest.fixture(scope="module")
def file_2027(tmp_path_factory):
    return made.write(tmp_path_factory.mktemp("2027") / "register.jsonl.xz", made.vintage_2027())


def import_vintage(*arguments) -> str:
    out = io.StringIO()
    with as_worker():
        call_command("import_vintage", *map(str, arguments), stdout=out)
    return out.getvalue()


def commune(code) -> Territory:
    return Territory.objects.get(kind="commune", code=code)


def member(code, operator) -> Organisation:
    organisation = Organisation(**identity_of(commune(code)))
    with as_worker():
        organisation.save()
    AdhesionFactory(operator=operator, organisation=organisation)
    return organisation


def municipale(territory, day) -> int:
    return Population.objects.filter(territory=territory, kind="municipale").in_force(on=day).get().value


def test_the_real_register_over_itself_changes_nothing():
    with as_worker():
        before = list(Territory.objects.order_by("pk").values_list())
    report = import_vintage()
    for nothing in (
        "Fusions : 0",
        "Créations : 0",
        "Disparitions sans successeur : 0",
        "Lignes écartées : 0",
    ):
        assert nothing in report
    assert "Aucun changement : la base dit déjà ce que dit ce fichier." in report
    assert "intercommunalités de ce fichier sont celles du 01/01/2025" in report
    with as_worker():
        assert list(Territory.objects.order_by("pk").values_list()) == before


def test_members_that_the_epci_file_still_counts_apart_lose_nothing(tmp_path):
    """The EPCI of an earlier year still names the absorbed commune: its line is set apart, nothing moves."""
    path = made.write(tmp_path / "r.jsonl.xz", made.vintage_2027(members_follow=False))
    report = import_vintage(path)
    assert "Fusions : 2" in report
    assert "Communes qui changent d’intercommunalité : 0" in report
    assert re.search(rf"Loire Forez.* \(intercommunalité {made.LOIRE_FOREZ}\)", report)
    assert re.search(r"ligne \d+ : commune membre absente du fichier : '42046'", report)


def test_two_subscribed_communes_merge(file_2027):
    operator = OperatorFactory()
    seat, absorbed = (member(code, operator) for code in (made.SEAT, made.ABSORBED))
    listing = ListingFactory(operator=operator)
    old = [
        SubscriptionFactory(
            tenant=organisation, listing=listing, state=State.ACTIVE, operator=operator,
            service_url=f"https://{organisation.siren}.service.example/",
        )
        for organisation in (seat, absorbed)
    ]  # fmt: skip
    counts = {s.tenant_id: municipale(s.tenant.territory, date(2026, 1, 1)) for s in old}

    # Reported, then applied, with the code of the report.
    report = import_vintage(file_2027)
    assert "Fusions : 2" in report
    assert f"{absorbed.name} ({absorbed.siren}) : disparaît, reprise par {made.NEW_SIREN}" in report
    assert not TerritoryChange.objects.exists()
    told = import_vintage(file_2027, "--confirm", re.search(r"--confirm (\w+)", report)[1])
    assert "Registre 2027 appliqué." in told
    assert "Aucun changement" in import_vintage(file_2027)
    new = Organisation.objects.get(siren=made.NEW_SIREN)
    assert find_communes(query="champdieu", on=date(2027, 1, 1))[0].commune == new.territory
    population = municipale(new.territory, date(2027, 1, 1))
    assert population == sum(counts.values())

    # The operator had drafted 2027 before anybody knew.
    run = BillingRunFactory(operator=operator, period_start=date(2027, 1, 1), period_end=date(2028, 1, 1))
    with as_worker():
        billing.draft_run(run_id=run.pk, now=NOW)
        assert {i.tenant for i in Invoice.objects.filter(run=run)} == {seat, absorbed}

    # One hand-over each, as the operator's page does it.
    curator = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
    with tenant_scope([operator.organisation_id, seat.pk, absorbed.pk]):
        waiting = list(mergers_of(operator=operator))
        assert [(change.waiting_subscriptions, change.waiting_adhesions) for change in waiting] == [
            (1, 1)
        ] * 2
        for change in waiting:
            hand_over(change=change, operator=operator, by=curator, now=NOW)

    with as_worker():
        (followed,) = Subscription.objects.filter(tenant=new)
        ended = list(Subscription.objects.filter(pk__in=[s.pk for s in old]))
        # One goes on; the other's instance is closed at the vendor's, once its data could be fetched.
        assert {s.state for s in ended} == {State.ENDED, State.TERMINATING}
        assert {s.ended_on for s in ended} == {date(2027, 1, 1)}
        # The same instance at the vendor's: nothing was opened again, and its address is the old one.
        assert followed.origin in old
        assert followed.service_url == followed.origin.service_url
        assert not Run.objects.exists()
        assert (followed.state, followed.active_from) == (State.ACTIVE, date(2027, 1, 1))
        # 2027 is the commune nouvelle's alone, for its whole population.
        (invoice,) = Invoice.objects.filter(run=run)
        (line,) = invoice.lines.all()
        assert (invoice.tenant, line.quantity) == (new, population)
        assert invoice.net_cents == followed.yearly_cents == population * 30
        for organisation in (seat, absorbed):
            assert sum(e.amount_cents for e in LedgerEntry.objects.filter(run=run, tenant=organisation)) == 0

        # 2026 stays each merged commune's, from its own population.
        earlier = BillingRunFactory(operator=operator)
        billing.draft_run(run_id=earlier.pk, now=NOW)
        earlier = BillingRun.objects.get(pk=earlier.pk)
        assert earlier.problems == []
        shares = {i.tenant_id: i.net_cents for i in Invoice.objects.filter(run=earlier)}
    assert shares == {tenant: count * 30 for tenant, count in counts.items()}
    members = members_of(operator=operator, on=date(2027, 1, 1))
    assert set(members) == {new}
    assert set(members_of(operator=operator, on=date(2026, 12, 31))) == {seat, absorbed}
    done = TerritoryChange.objects.filter(kind="merger", handed_over_at__isnull=False)
    assert done.count() == 2
