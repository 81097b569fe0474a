"""Invoices deposited at Chorus Pro, followed there, and what happens when it does not answer."""

from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.core.files.storage import default_storage

from billing import approving, operations, recovery
from billing.models import Deposit, DepositState, Invoice, InvoiceFile, Sending, SendingStatus
from billing.sending import chorus_pro as client
from billing.sending import depositing, following
from billing.sending.accounts import account_of
from tenants.models import AuditEvent, Establishment, Letter
from tests.factories import UserFactory, drafted_run
from tests.factories.base import NOW
from tests.fakes import chorus_pro
from tests.fakes.chorus_pro import DEPOSIT, HISTORY, REPORT, SEARCH, Fault
from tests.tools import jobs
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


def issued(operator, *, members=1) -> list[Invoice]:
    """Invoices with their files, of as many members."""
    run = drafted_run(operator=operator, members=members)
    with as_worker():
        approving.approve_run(run=run, approved_by=run.started_by, now=NOW)
        operations.issue_run(run_id=run.pk, now=NOW)
    jobs.run_jobs()
    with as_worker():
        return list(Invoice.objects.filter(run=run).order_by("sequence"))


def asked(operator, *, by=None, refused=False) -> Deposit:
    with as_worker():
        (deposit,) = depositing.deposit_ready(
            operator=operator, by=by or UserFactory(), now=NOW, refused=refused
        )
    return deposit


def send(deposit: Deposit, *, now=NOW) -> Deposit:
    jobs.forget()
    with as_worker():
        depositing.send(deposit_id=deposit.pk, now=now)
        deposit.refresh_from_db()
    return deposit


def follow(deposit: Deposit, *, now=NOW) -> Deposit:
    with as_worker():
        following.follow(deposit_id=deposit.pk, now=now)
        deposit.refresh_from_db()
    return deposit


def _lose(path: str) -> None:
    default_storage.delete(path)


def _tamper(path: str) -> None:
    with default_storage.open(path, "wb") as stored:
        stored.write(b"%PDF autre")


def said_of(invoice: Invoice) -> list[tuple[str, int | None, str]]:
    with as_worker():
        rows = SendingStatus.objects.filter(sending__invoice=invoice).order_by("at", "pk")
        return [(row.code, row.lifecycle, row.reason) for row in rows]


def test_invoices_go_once_in_one_archive_and_are_followed_to_the_payment(portal, operator):
    first, second = issued(operator, members=2)
    by = UserFactory()
    deposit = asked(operator, by=by)
    with as_worker(), pytest.raises(depositing.NothingToDeposit):
        depositing.deposit_ready(operator=operator, by=by, now=NOW)  # pressed twice

    assert jobs.run_jobs() == ["billing.tasks.deposit"]
    with as_worker():
        deposit.refresh_from_db()
    (flow,) = portal.flows.values()
    assert flow["name"] == f"halle-{deposit.public_id}.tar.gz"
    assert set(portal.invoices) == {first.number, second.number}
    assert portal.invoices[first.number]["siret"] == first.buyer["siret"]
    assert (deposit.state, deposit.number) == (DepositState.SENT, *portal.flows)

    portal.happens(first.number, "MISE_A_DISPOSITION", at="2026-11-22T08:00:00.000+01:00")
    portal.page = 1  # the portal answers page by page
    with as_worker():
        following.follow_all()
    assert jobs.run_jobs() == ["billing.tasks.follow_deposit"]
    assert follow(deposit).state == DepositState.INTEGRATED
    assert said_of(first) == [("DEPOSEE", 200, ""), ("MISE_A_DISPOSITION", 203, "")]
    portal.happens(first.number, "MISE_EN_PAIEMENT", at="2026-12-02T08:00:00.000+01:00")
    portal.happens(second.number, "SUSPENDUE", at="2026-12-01T08:00:00", reason="Bon de livraison absent")
    portal.happens(second.number, "STATUT_DE_DEMAIN", at="2026-12-03T08:00:00")
    for _ in range(2):  # asked twice, kept once
        follow(deposit)
    assert said_of(first)[-1] == ("MISE_EN_PAIEMENT", 211, "")
    assert said_of(second) == [
        ("DEPOSEE", 200, ""),
        ("SUSPENDUE", 208, "Bon de livraison absent"),
        ("STATUT_DE_DEMAIN", None, ""),
    ]
    with as_worker():
        assert SendingStatus.objects.get(code="SUSPENDUE").at == datetime.fromisoformat("2026-12-01T08+01:00")
    jobs.run_jobs()
    (letter,) = mail.outbox
    assert letter.to == [by.email]
    assert "Bon de livraison absent" in letter.body
    assert portal.deposits() == 1


def test_what_the_report_refuses_is_told_and_goes_again_only_when_asked(portal, operator):
    good, bad = issued(operator, members=2)
    portal.unknown_sirets.add(bad.buyer["siret"])
    portal.analysed = False
    deposit = send(asked(operator))
    assert follow(deposit).state == DepositState.SENT  # under way

    portal.analyse(deposit.number)
    assert follow(deposit).state == DepositState.INTEGRATED
    assert said_of(good) == [("DEPOSEE", 200, "")]
    assert said_of(bad) == [("REJETEE_AU_DEPOT", 213, "Le destinataire n’est pas connu de Chorus Pro")]
    jobs.run_jobs()
    assert [letter.subject for letter in mail.outbox] == ["Factures rejetées par Chorus Pro"]
    with as_worker(), pytest.raises(depositing.NothingToDeposit):
        depositing.deposit_ready(operator=operator, by=UserFactory(), now=NOW)

    portal.unknown_sirets.clear()
    again = follow(send(asked(operator, refused=True)))
    assert (again.state, portal.flows[again.number]["name"]) == ("sent", f"halle-{again.public_id}.pdf")
    portal.analyse(again.number)
    assert follow(again).state == DepositState.INTEGRATED
    assert said_of(bad)[-1] == ("DEPOSEE", 200, "")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(DEPOSIT, works=True),
        Fault(DEPOSIT, works=True, hang=True),
        Fault(DEPOSIT, status=200, body=b"<html>", works=True),
        Fault(DEPOSIT, status=200, body=b'{"codeRetour": 0}', works=True),
    ],
    ids=["gateway", "slow", "no JSON", "no number"],
)
def test_a_lost_answer_is_looked_for_and_never_sent_again_blindly(portal, operator, monkeypatch, fault):
    monkeypatch.setattr(client, "DEPOSIT_SECONDS", 0.3)
    issued(operator)
    by = UserFactory()
    portal.faults.append(fault)
    portal.analysed = False
    deposit = send(asked(operator, by=by))
    assert deposit.state == DepositState.DOUBTFUL
    jobs.run_jobs()
    assert [letter.to for letter in mail.outbox] == [[by.email]]
    assert deposit.file_name in mail.outbox[0].body

    with as_worker():
        recovery.sweep(now=NOW + timedelta(days=1))
        following.follow_all()
    jobs.run_jobs()  # not read there yet: still unknown
    with as_worker():
        deposit.refresh_from_db()
    assert (deposit.state, portal.deposits()) == (DepositState.DOUBTFUL, 1)

    portal.analyse(next(iter(portal.flows)))
    with as_worker():
        depositing.find_lost(deposit_id=deposit.pk, now=NOW)
        deposit.refresh_from_db()
    assert (deposit.state, deposit.number) == (DepositState.SENT, *portal.flows)
    assert portal.deposits() == 1


def test_a_person_says_what_she_saw_at_the_portal(portal, operator):
    (invoice,) = issued(operator)
    portal.faults.append(Fault(DEPOSIT))
    deposit = send(asked(operator))
    assert deposit.state == DepositState.DOUBTFUL
    by = UserFactory()
    with as_worker():
        depositing.try_again(deposit=deposit, by=by, now=NOW)  # she has looked: it is not there
    assert "billing.tasks.deposit" in jobs.run_jobs()
    assert list(portal.invoices) == [invoice.number]
    with as_worker():
        deposit.refresh_from_db()
        assert deposit.state == DepositState.SENT
        for wrong in (
            lambda: depositing.try_again(deposit=deposit, by=by, now=NOW),
            lambda: depositing.say_number(deposit=deposit, number="CPP1", by=by, now=NOW),
        ):
            with pytest.raises(depositing.WrongDepositState):
                wrong()
        sentence = AuditEvent.objects.filter(what="sending.retried").get().sentence
    assert "après avoir vérifié que Chorus Pro ne l’a pas" in sentence


def test_a_killed_worker_leaves_a_doubt_and_a_duplicate_is_followed_where_it_first_went(portal, operator):
    bad, good = issued(operator, members=2)
    portal.unknown_sirets.add(bad.buyer["siret"])
    deposit = asked(operator)
    jobs.forget()
    with as_worker():
        depositing.move(deposit, to=DepositState.STARTED, now=NOW)
        recovery.sweep(now=NOW + timedelta(minutes=5))
        assert jobs.waiting() == []  # the call may still be going on
        recovery.sweep(now=NOW + timedelta(minutes=11))
    assert [name for name, _ in jobs.waiting()] == ["billing.tasks.deposit"]
    assert send(deposit, now=NOW + timedelta(minutes=11)).state == DepositState.DOUBTFUL
    assert portal.deposits() == 0
    # Somebody deposits it by hand, and says wrongly that it is not there.
    with as_worker():
        parcel = depositing._parcel(deposit)
        depositing.transport_of(operator).deposit(parcel)
        depositing.try_again(deposit=deposit, by=UserFactory(), now=NOW)
    assert follow(send(deposit)).state == DepositState.SENT
    first, second = portal.flows
    assert (portal.flows[second]["state"], deposit.number) == ("IN_REJETE", first)
    assert follow(deposit).state == DepositState.INTEGRATED
    assert said_of(good) == [("DEPOSEE", 200, "")]
    assert [code for code, *_ in said_of(bad)] == ["REJETEE_AU_DEPOT"]


def silent_since(operator):
    with as_worker():
        return account_of(operator).silent_since


def test_a_portal_that_is_down_is_asked_later_then_a_person(portal, operator):
    issued(operator)
    deposit = asked(operator)
    now = NOW
    for tries in range(1, depositing.MAX_TRIES):
        portal.faults.append(Fault(chorus_pro.TOKEN, status=503))
        assert send(deposit, now=now).state == DepositState.PENDING
        assert deposit.tries == tries
        assert send(deposit, now=now).tries == tries  # not due yet
        now = deposit.run_after
    portal.faults.append(Fault(chorus_pro.TOKEN, status=503))
    assert send(deposit, now=now).state == DepositState.NEEDS_PERSON
    assert portal.deposits() == 0
    assert silent_since(operator) == NOW  # since the first time
    with as_worker():
        depositing.try_again(deposit=deposit, by=UserFactory(), now=now)
    assert send(deposit, now=now).state == DepositState.SENT
    assert silent_since(operator) is None


def test_an_invoice_for_another_desk_is_sent_back_to_its_issuer(portal, operator):
    """« À recycler » has no number in the reform, and waits for the issuer all the same."""
    (invoice,) = issued(operator)
    deposit = follow(send(asked(operator)))
    portal.happens(invoice.number, "A_RECYCLER", at="2026-12-01T08:00:00", reason="Service inconnu")
    follow(deposit)
    assert said_of(invoice)[-1] == ("A_RECYCLER", None, "Service inconnu")
    with as_worker():
        letter = Letter.objects.get()
        assert following.to_follow().filter(pk=deposit.pk).exists()
    assert letter.subject == f"Facture {invoice.number} : à recycler"
    assert "Corrigez sur Chorus Pro le destinataire" in letter.body


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_lose, "Le fichier n’a pas pu être lu dans le stockage."),
        (_tamper, "Le fichier conservé ne correspond plus à son empreinte."),
    ],
)
def test_a_file_that_is_not_the_one_made_does_not_leave(portal, operator, spoil, why):
    sound, spoilt = issued(operator, members=2)
    deposit = asked(operator)
    with as_worker():
        spoil(InvoiceFile.objects.get(invoice=spoilt).path)
    deposit = send(deposit)
    assert deposit.state == DepositState.NEEDS_PERSON
    assert deposit.problem.startswith(f"Facture {spoilt.number}. {why}")
    assert sound.number not in deposit.problem
    assert deposit.number == ""


def test_each_time_that_somebody_is_asked_she_is_written_to(portal, operator):
    """The second refusal, the second suspension: what was put right once may go wrong again."""
    (invoice,) = issued(operator)
    deposit = asked(operator)
    refusal = {"status": 400, "body": b'{"error": "invalid_client"}'}
    portal.faults.append(Fault(chorus_pro.TOKEN, **refusal))
    assert send(deposit).state == DepositState.NEEDS_PERSON
    later = NOW + timedelta(hours=1)
    with as_worker():
        depositing.try_again(deposit=deposit, by=UserFactory(), now=later)
    portal.faults.append(Fault(chorus_pro.TOKEN, **refusal))
    assert send(deposit, now=later).state == DepositState.NEEDS_PERSON
    with as_worker():
        depositing.try_again(deposit=deposit, by=UserFactory(), now=later)
    send(deposit, now=later)
    for code, day in (("SUSPENDUE", 1), ("COMPLETEE", 2), ("SUSPENDUE", 3)):
        portal.happens(invoice.number, code, at=f"2026-12-0{day}T08:00:00")
        follow(deposit)
    with as_worker():
        subjects = list(Letter.objects.order_by("pk").values_list("subject", flat=True))
    assert subjects == [
        *["Dépôt sur Chorus Pro : à reprendre"] * 2,
        *[f"Facture {invoice.number} : suspendue"] * 2,
    ]


@pytest.mark.parametrize("path", [REPORT, SEARCH, HISTORY])
def test_following_goes_on_where_it_was_broken_off(portal, operator, path):
    (invoice,) = issued(operator)
    deposit = send(asked(operator))
    portal.faults.append(Fault(path))
    follow(deposit)
    assert said_of(invoice) == []
    assert silent_since(operator) is not None
    follow(deposit)
    assert said_of(invoice) == [("DEPOSEE", 200, "")]
    assert silent_since(operator) is None


def test_what_the_portal_does_not_tell_any_more_is_told(portal, operator):
    """A password that expired there, an analysis that never ends: nobody would look by herself."""
    issued(operator)
    portal.analysed = False
    deposit = send(asked(operator))
    for days in (0, 3):
        now = NOW + timedelta(days=days)
        portal.faults += [Fault(chorus_pro.TOKEN, status=400, body=b"{}")] * 2
        for _ in range(3):  # refused twice, then under way
            follow(deposit, now=now)
    with as_worker():
        subjects = list(Letter.objects.order_by("pk").values_list("subject", flat=True))
    told = "Chorus Pro ne dit plus rien de vos factures"
    assert subjects == [told, told, "Dépôt sur Chorus Pro : l’analyse dure"]


def test_a_wrong_secret_is_a_persons_and_is_written_nowhere(portal, operator, caplog):
    issued(operator)
    portal.faults.append(Fault(chorus_pro.TOKEN, status=400, body=b'{"error": "invalid_client"}'))
    deposit = send(asked(operator))
    assert deposit.state == DepositState.NEEDS_PERSON
    assert "Compte Chorus Pro" in deposit.problem
    jobs.run_jobs()
    with as_worker():
        kept = str(list(AuditEvent.objects.values())) + deposit.problem + caplog.text + mail.outbox[0].body
    for secret in (chorus_pro.PASSWORD, chorus_pro.CLIENT_SECRET):
        assert secret not in kept


def test_what_lacks_something_waits_and_five_hundred_make_a_flow(portal, operator, monkeypatch):
    first, second, third = issued(operator, members=3)
    Establishment.objects.filter(siret=first.buyer["siret"]).update(service_code_required=True)
    monkeypatch.setattr(depositing, "MAX_INVOICES", 1)
    with as_worker():
        deposits = depositing.deposit_ready(operator=operator, by=UserFactory(), now=NOW)
        went = [Sending.objects.get(deposit=deposit).invoice_id for deposit in deposits]
    assert went == [second.pk, third.pk]


def test_the_same_parcel_is_the_same_file():
    parcel = client.Parcel("halle-1", {"F2026-00001": b"one", "F2026-00002": b"two"})
    assert client.packed(parcel) == client.packed(parcel)
