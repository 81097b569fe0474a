"""A run reviewed by exception from its page: seen, set aside, approved, confirmed by a second person."""

import pytest
from bs4 import BeautifulSoup
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing import approving, operations
from billing.models import Anomaly, BillingRun, Invoice, RunApproval, RunMove, RunState
from tenants.models import AuditEvent, Establishment, Role
from tests.factories import SecondPersonRuleFactory, drafted_run
from tests.factories.base import NOW
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def text(answer) -> str:
    return BeautifulSoup(answer.content, "html.parser").main.get_text(" ", strip=True)


def of(answer, selector) -> list:
    return BeautifulSoup(answer.content, "html.parser").select(selector)


@pytest.fixture
def finance(operator, sign_in):
    return sign_in(Role.OPERATOR_FINANCE, operator)


def test_only_drafts_with_remarks_are_read_and_one_wrong_member_holds_back_nobody(operator, finance):
    run = drafted_run(operator=operator, members=3, seen=False)
    address = url("operator_run", operator, run.public_id)
    with as_worker():
        wrong = Invoice.objects.filter(run=run).order_by("pk").first().tenant
        Establishment.objects.filter(organisation=wrong).update(commitment_required=True)
    finance.post(address, {"action": "verifier"})
    page = finance.get(address)
    assert [group["kind"] for group in page.context["groups"]] == ["commitment", "first"]
    assert "corrigez ou mettez de côté 1 projet bloqué" in text(page)
    assert not of(page, f'a[href="{url("operator_run_approve", operator, run.public_id)}"]')

    # All of one remark at once, with a note.
    finance.post(address, {"action": "tout-vu", "remarque": "first", "texte": "Relu avec Léa"})
    seen = text(finance.get(address, {"etat": "vues"}))
    assert seen.count("« Relu avec Léa »") == 3
    [group] = finance.get(address).context["groups"]
    [row] = group["rows"]

    # What blocks is set aside for a reason: without one, the page says so and keeps the person there.
    refused = finance.post(
        address, {"action": "cote", "remarque": "commitment", "ligne": row["id"], "texte": ""}
    )
    assert "Dites pourquoi" in text(refused)
    assert "<title>Erreur" in refused.content.decode()
    finance.post(
        address, {"action": "cote", "remarque": "commitment", "ligne": row["id"], "texte": "Numéro demandé"}
    )
    assert "Numéro demandé" in text(finance.get(address, {"etat": "cote"}))
    finance.post(url("operator_run_approve", operator, run.public_id))
    with as_worker():
        operations.issue_run(run_id=run.pk, now=NOW)
        assert Invoice.objects.issued().filter(run=run).count() == 2
        Establishment.objects.update(commitment_required=False)
    assert len(finance.get(address, {"etat": "emises"}).context["invoices"]) == 2

    # Put right elsewhere, it is taken back and issued in the same run.
    [left] = finance.get(address, {"etat": "cote"}).context["aside"]
    finance.post(address, {"action": "reprendre", "ligne": left["id"]})
    finance.post(url("operator_run_approve", operator, run.public_id))
    with as_worker():
        operations.issue_run(run_id=run.pk, now=NOW)
        run.refresh_from_db()
    assert run.state == RunState.ISSUED


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"action": "vu", "remarque": "first"},
        {"action": "vu", "remarque": "autre", "ligne": "1"},
        {"action": "vu", "remarque": "first", "ligne": ["²", "99999999999999999999", "-1"]},
        {"action": "reprendre", "ligne": "x\0"},
        {"action": "renvoyer"},
    ],
)
def test_what_cannot_be_done_is_said(sent, operator, finance):
    run = drafted_run(operator=operator, seen=False)
    answer = finance.post(url("operator_run", operator, run.public_id), sent, follow=True)
    assert answer.status_code == 200
    with as_worker():
        assert not Anomaly.objects.filter(seen_at__isnull=False).exists()


def test_a_second_person_confirms_above_the_amount(operator, sign_in, finance):
    """One invoice of 309,60 €: nobody else below 309,60 €, somebody else of the finance above."""
    SecondPersonRuleFactory(tenant=operator.organisation, above_cents=30_959)
    run = drafted_run(operator=operator)
    address, approve = (
        url(name, operator, run.public_id) for name in ("operator_run", "operator_run_approve")
    )
    first = finance.post(approve, follow=True)
    assert "Une deuxième personne doit maintenant confirmer" in first.content.decode()
    assert "Personne d’autre n’a le rôle des finances" in text(first)
    with as_worker():
        run.refresh_from_db()
        approval = RunApproval.objects.get(run=run)
    assert (run.state, approval.needs_second, approval.largest_cents) == (RunState.CONFIRMING, True, 30_960)
    # Whoever approved cannot confirm, nor can somebody of another role; the database holds it too.
    assert "Seule une autre personne" in text(finance.post(approve))
    admin = sign_in(Role.OPERATOR_ADMIN, operator)
    assert "Seule une autre personne" in text(admin.post(approve))
    with as_worker():
        itself = RunApproval.objects.filter(pk=approval.pk)
        with pytest.raises(IntegrityError, match="run_approval_second_is_another"), transaction.atomic():
            itself.update(confirmed_by=approval.approved_by_id, confirmed_at=NOW)
        with pytest.raises(IntegrityError, match="billing_run_confirmed_before_issue"), transaction.atomic():
            BillingRun.objects.filter(pk=run.pk).update(state=RunState.ISSUING)
    second = sign_in(Role.OPERATOR_FINANCE, operator)
    page = second.get(address)
    assert of(page, f'a[href="{approve}"]')
    assert "Confirmer et émettre 1 facture" in text(second.get(approve))
    second.post(approve)
    with as_worker():
        run.refresh_from_db()
        approval.refresh_from_db()
        assert AuditEvent.objects.filter(what="billing.run_confirmed").exists()
    assert run.state == RunState.ISSUING
    assert approval.confirmed_by_id not in (None, approval.approved_by_id)


def test_the_amount_itself_needs_nobody_else(operator, finance):
    SecondPersonRuleFactory(tenant=operator.organisation, above_cents=30_960)
    run = drafted_run(operator=operator)
    finance.post(url("operator_run_approve", operator, run.public_id))
    with as_worker():
        run.refresh_from_db()
    assert run.state == RunState.ISSUING


def test_what_was_approved_is_sent_back_or_goes_back_when_drawn_again(operator, finance):
    SecondPersonRuleFactory(tenant=operator.organisation, above_cents=0)
    run = drafted_run(operator=operator, members=2)
    finance.post(url("operator_run_approve", operator, run.public_id))
    sent = {"action": "renvoyer", "texte": "À\0 revoir " + "!" * 300}
    finance.post(url("operator_run", operator, run.public_id), sent)
    with as_worker():
        run.refresh_from_db()
        assert (run.state, run.approved_by) == (RunState.REVIEW, None)
        assert RunMove.objects.filter(run=run).latest("pk").reason == "À revoir " + "!" * 191
    finance.post(url("operator_run_approve", operator, run.public_id))
    from billing.redrawing import draw_again

    with as_worker():
        # Each by a copy of the run of its own: the second goes back once.
        for draft in run.invoices.select_related("run"):
            draw_again(draft.run, draft.tenant_id, without={0}, added=[], now=NOW)
        run.refresh_from_db()
        assert run.state == RunState.REVIEW
        assert RunMove.objects.filter(run=run).latest("pk").reason == approving.CHANGED_MEANWHILE


def test_the_rule_is_set_by_an_administrator(operator, sign_in):
    admin = sign_in(Role.OPERATOR_ADMIN, operator)
    address = url("operator_second_person", operator)
    wrong = admin.post(address, {"above": "beaucoup"})
    assert "n’est pas un montant" in text(wrong)
    assert of(wrong, "input[value=beaucoup]")
    admin.post(address, {"above": "5 000"})
    admin.post(address, {"above": "5000,00 €"})  # the same: nothing is written
    assert "5\u202f000,00\u00a0€ TTC" in text(admin.get(address))
    admin.post(address, {"above": ""})
    assert "une seule personne approuve" in text(admin.get(address))
    with as_worker():
        changes = [event.changes for event in AuditEvent.objects.filter(what="operator.second_person_set")]
    assert sorted(changes, key=str) == [{"above_cents": [500_000, None]}, {"above_cents": [None, 500_000]}]


@pytest.mark.parametrize("members", [1, 12])
def test_queries_of_the_remarks(members, operator, finance, snapshot):
    run = drafted_run(operator=operator, members=members, seen=False)
    with snapshot_queries(snapshot(name="remarks")):
        finance.get(url("operator_run", operator, run.public_id))
