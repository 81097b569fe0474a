"""The whole seed, once, on a real database: what it leaves behind, and that it may be repeated."""

import io
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.utils.timezone import localdate
from djstripe.models import WebhookEndpoint

from billing import files
from billing.documents import content_problems
from billing.documents.cii import render_cii
from billing.models import (
    Adjustment,
    BillingRun,
    CommissionTerms,
    Dunning,
    Invoice,
    InvoiceFile,
    InvoiceLine,
    LineContest,
    Repricing,
    RunState,
    Settlement,
    SettlementState,
    StatementRun,
)
from catalog.models import (
    Claim,
    ClaimLevel,
    GridState,
    Listing,
    PriceGrid,
    ServiceSheet,
    VatDecision,
    VatEligibility,
    Vendor,
)
from catalog.prices import listing_price, territory_facts
from catalog.pricing import parse_grid
from demo.management.commands import seed_demo
from demo.seed.members import FOREZ_EST, MAIN, THIRD
from demo.seed.operators import BRUMELLE
from demo.seed.people import MANDATES, STAFF, read_people
from demo.seed.shelves import WITH_USAGE
from marketplace.pages.models import Desk, LegalPage, NewsItemPage, StorefrontPage
from marketplace.web.organisation.audit import LABELS
from provisioning.connectors import connector_for
from provisioning.credentials import access_of
from provisioning.models import (
    AgentDirectory,
    Binding,
    BindingKind,
    Endpoint,
    ServiceKey,
    Step,
    StepState,
)
from subscriptions import chain
from subscriptions.models import (
    RUNNING,
    Amendment,
    BulkRequest,
    BulkState,
    Cover,
    Decision,
    DirectNeed,
    Exit,
    ExitState,
    FrameworkLot,
    NonRenewal,
    Order,
    Party,
    PayerShare,
    State,
    Subscription,
)
from tenants.audit.reading import SUBJECTS
from tenants.members.adhesions import members_of
from tenants.models import (
    Adhesion,
    Assistance,
    AuditEvent,
    Invitation,
    Letter,
    Membership,
    Operator,
    Organisation,
    Population,
    Territory,
    User,
)
from tests.tools.database import acting_as, as_worker
from tests.tools.einvoice_rules import judge


class Killed(Exception):
    pass


SEEDED_TABLES = [
    model._meta.db_table
    for app in ("tenants", "catalog", "subscriptions", "provisioning", "billing")
    for model in apps.get_app_config(app).get_models()
]


@pytest.fixture(scope="module")
def seeded(django_db_setup, django_db_blocker):
    """A database with the demo, taken back at the end. Tells what a first seed, killed, had left."""
    with (
        django_db_blocker.unblock(),
        as_worker(),
        transaction.atomic(),
        pytest.MonkeyPatch.context() as patch,
    ):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")  # as a worker, which `make seed` is

        def killed(**_):
            raise Killed

        patch.setattr(seed_demo, "make_history", killed)
        with pytest.raises(Killed):
            call_command("seed_demo", stdout=io.StringIO())
        left = Operator.objects.count() + User.objects.count() + ServiceSheet.objects.count()
        patch.undo()
        told = io.StringIO()
        call_command("seed_demo", stdout=told)
        # What autovacuum does for committed rows: without it the planner believes every table empty.
        with acting_as("owner"), connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(SEEDED_TABLES)}")
        yield {"left": left, "told": told.getvalue()}
        transaction.set_rollback(True)


def test_a_killed_seed_leaves_nothing_half_made(seeded):
    assert seeded["left"] == 0


def test_each_long_step_tells_what_it_does(seeded):
    assert "billing periods…" in seeded["told"]


def test_a_second_seed_changes_nothing(seeded):
    before = _fingerprints()
    call_command("seed_demo", stdout=io.StringIO())
    assert _fingerprints() == before


def _fingerprints() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def test_three_operators_twelve_vendors_sixty_services(seeded):
    assert {o.legal_kind for o in Operator.objects.all()} == {"gip", "syndicat_mixte", "association"}
    assert (Vendor.objects.count(), ServiceSheet.objects.count()) == (12, 60)
    assert set(Listing.objects.values_list("state", flat=True)) >= {"draft", "listed", "suspended"}
    on_shelf = Listing.objects.filter(state__in=["listed", "suspended"])
    assert all(listing.vehicles.count() == 1 for listing in on_shelf)
    assert StorefrontPage.objects.filter(sites_rooted_here__isnull=False).count() == 3
    assert {desk.operator.slug: desk.group.user_set.count() for desk in Desk.objects.all()} == {
        "cantonade": 1, "brumelle": 1, "etabli-communal": 1,
    }  # fmt: skip
    assert (NewsItemPage.objects.live().count(), LegalPage.objects.live().count()) == (5, 3)


def test_every_pattern_and_both_populations_are_priced(seeded):
    definitions = list(PriceGrid.objects.values_list("definition", flat=True))
    assert {grid["pattern"] for grid in definitions} == {
        "per_inhabitant",
        "per_unit",
        "flat_by_stratum",
        "marginal_tranches",
        "fixed_plus_variable",
        "by_member_type",
        "adhesion_and_recurring",
        "sum_of",
    }
    assert {grid.get("population_kind") for grid in definitions} >= {"municipale", "totale"}


def test_three_hundred_real_communes_of_five_departements(seeded):
    communes = Organisation.objects.filter(kind="commune", adhesions__isnull=False).distinct()
    assert communes.count() == 300
    assert len({c.territory.departement for c in communes.select_related("territory")}) == 5
    assert all(c.siren == c.territory.siren for c in communes.select_related("territory"))
    assert Organisation.objects.filter(kind="epci", adhesions__isnull=False).distinct().count() == 10


def test_the_main_commune_reads_the_price_of_the_story(seeded):
    territory = Territory.objects.get(kind="commune", code=MAIN)
    known = Population.objects.get(territory=territory, source="insee-municipale")
    assert (known.value, known.reference_year) == (860, 2023)
    listing = Listing.objects.get(operator__slug="cantonade", offer__partner_sku="cantinelle")
    day = localdate()
    facts = territory_facts(territories=[territory], on=day)[territory.pk]
    priced = listing_price(listing=listing, facts=facts)
    assert priced.net_cents == 64500
    assert "860 habitants" in priced.quote.lines[0].steps[0].replace("\u202f", " ")
    member = Organisation.objects.get(territory=territory)
    assert member.adhesions.count() == 3
    assert not Subscription.objects.filter(tenant=member, listing=listing).exists()


def test_everybody_can_sign_in_and_has_the_mandates_told(seeded):
    for person in read_people():
        user = User.objects.get(issuer=settings.OIDC_ISSUER, sub=person["sub"])
        assert user.memberships.count() == len(MANDATES.get(person["sub"], []))
        assert user.is_superuser is (person["sub"] == STAFF)
        if seat := person.get("siret"):
            assert user.memberships.filter(organisation__establishments__siret=seat).exists()


def test_subscriptions_are_in_every_state_but_the_fleeting_one(seeded):
    found = set(Subscription.objects.values_list("state", flat=True))
    assert found == set(State.values) - {State.APPROVED}
    assert Subscription.objects.filter(state=State.ACTIVE).count() >= 700
    steps = Subscription.objects.filter(state=State.PROVISIONING).values_list(
        "provisioning_runs__steps__state", flat=True
    )
    assert set(steps) == {StepState.NEEDS_PERSON, StepState.PENDING}


def test_the_rows_written_in_bulk_say_what_the_operations_would(seeded):
    opened = Subscription.objects.filter(state=State.ACTIVE)
    for subscription in opened.select_related("tenant__territory", "listing", "requested_by")[::40]:
        day = localdate(subscription.requested_at)
        facts = territory_facts(territories=[subscription.tenant.territory], on=day)
        priced = listing_price(listing=subscription.listing, facts=facts[subscription.tenant.territory_id])
        assert priced.quote.to_dict() == subscription.quote
        moves = list(subscription.transitions.order_by("at", "pk").values_list("before", "after"))
        assert [after for _, after in moves] == ["requested", "approved", "provisioning", "active"]
        roles = Membership.objects.filter(user=subscription.requested_by, organisation=subscription.tenant)
        assert roles.filter(role="secretary").exists()
        assert subscription.decision.file.read(5) == b"%PDF-"


def test_every_approved_subscription_has_its_act(seeded):
    approved = Subscription.objects.paid().filter(approved_by__isnull=False)
    decided = approved | Subscription.objects.filter(decision__isnull=False)  # or another's word is awaited
    assert Decision.objects.count() == decided.count()


def test_the_main_commune_tries_a_service_that_the_worker_opens(seeded):
    [trial] = Subscription.objects.trials()
    assert (trial.tenant.territory.code, trial.state, trial.trial_days) == (MAIN, State.PROVISIONING, 30)
    promised = PriceGrid.objects.filter(trial_days__isnull=False).values_list("trial_days", flat=True)
    assert set(promised) == {15, 30}


def test_closed_periods_are_numbered_without_a_gap(seeded):
    issued = BillingRun.objects.filter(state=RunState.ISSUED)
    assert {run.operator.slug for run in issued} == {"cantonade", "brumelle", "etabli-communal"}
    assert all(run.problems == [] for run in BillingRun.objects.all())
    for operator in Operator.objects.all():
        numbers = Invoice.objects.issued().invoices().of_operator(operator).order_by("sequence")
        assert list(numbers.values_list("sequence", flat=True)) == list(range(1, numbers.count() + 1))


def test_one_credit_note_is_issued_and_two_wait_one_of_them_for_a_contested_line(seeded):
    notes = Invoice.objects.credit_notes().order_by("pk")
    assert list(notes.values_list("number", flat=True)) == ["A2026-00001", "", ""]
    contests = LineContest.objects.order_by("pk").values_list("state", "credit_note")
    assert list(contests) == [("open", None), ("refused", None), ("accepted", notes[2].pk)]
    assert all(0 < note.gross_cents < note.corrects.gross_cents for note in notes.select_related("corrects"))


def test_late_payments_were_reminded_claimed_or_let_go(seeded):
    assert set(Dunning.objects.values_list("kind", flat=True)) == {"reminder", "claim", "waiver"}


def test_every_issued_invoice_is_sound(seeded):
    issued = list(Invoice.objects.issued().prefetch_related("lines"))
    assert len(issued) > 500
    assert {
        problem for invoice in issued for problem in content_problems(files.document_of(invoice))
    } == set()


def test_every_invoice_of_the_demo_passes_the_official_rules(seeded):
    """XSD, EN 16931 and French CTC rules, on each issued invoice (some twelve seconds)."""
    refused, kinds = {}, set()
    for invoice in Invoice.objects.issued().prefetch_related("lines").select_related("operator"):
        verdict = judge(render_cii(files.document_of(invoice)))
        assert verdict.judged, f"no rule fired on {invoice.number}"
        if verdict.failures:
            refused[f"{invoice.operator} {invoice.number}"] = verdict.failures
        kinds |= {line.vat_category for line in invoice.lines.all()}
    assert refused == {}
    assert kinds == {"S", "E", "O"}


def test_settlements_agree_with_their_channel(seeded):
    late = Settlement.objects.filter(state=SettlementState.PAID, paid_at__isnull=True)
    assert not late.exists()
    pending = Settlement.objects.filter(state=SettlementState.PENDING)
    assert pending.count() == 2
    assert pending.filter(invoice__tenant__territory__code=MAIN).exists()
    for settlement in Settlement.objects.filter(state=SettlementState.PAID).select_related("invoice")[::50]:
        assert settlement.paid_at.date() - settlement.invoice.issue_date < timedelta(days=35)


def test_another_member_pays_a_part_for_the_main_commune(seeded):
    found = PayerShare.objects.filter(tenant__territory__code=MAIN)
    assert sorted(found.values_list("state", flat=True)) == ["agreed", "proposed"]


def test_only_jobs_that_have_something_to_do_are_left(seeded):
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, count(*) FROM procrastinate_jobs GROUP BY 1")
        jobs = dict(cursor.fetchall())
    assert jobs == {
        "billing.tasks.make_file": Invoice.objects.issued().count(),
        "billing.tasks.push_settlement": 2,
        "billing.tasks.settle_repricing": Amendment.objects.filter(state="approved").count(),
        "catalog.tasks.make_choice_file": 1,
        "catalog.tasks.run_simulation": 3,
        "tenants.tasks.send_letter": Letter.objects.count(),
    }
    assert Letter.objects.exists()


def test_the_main_communes_first_files_are_there(seeded):
    assert InvoiceFile.objects.count() == 20
    mine = Invoice.objects.issued().filter(tenant__territory__code=MAIN)
    assert mine.filter(file__isnull=True).count() == 0
    assert mine.count() >= 5


def test_connections_are_valid_and_say_where_the_broker_is(seeded, monkeypatch):
    endpoints = Endpoint.objects.all()
    assert endpoints.count() == 60
    assert all(connector_for(endpoint) for endpoint in endpoints)
    assert [endpoints.filter(connector=kind).count() for kind in ("osb", "webhook")] == [19, 1]
    assert WebhookEndpoint.objects.get().url.endswith(f"{WebhookEndpoint.objects.get().djstripe_uuid}/")
    monkeypatch.setenv("HALLE_BROKER_URL", "http://127.0.0.1:9999")
    with transaction.atomic():
        call_command("seed_demo", stdout=io.StringIO())
        assert {e.config["url"] for e in Endpoint.objects.filter(connector="osb")} == {
            "http://127.0.0.1:9999"
        }
        transaction.set_rollback(True)


def test_software_reaches_what_is_open(seeded):
    """The main commune may see its credentials, once; the others have seen theirs."""
    reached = Subscription.objects.filter(state__in=RUNNING, listing__offer__partner_sku="paraphe-clair")
    seen = [access_of(one) for one in reached.select_related("tenant__territory", "listing__offer__endpoint")]
    assert all(one.binding and not one.waits for one in seen)
    assert [one.binding.subscription.tenant.territory.code for one in seen if one.can_be_shown] == [MAIN]
    assert len(seen) > 1
    assert ServiceKey.objects.get().sheet.slug == "cantinelle"
    assert AgentDirectory.objects.get().passed_at is None
    [by_message] = Step.objects.filter(
        state=StepState.PENDING, run__subscription__listing__offer__endpoint__connector="webhook"
    )
    assert by_message.run.subscription.state == State.PROVISIONING
    entered = Binding.objects.filter(kind=BindingKind.CLIENT, by_saml=True).select_related(
        "subscription__listing__offer__sign_in", "subscription__tenant"
    )
    sirens = [one.subscription.tenant.siren for one in entered]
    assert len(sirens) == len(set(sirens)) > 1  # by which Keycloak knows each
    assert {one.subscription.listing.offer.sign_in.protocol for one in entered} == {"saml"}


def test_a_seed_by_hand_does_not_undo_what_the_supervisor_told(seeded, monkeypatch):
    monkeypatch.setenv("HALLE_BROKER_URL", "http://127.0.0.1:9999")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_of_this_run")
    with transaction.atomic():
        call_command("seed_demo", stdout=io.StringIO())
        monkeypatch.delenv("HALLE_BROKER_URL")
        monkeypatch.delenv("STRIPE_WEBHOOK_SECRET")
        call_command("seed_demo", stdout=io.StringIO())
        assert {e.config["url"] for e in Endpoint.objects.filter(connector="osb")} == {
            "http://127.0.0.1:9999"
        }
        assert WebhookEndpoint.objects.get().secret == "whsec_of_this_run"
        transaction.set_rollback(True)


def test_a_colleague_is_invited_and_a_commune_asked_for_help(seeded):
    with as_worker():
        invitation = Invitation.objects.get()
        assert invitation.tenant.territory.code == MAIN
        assistance = Assistance.objects.get()
        assert (assistance.tenant.territory.code, assistance.operator.slug) == (THIRD, BRUMELLE.slug)
        told = Letter.objects.filter(
            Q(key__startswith="invitation:") | Q(key__startswith="assistance"),
            tenant__territory__isnull=False,
        )
    assert set(told.values_list("tenant__territory__code", flat=True)) == {MAIN, THIRD}


def test_what_was_decided_of_vat_is_in_force_and_to_come_and_says_for_whom(seeded):
    decisions = VatDecision.objects.order_by("since").values_list("operator__slug", "nature", "since")
    assert list(decisions) == [
        ("brumelle", "service", date(2019, 1, 1)),
        ("brumelle", "shared", date(2027, 1, 1)),
    ]
    assert set(VatEligibility.objects.values_list("kind", "eligible")) == {("commune", True), ("epci", True)}


def test_claims_at_three_levels_and_at_every_age(seeded):
    today = date(2026, 11, 26)
    current, in_force = Claim.objects.current(), Claim.objects.in_force(on=today)
    assert current.values("sheet").distinct().count() == 30
    assert set(in_force.values_list("level", flat=True)) == set(ClaimLevel.values)
    assert in_force.filter(valid_until__lte=today + timedelta(days=60)).exists()
    assert current.filter(valid_until__lt=today).exists()
    assert any(claim.is_contested for claim in in_force)


def test_statutes_colleges_and_an_intercommunality_that_covers_its_communes(seeded):
    for operator in Operator.objects.all():
        assert operator.vat_on(date(2026, 1, 1)) is not None
        assert operator.colleges.count() == 2
    assert not Adhesion.objects.filter(college=None).exists()
    covering = Adhesion.objects.get(covers_communes=True)
    by_itself = covering.operator.adhesions.values("organisation")
    covered = members_of(operator=covering.operator, on=date(2026, 6, 1)).exclude(pk__in=by_itself)
    assert covered.count() > 3


def test_each_operator_revises_a_tariff(seeded):
    drafts = PriceGrid.objects.filter(state=GridState.DRAFT)
    assert drafts.count() == Operator.objects.count()
    for draft in drafts:
        parse_grid(draft.definition)
        assert draft.simulations.get().total > 50
    coming = PriceGrid.objects.filter(state=GridState.PUBLISHED, effective_from__year=2027)
    assert coming.count() == Operator.objects.count()
    assert PriceGrid.objects.filter(list_definition__isnull=False).exists()


def test_a_framework_agreement_three_quarters_full_and_direct_purchases(seeded):
    full, prepared = FrameworkLot.objects.order_by("number")
    assert full.amendments.count() == 1
    assert 70 <= full.percent(on=date(2026, 11, 26)) <= 75
    assert (prepared.percent(on=date(2026, 11, 26)), prepared.published_on) == (0, None)
    assert all(
        lot.holders.exists() and lot.listings.exists() and lot.buyers.exists() for lot in (full, prepared)
    )
    ordered = Order.objects.aggregate(
        by_lot=Sum("amount_cents", filter=Q(lot=full)), direct=Sum("amount_cents", filter=Q(lot=None))
    )
    assert ordered["by_lot"] == full.ordered_cents
    assert ordered["direct"] == DirectNeed.objects.aggregate(sum=Sum("total_cents"))["sum"] > 0


def test_departures_at_each_stage_of_the_path(seeded):
    """Nobody is gone without the path: but the two that were known too late, whose credit notes they are."""
    of_brumelle = Exit.objects.filter(subscription__operator__slug=BRUMELLE.slug)
    assert set(of_brumelle.values_list("state", flat=True)) == {
        ExitState.NOTICE, ExitState.ERASURE, ExitState.DONE,
    }  # fmt: skip
    proofs = Exit.objects.filter(state=ExitState.DONE).values_list("certificate", flat=True)
    assert len(proofs) > 3
    assert all(proofs)
    over = Subscription.objects.filter(state__in=[State.TERMINATING, State.ENDED])
    assert over.filter(exits__isnull=True).count() == 2


def test_what_waits_for_the_operator_and_for_the_vendor(seeded):
    asked = Subscription.objects.filter(vehicle__vendor_approves=True, state=State.REQUESTED)
    assert sorted(chain.waiting_step(one).party for one in asked) == [Party.OPERATOR, Party.VENDOR]
    assert all(one.messages.exclude(file="").exists() for one in asked)


def test_lists_for_many_have_run_with_their_refusals(seeded):
    for initiator, states in ((BRUMELLE.siren, {"made", "there", "refused"}), (FOREZ_EST, {"made"})):
        found = BulkRequest.objects.get(tenant__siren=initiator)
        assert found.state == BulkState.MADE
        assert set(found.lines.values_list("state", flat=True)) >= states
    covered = Cover.objects.filter(covering__siren=FOREZ_EST)
    assert covered.count() == 6


def test_contracts_end_change_and_follow_an_index(seeded):
    main = Subscription.objects.filter(tenant__territory__code=MAIN)
    assert NonRenewal.objects.get().term.subscription in main
    mine = Amendment.objects.filter(subscription__in=main)
    assert set(mine.values_list("kind", "state")) == {("choices", "approved"), ("other", "proposed")}
    revised = Amendment.objects.filter(kind="indexation")
    assert revised.count() > 10
    assert all(one.cents_after > one.cents_before for one in revised)


def test_every_event_of_the_log_is_found_under_a_subject(seeded):
    """What is under none is lost to whoever filters the log; what it says changed has a French name."""
    prefixes = tuple(prefix for _, some in SUBJECTS.values() for prefix in some)
    with as_worker():
        told = set(AuditEvent.objects.values_list("what", flat=True))
        changed = {name for event in AuditEvent.objects.only("changes") for name in event.changes}
    assert sorted(changed - LABELS.keys()) == []
    assert sorted(what for what in told if not what.startswith(prefixes)) == []


def test_a_service_tells_what_is_used_and_what_it_forgot_is_on_the_next_invoice(seeded):
    mine = Subscription.objects.get(
        tenant__territory__code=MAIN, operator__slug=BRUMELLE.slug, listing__offer__partner_sku=WITH_USAGE
    )
    assert mine.usage_events.filter(corrects__isnull=False).count() == 1
    lines = InvoiceLine.objects.filter(entry__subscription=mine, invoice__state="issued")
    assert {"rhythm", "usage"} <= {fact for line in lines for fact in line.entry.facts}
    waiting = Adjustment.objects.get(subscription=mine)
    assert waiting.amount_cents > 0
    assert not Repricing.objects.filter(settled_at=None, subscription=mine).exists()


def test_a_quarter_of_statements_is_paid_and_one_waits_for_its_vendors(seeded):
    first, second = StatementRun.objects.order_by("period_start")
    assert set(first.statements.values_list("state", flat=True)) == {"paid"}
    assert set(second.statements.values_list("state", flat=True)) == {"drawn"}
    assert [one["vendor"] for one in second.problems] == ["Cartolune"]
    assert CommissionTerms.objects.filter(agreed_at=None).count() == 2
