"""The pages of what is sent to Chorus Pro, and what each side reads of an invoice there."""

from datetime import date

import pytest
from django.urls import reverse

from billing import operations
from billing.anomalies import finding
from billing.models import Deposit, DepositState, SendingAccount
from billing.sending.accounts import transport_of
from marketplace.web.formats import moment
from marketplace.web.operator import sendings
from tenants.models import Establishment, Role
from tests.factories import (
    DepositFactory,
    InvoiceFileFactory,
    MembershipFactory,
    SendingAccountFactory,
    SendingFactory,
    SendingStatusFactory,
    drafted_run,
    issued_invoice,
)
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


def url(name, operator, *args):
    return reverse(name, args=[operator.slug, *args])


def issued(operator, *, members=1):
    from billing import approving
    from billing.models import Invoice

    run = drafted_run(operator=operator, members=members)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
        return list(Invoice.objects.filter(run=run).order_by("sequence"))


def test_the_account_is_typed_once_and_its_secrets_never_shown(operator, sign_in):
    admin = sign_in(Role.OPERATOR_ADMIN, operator)
    page = url("operator_sending_account", operator)
    typed = {"login": "TECH:1", "client_id": "piste", "since": "01/01/2026"}
    assert "Laissez vide" not in admin.get(page).content.decode()  # there is nothing to keep yet
    wrong = admin.post(page, typed).content.decode()
    for words in ("deux-points", "mot de passe du compte technique", "secret de l’application PISTE"):
        assert words in wrong
    assert 'value="TECH:1"' in wrong
    typed |= {"login": "TECH_1", "password": "pass:word", "client_secret": "the-secret"}
    answer = admin.post(page, typed, follow=True)
    assert "est enregistré" in answer.content.decode()
    admin.post(page, {**typed, "login": "TECH_2", "password": "", "client_secret": ""})  # secrets are kept
    with as_worker():
        account = SendingAccount.objects.get(operator=operator)
        credentials = transport_of(operator)._credentials
    assert (account.login, account.since) == ("TECH_2", date(2026, 1, 1))
    assert (credentials.password, credentials.client_secret) == ("pass:word", "the-secret")
    for secret in ("pass:word", "the-secret"):
        assert secret not in account.sealed
        assert secret not in admin.get(page).content.decode()
        assert secret not in repr(credentials)


def test_both_pages_say_since_when_the_portal_does_not_answer(operator, sign_in):
    account = SendingAccountFactory(operator=operator, silent_since=NOW)
    admin = sign_in(Role.OPERATOR_ADMIN, operator)
    account_page, finance = (
        url("operator_sending_account", operator),
        sign_in(Role.OPERATOR_FINANCE, operator),
    )
    since = f"rien de Chorus Pro depuis le {moment(NOW)}"
    assert since in admin.get(account_page).content.decode()
    assert since in finance.get(url("operator_sendings", operator)).content.decode()
    admin.post(
        account_page,
        {
            "login": account.login,
            "client_id": "other",
            "since": "01/01/2026",
            "password": "a",
            "client_secret": "b",
        },
    )
    assert "Chorus Pro ne répond pas" not in admin.get(account_page).content.decode()


def test_what_is_ready_goes_and_what_lacks_says_who_can_give_it(operator, sign_in):
    SendingAccountFactory(operator=operator)
    short, ready, without_file = issued(operator, members=3)
    for invoice in (short, ready):
        InvoiceFileFactory(invoice=invoice)
    Establishment.objects.filter(siret=short.buyer["siret"]).update(service_code_required=True)
    Establishment.objects.filter(siret=ready.buyer["siret"]).update(commitment_required=False)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    page = finance.get(url("operator_sendings", operator))
    assert [(row["number"], row["missing"][0].who) for row in page.context["lacking"]] == [
        (short.number, "l’adhérent"),
        (without_file.number, "Halle"),
    ]
    assert page.context["found"].ready == 1
    assert "Établissements et Chorus Pro" in page.content.decode()
    jobs.forget()

    answer = finance.post(url("operator_sendings", operator), {"action": "deposer"}, follow=True)

    assert "Une facture va être déposée" in answer.content.decode()
    with as_worker():
        assert Deposit.objects.get().sendings.get().invoice_id == ready.pk
    assert [name for name, _ in jobs.waiting()] == ["billing.tasks.deposit"]
    again = finance.post(url("operator_sendings", operator), {"action": "deposer"}, follow=True)
    assert "Rien n’est prêt" in again.content.decode()


def test_drafts_that_the_portal_would_refuse_are_shown_before_anything_is_issued(operator, sign_in):
    run = drafted_run(operator=operator)
    with as_worker():
        member = run.invoices.get().tenant
        member.establishments.update(commitment_required=True)
        finding.find(run=run, now=NOW)
    page = sign_in(Role.OPERATOR_FINANCE, operator).get(url("operator_sendings", operator))
    (row,) = page.context["drafts"]
    assert (row["member"], row["who"]) == (member.name, "l’adhérent")
    assert row["url"] == url("operator_run", operator, run.public_id)


def test_thousands_of_drafts_make_no_endless_page(operator, sign_in, monkeypatch):
    monkeypatch.setattr(sendings, "SHOWN", 2)
    run = drafted_run(operator=operator, members=3)
    with as_worker():
        Establishment.objects.filter(organisation__in=run.invoices.values("tenant")).update(
            commitment_required=True
        )
        finding.find(run=run, now=NOW)
    page = sign_in(Role.OPERATOR_FINANCE, operator).get(url("operator_sendings", operator))
    assert len(page.context["drafts"]) == 2
    for words in ("refuserait : 3", "Les 2 premiers sont ici"):
        assert words in page.content.decode()


def test_a_doubtful_deposit_is_settled_by_who_has_looked(operator, sign_in):
    invoice = issued_invoice(operator=operator)
    deposits = [
        DepositFactory(operator=operator, state=DepositState.DOUBTFUL, problem="Pas de réponse.")
        for _ in range(2)
    ]
    SendingFactory(deposit=deposits[0], invoice=invoice)
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    pages = [url("operator_deposit", operator, one.public_id) for one in deposits]
    assert deposits[0].file_name in finance.get(pages[0]).content.decode()
    assert "Indiquez le numéro de flux" in finance.post(pages[0], {"number": ""}).content.decode()

    finance.post(pages[0], {"number": "CPP0042"})
    finance.post(pages[1])
    late = finance.post(pages[0], {"number": "CPP0043"}, follow=True)

    assert "n’attend plus personne" in late.content.decode()
    with as_worker():
        states = [(one.state, one.number) for one in Deposit.objects.order_by("pk")]
    assert states == [(DepositState.SENT, "CPP0042"), (DepositState.PENDING, "")]


def test_each_side_reads_what_the_portal_said_in_its_words(operator, sign_in, client):
    invoice = issued_invoice(operator=operator)
    sending = SendingFactory(invoice=invoice, code="SUSPENDUE", lifecycle=208)
    for day, code, lifecycle, reason in (
        (22, "MISE_A_DISPOSITION", 203, ""),
        (23, "UN_CODE_INCONNU", None, ""),
        (24, "SUSPENDUE", 208, "Bon de commande illisible"),
    ):
        SendingStatusFactory(
            sending=sending, code=code, lifecycle=lifecycle, reason=reason, at=NOW.replace(day=day, month=11)
        )
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    page = finance.get(url("operator_invoice", operator, invoice.public_id)).content.decode()
    for words in ("Mise à disposition", "« UN_CODE_INCONNU »", "Suspendue", "Bon de commande illisible"):
        assert words in page
    assert "Complétez la facture sur Chorus Pro" in page
    client.force_login(MembershipFactory(organisation=invoice.tenant, role=Role.FINANCE).user)
    page = client.get(reverse("member_invoice", args=[invoice.tenant.siren, invoice.public_id]))
    assert [fact["label"] for fact in page.context["sent"]] == [
        "Reçue",
        "« UN_CODE_INCONNU »",
        "Suspendue : une pièce manque",
    ]


def test_queries(operator, sign_in, snapshot):
    SendingAccountFactory(operator=operator)
    for invoice in issued(operator, members=2):
        SendingFactory(invoice=invoice, deposit=DepositFactory(operator=operator))
    finance = sign_in(Role.OPERATOR_FINANCE, operator)
    with as_worker():
        one = Deposit.objects.first()
    for page in (url("operator_sendings", operator), url("operator_deposit", operator, one.public_id)):
        with snapshot_queries(snapshot):
            finance.get(page)
