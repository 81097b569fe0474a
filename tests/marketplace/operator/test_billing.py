"""From choosing a period to issued invoices, page by page."""

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate

from billing.models import BillingRun, Invoice, Repricing, RunState
from subscriptions.models import State
from tenants.models import Operator, Role
from tests.factories import BillingRunFactory, OrganisationFactory, SubscriptionFactory, drafted_run
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db

# Session, person, mandates, members, scope in and out, savepoint in and out.
FRAME = 8
YEAR = localdate(timezone.now()).year


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def update(run, **fields):
    with as_worker():
        BillingRun.objects.filter(pk=run.pk).update(**fields)


def state_of(run) -> str:
    with as_worker():
        return BillingRun.objects.get(pk=run.pk).state


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def test_a_period_is_billed_from_the_page(operator, finance):
    answer = finance.post(url("operator_runs", operator), {"period": f"{YEAR}-01-01_{YEAR}-07-01"})
    with as_worker():
        run = BillingRun.objects.get(operator=operator)
    assert answer.headers["Location"] == url("operator_run", operator, run.public_id)
    assert (str(run.period_start), str(run.period_end)) == (f"{YEAR}-01-01", f"{YEAR}-07-01")
    assert jobs.waiting() == [("billing.tasks.draft_run", {"run_id": run.pk})]


def test_only_free_periods_are_offered(operator, finance):
    BillingRunFactory(operator=operator, period_start=f"{YEAR}-01-01", period_end=f"{YEAR}-04-01")
    page = BeautifulSoup(finance.get(url("operator_runs", operator)).content, "html.parser")
    offered = [option["value"] for option in page.select("select option") if option["value"]]
    this_year = [value for value in offered if value.startswith(str(YEAR))]
    assert this_year == [
        f"{YEAR}-07-01_{YEAR + 1}-01-01",
        f"{YEAR}-04-01_{YEAR}-07-01",
        f"{YEAR}-07-01_{YEAR}-10-01",
        f"{YEAR}-10-01_{YEAR + 1}-01-01",
        *(f"{YEAR}-{month:02}-01_{YEAR}-{month + 1:02}-01" for month in range(4, 12)),
        f"{YEAR}-12-01_{YEAR + 1}-01-01",
    ]
    assert len(offered) == 13 + 19


@pytest.mark.parametrize("period", [f"{YEAR}-01-01_{YEAR}-07-01", f"{YEAR}-01-01_{YEAR + 1}-01-01"])
def test_a_period_billed_meanwhile_leads_to_its_run(period, operator, finance):
    run = BillingRunFactory(operator=operator, period_start=f"{YEAR}-01-01", period_end=f"{YEAR}-07-01")
    answer = finance.post(url("operator_runs", operator), {"period": period})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "a déjà sa campagne de facturation" in answer.context["form"].errors["period"][0]
    assert url("operator_run", operator, run.public_id) in page
    assert "<title>Erreur" in page
    with as_worker():
        assert BillingRun.objects.filter(operator=operator).count() == 1


@pytest.mark.parametrize("period", ["", "hier", f"{YEAR}-01-01_{YEAR}-02-15", "1999-01-01_2000-01-01"])
def test_a_period_out_of_the_list_is_refused(period, operator, finance):
    answer = finance.post(url("operator_runs", operator), {"period": period})
    assert answer.context["form"].errors["period"]
    with as_worker():
        assert not BillingRun.objects.exists()


def test_before_the_first_draft_is_made_no_share_is_claimed(operator, finance):
    run = BillingRunFactory(operator=operator)
    for name in ("operator_run", "operator_run_progress"):
        page = BeautifulSoup(finance.get(url(name, operator, run.public_id)).content, "html.parser")
        part = page.select_one("#avancement")
        assert part["hx-get"] == url("operator_run_progress", operator, run.public_id)
        assert part["hx-trigger"] == "every 2s"
        assert part.progress is None
        assert "Calcul" in part.text


def test_while_drafts_are_made_the_true_count_of_members_is_told(operator, finance):
    run = BillingRunFactory(
        operator=operator, planned_at=timezone.now(), progress_done=7, progress_total=1200
    )
    page = BeautifulSoup(
        finance.get(url("operator_run_progress", operator, run.public_id)).content, "html.parser"
    )
    assert (page.progress["value"], page.progress["max"]) == ("7", "1200")
    assert "7 sur 1\u202f200 adhérents" in page.text


def test_while_issuing_the_true_count_is_told(operator, finance):
    run = drafted_run(operator=operator)
    update(
        run, state=RunState.ISSUING, progress_done=7, progress_total=1200, approved_by_id=run.started_by_id,
        approved_at=timezone.now(),
    )  # fmt: skip
    page = BeautifulSoup(
        finance.get(url("operator_run_progress", operator, run.public_id)).content, "html.parser"
    )
    assert (page.progress["value"], page.progress["max"]) == ("7", "1200")
    assert "7 sur 1\u202f200 factures" in page.text


def test_the_part_stops_asking_when_there_is_nothing_to_wait_for(operator, finance):
    run = drafted_run(operator=operator)
    page = BeautifulSoup(
        finance.get(url("operator_run_progress", operator, run.public_id)).content, "html.parser"
    )
    part = page.select_one("#avancement")
    assert "hx-get" not in part.attrs
    assert "hx-trigger" not in part.attrs
    assert part["data-halle-announce"] == "Les projets de factures sont prêts."
    assert part.a["href"] == url("operator_run", operator, run.public_id)


def test_every_draft_says_how_it_was_computed(operator, finance):
    run = drafted_run(operator=operator, tenant__territory__population=860)
    page = finance.get(url("operator_run", operator, run.public_id)).content.decode()
    assert "860 habitants (population municipale 2022, en vigueur au 1er janvier 2025)" in page
    assert "× 0,30\u00a0€ = 258,00\u00a0€" in page
    assert "TVA 20\u00a0% sur 258,00\u00a0€" in page
    assert "309,60\u00a0€" in page
    assert "Approuver et émettre 1 facture (309,60\u00a0€ TTC)" in page


def test_exempt_lines_say_why_there_is_no_vat(operator, finance):
    run = drafted_run(operator=operator, listing__grid__exempt=True)
    answer = finance.get(url("operator_run", operator, run.public_id))
    breakdown = answer.context["drafts"][0]["breakdown"]
    assert breakdown["vat_note"]
    assert breakdown["vat_note"] in answer.content.decode()


def test_what_could_not_be_priced_comes_first(operator, finance):
    lost = SubscriptionFactory(state=State.ACTIVE, listing__operator=operator)
    with as_worker():
        lost.tenant.territory.populations.all().delete()
    run = drafted_run(operator=operator)
    page = finance.get(url("operator_run", operator, run.public_id)).content.decode()
    assert page.index("À regarder d’abord") < page.index("Projets de factures</h2>")
    assert run.problems[0]["reason"] in page
    assert lost.tenant.name in page
    confirm = finance.get(url("operator_run_approve", operator, run.public_id)).content.decode()
    assert "1 abonnement ne sera pas facturé" in confirm
    page = finance.post(url("operator_run", operator, run.public_id), {"action": "recalculer"}, follow=True)
    assert "1 abonnement à recalculer" in page.content.decode()
    with as_worker():
        assert [one.subscription for one in Repricing.objects.all()] == [lost]
    again = finance.post(url("operator_run", operator, run.public_id), {"action": "recalculer"})
    assert again.status_code == 200
    assert "Cochez au moins une ligne" in again.content.decode()


def test_a_draft_is_found_by_its_member(operator, finance):
    run = drafted_run(operator=operator, members=2)
    member = OrganisationFactory._meta.model.objects.filter(adhesions__operator=operator).first()
    answer = finance.get(url("operator_run", operator, run.public_id), {"q": member.siren})
    assert [draft["member"] for draft in answer.context["drafts"]] == [member.name]
    assert answer.context["figures"][0]["value"] == "2"
    assert (
        "Aucun projet ne correspond"
        in finance.get(url("operator_run", operator, run.public_id), {"q": "zzz"}).content.decode()
    )


def test_approving_issues_every_draft(operator, finance):
    run = drafted_run(operator=operator, members=2)
    address = url("operator_run_approve", operator, run.public_id)
    question = finance.get(address).content.decode()
    assert "Approuver et émettre 2 factures (619,20\u00a0€ TTC)" in question
    assert state_of(run) == RunState.REVIEW
    answer = finance.post(address)
    assert answer.headers["Location"] == url("operator_run", operator, run.public_id)
    assert state_of(run) == RunState.ISSUING
    with as_worker():
        from billing import operations

        operations.issue_run(run_id=run.pk, now=timezone.now())
        numbers = list(Invoice.objects.order_by("sequence").values_list("number", flat=True))
    page = finance.get(url("operator_run", operator, run.public_id)).content.decode()
    assert all(number in page for number in numbers)
    assert "Titre proposé" in page


def test_approving_twice_tells_and_enqueues_once(operator, finance):
    run = drafted_run(operator=operator)
    address = url("operator_run_approve", operator, run.public_id)
    finance.post(address)
    answer = finance.post(address)
    assert answer.status_code == 302
    assert "Rechargez la page" in [str(message) for message in get_messages(answer.wsgi_request)][-1]
    assert [task for task, _ in jobs.waiting()].count("billing.tasks.issue_run") == 1
    assert finance.get(address).status_code == 302  # nothing left to approve


def test_an_incomplete_issuer_is_told_what_is_missing(operator, finance):
    run = drafted_run(operator=operator)
    with as_worker():
        Operator.objects.filter(pk=operator.pk).update(iban="")
    review = finance.get(url("operator_run", operator, run.public_id)).content.decode()
    assert "Une facture doit porter l’IBAN" in review
    assert url("operator_run_approve", operator, run.public_id) not in review
    answer = finance.post(url("operator_run_approve", operator, run.public_id))
    assert "l’IBAN" in answer.context["refused"]
    assert state_of(run) == RunState.REVIEW


def test_drafts_that_would_be_refused_are_named(operator, finance):
    run = drafted_run(operator=operator)
    with as_worker():
        member = Invoice.objects.select_related("tenant").get(run=run).tenant
        member.city = ""
        member.save()
    answer = finance.post(url("operator_run_approve", operator, run.public_id))
    assert answer.status_code == 200
    assert any(member.name in problem for problem in answer.context["problems"])
    assert state_of(run) == RunState.REVIEW


def test_a_run_without_draft_cannot_be_approved(operator, finance):
    run = drafted_run(operator=operator, members=0)
    page = finance.get(url("operator_run", operator, run.public_id)).content.decode()
    assert "Rien à facturer" in page
    assert finance.get(url("operator_run_approve", operator, run.public_id)).status_code == 302


@pytest.mark.parametrize("members", [1, 12])
def test_queries_of_the_review(members, operator, finance, snapshot):
    run = drafted_run(operator=operator, members=members)
    with snapshot_queries(snapshot(name="review")) as queries:
        finance.get(url("operator_run", operator, run.public_id))
    assert len(queries) == FRAME + 9


@pytest.mark.parametrize("runs", [1, 3])
def test_queries_of_the_runs(runs, operator, finance, snapshot):
    for year in range(2010, 2010 + runs):
        BillingRunFactory(operator=operator, period_start=f"{year}-01-01", period_end=f"{year + 1}-01-01")
    with snapshot_queries(snapshot(name="runs")):
        finance.get(url("operator_runs", operator))
