"""What is odd in a run's drafts: found at its edge, and not before it."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import approving, credits, operations
from billing.anomalies import settling
from billing.anomalies.finding import find
from billing.anomalies.words import TO_DO, sentence
from billing.exceptions import DraftsNotSeen, DraftsUnsound, NothingChosen, ReasonMissing
from billing.models import (
    BLOCKING,
    Anomaly,
    AnomalyKind,
    BillingRun,
    Invoice,
    InvoiceState,
    RunMove,
    RunState,
    SetAside,
)
from billing.redrawing import draw_again
from subscriptions.models import GroupPopulation, State, Subscription
from tenants.models import AuditEvent, Establishment, Organisation
from tests.factories import (
    BillingRunFactory,
    ListingFactory,
    OperatorFactory,
    SubscriptionFactory,
    UserFactory,
    drafted_run,
    read,
)
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db

THIS_YEAR, LAST_YEAR = (date(2026, 1, 1), date(2027, 1, 1)), (date(2025, 1, 1), date(2026, 1, 1))


def run_of(operator, period) -> BillingRun:
    run = BillingRunFactory(operator=operator, period_start=period[0], period_end=period[1])
    with as_worker():
        operations.draft_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    return run


def issued(run: BillingRun) -> BillingRun:
    read(run)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    return run


def kinds_of(run: BillingRun) -> list[str]:
    with as_worker():
        return sorted(Anomaly.objects.filter(run=run).values_list("kind", flat=True))


def remark(run: BillingRun, kind: AnomalyKind) -> Anomaly:
    with as_worker():
        return Anomaly.objects.select_related("seen_by").get(run=run, kind=kind)


def two_years(**changed) -> tuple[Subscription, BillingRun]:
    """A member of 860 inhabitants billed 258 € for 2025, and its draft for 2026. `changed`: its subscription
    in between; `population`: that of 2026; `renumbered`: that of 2025, found wrong."""
    operator, population = OperatorFactory(), changed.pop("population", None)
    renumbered = changed.pop("renumbered", None)
    subscription = SubscriptionFactory(
        state=State.ACTIVE, listing__operator=operator, active_from=date(2024, 1, 1)
    )
    issued(run_of(operator, LAST_YEAR))
    with as_worker():
        if changed:
            Subscription.objects.filter(pk=subscription.pk).update(**changed)
        rows = subscription.tenant.territory.populations.filter(kind="municipale")
        if population:
            row = rows.get()
            row.pk, row.value, row.reference_year, row.in_force_from = None, population, 2023, THIS_YEAR[0]
            row.save(force_insert=True)
        if renumbered:
            rows.update(value=renumbered)
    return subscription, run_of(operator, THIS_YEAR)


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ({}, []),
        ({"population": 903}, []),  # five per cent more, as many years bring
        ({"population": 904}, ["population"]),
        ({"population": 946}, ["population"]),  # 283,80 €: ten per cent more, not beyond
        ({"population": 947}, ["ceiling", "changed", "population"]),
        ({"renumbered": 861}, ["population"]),  # of the same year: somebody has corrected it
        ({"yearly_cents": 23_455}, []),
        ({"yearly_cents": 23_454}, ["ceiling"]),
        ({"vat_category": "E", "vat_rate": 0, "vat_reason": "Article 261 B"}, []),
        ({"vat_category": "E", "vat_rate": 0, "vat_reason": ""}, ["vat"]),
    ],
)
def test_what_changed_since_last_year_is_found_at_its_edge(changed, kinds):
    _, run = two_years(**changed)
    assert kinds_of(run) == kinds


def test_a_change_shows_both_amounts_and_says_why():
    _, run = two_years(population=947)
    found = remark(run, AnomalyKind.CHANGED)
    assert (found.before_cents, found.after_cents, found.weight) == (25_800, 28_410, 2_610)
    assert sentence(found) == (
        "À abonnements et mois égaux, le montant augmente de 26,10\u00a0€ (10,1\u00a0%) sur un an."
    )
    people = sentence(remark(run, AnomalyKind.POPULATION))
    assert "947 habitants" in people
    assert "860 habitants" in people


def test_months_that_are_not_the_same_are_not_compared():
    """Opened in October 2025, it owes three months of 2025 and the whole of 2026."""
    operator = OperatorFactory()
    SubscriptionFactory(state=State.ACTIVE, listing__operator=operator, active_from=date(2025, 10, 1))
    issued(run_of(operator, LAST_YEAR))
    assert kinds_of(run_of(operator, THIS_YEAR)) == []


def test_quarters_are_compared_with_the_half_year_that_they_make():
    operator = OperatorFactory()
    subscription = SubscriptionFactory(
        state=State.ACTIVE, listing__operator=operator, active_from=date(2024, 1, 1)
    )
    for quarter in ((date(2025, 1, 1), date(2025, 4, 1)), (date(2025, 4, 1), date(2025, 7, 1))):
        issued(run_of(operator, quarter))
    with as_worker():
        subscription.tenant.territory.populations.filter(kind="municipale").update(value=1000)
    run = run_of(operator, (date(2026, 1, 1), date(2026, 7, 1)))
    found = remark(run, AnomalyKind.CHANGED)
    assert (found.before_cents, found.after_cents) == (12_900, 15_000)


def test_another_tier_of_the_group_is_found():
    tiers = [{"up_to": 2_000, "rate": "1.00"}, {"rate": "0.95"}]
    listing = ListingFactory()
    operator = listing.operator
    grid = {"pattern": "pooled_volume", "population_kind": "municipale", "tiers": tiers}
    with as_worker():
        for on, inhabitants in ((date(2024, 6, 1), 1_500), (date(2025, 12, 1), 2_500)):
            GroupPopulation.objects.create(listing=listing, on=on, members=3, inhabitants=inhabitants)
    SubscriptionFactory(
        state=State.ACTIVE, listing=listing, operator=operator, grid=grid, active_from=date(2024, 1, 1),
        yearly_cents=86_000,
    )  # fmt: skip
    issued(run_of(operator, LAST_YEAR))
    run = run_of(operator, THIS_YEAR)
    assert kinds_of(run) == ["tier"]
    assert sentence(remark(run, AnomalyKind.TIER)) == (
        "Le groupe passe de 1\u202f500 à 2\u202f500 habitants, et le prix unitaire de 1,00\u00a0€ à "
        "0,95\u00a0€."
    )


def test_whom_an_invoice_goes_to_is_looked_at():
    run = drafted_run(seen=False)
    assert kinds_of(run) == ["first"]
    with as_worker():
        member = Invoice.objects.get(run=run).tenant
        place = Establishment.objects.get(organisation=member, is_seat=True)
        place.commitment_required = place.service_code_required = True
        place.save()
        Organisation.objects.filter(pk=member.pk).update(closed_on=date(2026, 10, 1))
        settling.look_again(run=run, now=NOW)
        assert kinds_of(run) == ["closed", "commitment", "first", "service_code"]
        Subscription.objects.update(commitment_number="BC2026-7", service_code="DSI")
        Organisation.objects.filter(pk=member.pk).update(closed_on=date(2026, 10, 2))
        settling.look_again(run=run, now=NOW)
        assert kinds_of(run) == ["first"]
        place.delete()
        settling.look_again(run=run, now=NOW)
    assert kinds_of(run) == ["first", "siret"]


@pytest.mark.parametrize(("cents", "kinds"), [(0, ["zero"]), (-1, ["negative"]), (1, [])])
def test_amounts_that_ask_for_nothing_are_found(cents, kinds):
    _, run = two_years()
    with as_worker():
        Invoice.objects.filter(run=run).update(net_cents=cents, vat_cents=0, gross_cents=cents)
        settling.look_again(run=run, now=NOW)
    assert kinds_of(run) == kinds


def test_every_kind_has_its_words():
    assert TO_DO.keys() == set(AnomalyKind)
    assert set(AnomalyKind) > BLOCKING


@pytest.mark.parametrize("members", [1, 6])
def test_the_queries_of_a_search_do_not_grow(members):
    run = drafted_run(members=members, seen=False)
    with as_worker(), CaptureQueriesContext(connection) as queries:
        find(run=run, now=NOW)
    assert len(queries) == 1
    assert kinds_of(run) == ["first"] * members


def test_what_is_seen_stays_seen_with_a_name_and_a_note():
    run, by = drafted_run(members=3, seen=False), UserFactory()
    with as_worker():
        first = Anomaly.objects.filter(run=run).order_by("pk").first()
        assert settling.see(run=run, kind="first", ids=[first.pk], note=" Vu  avec Léa ", by=by, now=NOW) == 1
        assert settling.see(run=run, kind="first", ids=None, by=run.started_by, now=NOW) == 2
        with pytest.raises(NothingChosen):
            settling.see(run=run, kind="first", ids=[first.pk], by=by, now=NOW)
        settling.look_again(run=run, now=NOW)
        first.refresh_from_db()
        assert (first.seen_by, first.seen_at, first.note) == (by, NOW, "Vu avec Léa")
        assert AuditEvent.objects.filter(what="billing.anomalies_seen").count() == 2
        # What comes after changes the draft: the remark is to be seen again.
        Invoice.objects.filter(pk=first.invoice_id).update(net_cents=100, vat_cents=20, gross_cents=120)
        settling.look_again(run=run, now=NOW)
        first.refresh_from_db()
        assert (first.seen_by, first.note) == (None, "")


def test_what_is_set_aside_is_not_seen_with_the_others():
    run = drafted_run(members=2, seen=False)
    with as_worker():
        aside, other = Anomaly.objects.filter(run=run).order_by("pk")
        settling.set_aside(run=run, ids=[aside.pk], reason="À revoir", by=run.started_by, now=NOW)
        assert settling.see(run=run, kind="first", ids=None, by=run.started_by, now=NOW) == 1
        assert list(Anomaly.objects.filter(run=run, seen_at__isnull=True)) == [aside]
        settling.take_back(run=run, ids=[aside.invoice_id], by=run.started_by, now=NOW)
        with pytest.raises(DraftsNotSeen):
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
    assert other.pk != aside.pk


def test_what_blocks_is_never_seen():
    run = drafted_run(seen=False)
    with as_worker():
        Establishment.objects.update(commitment_required=True)
        settling.look_again(run=run, now=NOW)
        with pytest.raises(NothingChosen):
            settling.see(run=run, kind="commitment", ids=None, by=run.started_by, now=NOW)
        blocked = Anomaly.objects.filter(kind="commitment")
        expected = pytest.raises(IntegrityError, match="anomaly_blocking_is_never_seen")
        with expected, transaction.atomic():
            blocked.update(seen_by=run.started_by, seen_at=NOW)


def test_one_wrong_member_holds_back_nobody_else():
    """Its draft is set aside, the others are issued; put right, it is issued later in the same run."""
    run = drafted_run(members=3)
    by = run.started_by
    with as_worker():
        wrong = Invoice.objects.filter(run=run).first()
        place = wrong.tenant.establishments.get(is_seat=True)
        place.commitment_required = True
        place.save()
        with pytest.raises(DraftsUnsound, match="numéro d’engagement"):
            approving.approve_run(run=run, approved_by=by, now=NOW)
        [blocked] = Anomaly.objects.filter(run=run, blocking=True)
        with pytest.raises(ReasonMissing):
            settling.set_aside(run=run, ids=[blocked.pk], reason=" ", by=by, now=NOW)
        settling.set_aside(run=run, ids=[blocked.pk], reason="Numéro demandé", by=by, now=NOW)
        approving.approve_run(run=run, approved_by=by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        assert run.state == RunState.PARTLY
        assert Invoice.objects.issued().filter(run=run).count() == 2
        given = settling.give_commitment(run=run, ids=[blocked.pk], number=" BC2026-7 ", by=by, now=NOW)
        assert given == 1
        assert Subscription.objects.get(tenant=wrong.tenant).commitment_number == "BC2026-7"
        settling.take_back(run=run, ids=[wrong.pk], by=by, now=NOW)
        approving.approve_run(run=run, approved_by=by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
        moves = list(RunMove.objects.filter(run=run).order_by("pk").values_list("after", flat=True))
        assert sorted(one.sequence for one in Invoice.objects.filter(run=run)) == [1, 2, 3]
    assert moves == ["review", "issuing", "partly", "issuing", "issued"]


def test_remarks_that_nobody_saw_hold_the_approval():
    run = drafted_run(members=2, seen=False)
    with as_worker():
        with pytest.raises(DraftsNotSeen) as refusal:
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        assert refusal.value.count == 2
        run.refresh_from_db()
    assert run.state == RunState.REVIEW
    assert "billing.tasks.issue_run" not in [name for name, _ in jobs.waiting()]


def test_a_draft_that_would_be_refused_is_blocked_until_it_is_put_right():
    run = drafted_run()
    with as_worker():
        member = Invoice.objects.get(run=run).tenant
        Organisation.objects.filter(pk=member.pk).update(city="")
        with pytest.raises(DraftsUnsound):
            approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        assert remark(run, AnomalyKind.UNSOUND).facts["problems"]
        Organisation.objects.filter(pk=member.pk).update(city="Essai")
        settling.look_again(run=run, now=NOW)
    assert kinds_of(run) == ["first"]


def test_a_draft_drawn_again_keeps_what_was_said_of_it():
    run = drafted_run(members=1)
    with as_worker():
        draft = Invoice.objects.get(run=run)
        [first] = Anomaly.objects.filter(run=run)
        settling.set_aside(run=run, ids=[first.pk], reason="À revoir", by=run.started_by, now=NOW)
        draw_again(run, draft.tenant_id, without={0}, added=[], now=NOW)
        again = Invoice.objects.get(run=run)
        assert again.pk != draft.pk
        [kept] = Anomaly.objects.filter(run=run)
        assert (kept.invoice, kept.seen_by) == (again, run.started_by)
        [aside] = SetAside.objects.filter(run=run, back_at__isnull=True)
    assert (aside.invoice_id, aside.reason) == (again.pk, "À revoir")


def test_an_end_reaches_what_is_issued_and_what_is_set_aside():
    """Both end on 1 October: the draft is shortened, the invoice has its credit note, in one run."""
    run = drafted_run(members=2)
    with as_worker():
        waits, issued_one = Invoice.objects.filter(run=run).order_by("pk")
        [remark_of_it] = Anomaly.objects.filter(invoice=waits)
        settling.set_aside(run=run, ids=[remark_of_it.pk], reason="À revoir", by=run.started_by, now=NOW)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        for subscription in Subscription.objects.all():
            subscription.ended_on, subscription.state = date(2026, 10, 1), State.ENDED
            subscription.save()
            credits.note_closing(subscription=subscription, on=subscription.ended_on, now=NOW)
            credits.settle_closing(closing_id=subscription.closing.pk, now=NOW)
        [draft] = Invoice.objects.invoices().filter(run=run, state=InvoiceState.DRAFT)
        [note] = Invoice.objects.credit_notes().filter(run=run)
        assert (draft.tenant_id, draft.net_cents) == (waits.tenant_id, 19_350)
        assert (note.corrects_id, note.net_cents) == (issued_one.pk, 6_450)
        # The credit note that waits to be read holds back nobody.
        settling.take_back(run=run, ids=[draft.pk], by=run.started_by, now=NOW)
        read(run)
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    assert run.state == RunState.ISSUED
