"""Letters over real SMTP: a server that is up, down, slow, or says no."""

import logging
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tenants import letters
from tenants.models import Letter, LetterState
from tenants.tenancy import tenant_scope
from tests.factories import LetterFactory, OrganisationFactory
from tests.fakes.smtp import mail_server
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.ports import free_port
from tests.tools.threads import at_once

ADDRESS = "mairie@saint-essai.example"


@pytest.fixture
def server(settings):
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 0.5
        yield server


def written(key="test:1", tenant=None, **fields):
    tenant = tenant or OrganisationFactory()
    values = {"to": ADDRESS, "subject": "Une invitation", "body": "Été à Évreux.\n.\n", **fields}
    with transaction.atomic(), tenant_scope([tenant.pk]):
        return letters.write(tenant=tenant, key=key, now=timezone.now(), **values)


def sent_by_a_worker(letter, *, after=timedelta()):
    """One attempt, `after` that long; the letter as it then is."""
    with as_worker():
        letters.send(letter_id=letter.pk, now=timezone.now() + after)
        return Letter.objects.get(pk=letter.pk)


@pytest.mark.django_db
def test_a_letter_written_is_sent_once(server):
    letter = written()
    assert jobs.waiting() == [("tenants.tasks.send_letter", {"letter_id": letter.pk})]
    jobs.run_jobs()
    [message] = server.received
    assert (message["To"], message["Subject"]) == (ADDRESS, "Une invitation")
    assert message["Message-ID"] == letters.message_id("test:1")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == "Été à Évreux.\n.\n"
    letter = sent_by_a_worker(letter)
    assert (letter.state, letter.attempts, letter.problem) == (LetterState.SENT, 1, "")
    assert letter.sent_at is not None
    assert len(server.received) == 1


@pytest.mark.django_db
def test_the_same_key_is_the_same_letter(server):
    tenant = OrganisationFactory()
    assert written(tenant=tenant) == written(tenant=tenant, subject="Une autre")
    jobs.run_jobs()
    assert [message["Subject"] for message in server.received] == ["Une invitation"]


@pytest.mark.django_db
def test_a_subject_is_one_line(server):
    written(subject="Bonjour\r\nBcc: autre@example.org")
    jobs.run_jobs()
    [message] = server.received
    assert message["Subject"] == "Bonjour Bcc: autre@example.org"
    assert message["Bcc"] is None


@pytest.mark.django_db
def test_a_server_that_is_down_is_asked_again_less_and_less_then_given_up(server, settings, caplog):
    caplog.set_level(logging.DEBUG)
    settings.EMAIL_PORT = free_port()
    letter, passed, delays = written(), timedelta(), []
    while (letter := sent_by_a_worker(letter, after=passed)).state == LetterState.PENDING:
        delays.append(round((letter.run_after - timezone.now() - passed) / timedelta(minutes=1)))
        passed = letter.run_after - timezone.now() + timedelta(seconds=1)
    assert delays == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
    assert (letter.state, letter.attempts) == (LetterState.FAILED, letters.MAX_ATTEMPTS)
    assert letter.problem == letters.UNREACHABLE
    assert ADDRESS not in caplog.text
    assert "ConnectionRefusedError" in caplog.text


@pytest.mark.django_db
def test_a_server_that_comes_back_gets_the_letter(server, settings):
    up, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    letter = sent_by_a_worker(written())
    assert letter.state == LetterState.PENDING
    settings.EMAIL_PORT = up
    assert sent_by_a_worker(letter).state == LetterState.PENDING  # not due yet
    assert sent_by_a_worker(letter, after=timedelta(minutes=2)).state == LetterState.SENT
    assert len(server.received) == 1


@pytest.mark.django_db
def test_a_slow_server_is_not_waited_for(server):
    server.slow = 5
    began = timezone.now()
    letter = sent_by_a_worker(written())
    assert timezone.now() - began < timedelta(seconds=4)
    assert (letter.state, letter.problem) == (LetterState.PENDING, letters.UNREACHABLE)


@pytest.mark.django_db
def test_a_server_that_says_no_goodbye_has_taken_the_letter(server):
    server.silent_after_data = True
    assert sent_by_a_worker(written()).state == LetterState.SENT
    assert len(server.received) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("mood", "answer", "state", "problem"),
    [
        ("recipient", f"550 no {ADDRESS} here", LetterState.FAILED, letters.REFUSED_ADDRESS),
        ("recipient", f"451 {ADDRESS}: greylisted", LetterState.PENDING, letters.UNREACHABLE),
        ("data", "554 looks like spam", LetterState.FAILED, letters.REFUSED_LETTER),
        ("data", "452 disk full", LetterState.PENDING, letters.UNREACHABLE),
    ],
)
def test_a_refusal_is_for_good_or_for_now(server, caplog, mood, answer, state, problem):
    caplog.set_level(logging.DEBUG)
    setattr(server, mood, answer)
    letter = sent_by_a_worker(written())
    assert (letter.state, letter.problem, server.received) == (state, problem, [])
    assert ADDRESS not in caplog.text


@pytest.mark.django_db
def test_what_a_killed_worker_held_is_sent_again_under_the_same_name(server):
    held = LetterFactory(state=LetterState.SENDING, attempts=1, lease_until=timezone.now())
    lost = LetterFactory(run_after=timezone.now() - timedelta(minutes=2))
    LetterFactory(state=LetterState.SENDING, lease_until=timezone.now() + timedelta(minutes=1))
    with as_worker():
        letters.sweep(now=timezone.now() + timedelta(seconds=40))
        letters.sweep(now=timezone.now() + timedelta(seconds=40))  # what waits is not put there twice
    assert [args["letter_id"] for _, args in jobs.waiting()] == [held.pk, lost.pk]
    jobs.run_jobs()
    ids = {message["Message-ID"] for message in server.received}
    assert ids == {letters.message_id(held.key), letters.message_id(lost.key)}


@pytest.mark.django_db
def test_a_letter_that_kills_its_workers_is_given_up(server):
    past = timezone.now() - timedelta(minutes=1)
    letter = LetterFactory(state=LetterState.SENDING, attempts=letters.MAX_ATTEMPTS, lease_until=past)
    assert sent_by_a_worker(letter).state == LetterState.FAILED
    assert server.received == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_the_same_letter_send_it_once(server):
    letter = written()
    at_once(*[lambda: sent_by_a_worker(letter)] * 4)
    assert len(server.received) == 1
    assert sent_by_a_worker(letter).state == LetterState.SENT
