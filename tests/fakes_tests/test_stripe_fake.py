"""The fake Stripe, driven by the real SDK and judged by Stripe's own specification."""

import contextlib
import http.server
import json
import subprocess
import sys
import threading
import time

import pytest
import requests
import stripe

from tests.fakes.stripe import judge, objects
from tests.fakes.stripe.server import running
from tests.tools.ports import free_port

KEY = "sk_test_" + "1234567890abcdefghijklmn"
SECRET = "whsec_for_these_tests"


class Receiver:
    """A webhook receiver that keeps what it gets and answers the statuses it is told, then 200."""

    def __init__(self):
        self.calls, self.statuses = [], []

    @contextlib.contextmanager
    def listening(self):
        calls, statuses = self.calls, self.statuses

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                calls.append((body, self.headers["Stripe-Signature"]))
                self.send_response(statuses.pop(0) if statuses else 200)
                self.end_headers()

            def log_message(self, *arguments):
                """Stay silent: pytest's output is for results."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stripe/webhook/1/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def eventually(condition, *, seconds=20):
    """Wait until `condition()` holds; the webhook thread is another thread, its moment is not ours."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never happened"
        time.sleep(0.02)


def client(base_url, **options):
    return stripe.StripeClient(
        KEY, base_addresses={"api": base_url}, stripe_version=objects.API_VERSION, **options
    )


def recorded(base_url):
    return requests.get(f"{base_url}/_fake/requests", timeout=5).json()


def issue_invoice(api, *, key="invoice:42", cents=64500):
    """Customer → draft → item → finalized, the way our settlement room does it."""
    customer = api.v1.customers.create(
        {"name": "Commune de Sainte-Rosalie", "email": "mairie@sainte-rosalie.example"},
        {"idempotency_key": f"{key}:customer"},
    )
    draft = api.v1.invoices.create(
        {
            "customer": customer.id,
            "collection_method": "send_invoice",
            "days_until_due": 30,
            "currency": "eur",
            "auto_advance": False,
            "metadata": {"halle_invoice": "42", "number": "ADN-2026-000042"},
            "payment_settings": {
                "payment_method_types": ["customer_balance"],
                "payment_method_options": {
                    "customer_balance": {
                        "funding_type": "bank_transfer",
                        "bank_transfer": {
                            "type": "eu_bank_transfer",
                            "eu_bank_transfer": {"country": "FR"},
                        },
                    }
                },
            },
        },
        {"idempotency_key": key},
    )
    api.v1.invoice_items.create(
        {
            "customer": customer.id,
            "invoice": draft.id,
            "amount": cents,
            "currency": "eur",
            "description": "Cantine – 860 habitants × 0,75 €",
            "period": {"start": 1767222000, "end": 1798758000},
        },
        {"idempotency_key": f"{key}:line:1"},
    )
    return api.v1.invoices.finalize_invoice(draft.id, {}, {"idempotency_key": f"{key}:finalize"})


@pytest.fixture
def fake():
    with running() as base_url:
        yield base_url


def test_an_invoice_is_issued_paid_by_transfer_and_announced_with_a_valid_signature():
    receiver = Receiver()
    with (
        receiver.listening() as webhook_url,
        running(webhook_url=webhook_url, webhook_secret=SECRET) as base_url,
    ):
        api = client(base_url)
        invoice = issue_invoice(api)
        assert (invoice.status, invoice.amount_due, invoice.total) == ("open", 64500, 64500)
        assert invoice.due_date - invoice.status_transitions.finalized_at == 30 * 86400

        requests.post(f"{base_url}/_fake/invoices/{invoice.id}/pay", timeout=5).raise_for_status()
        eventually(lambda: len(receiver.calls) == 2)
        paid = api.v1.invoices.retrieve(invoice.id)

    events = [stripe.Webhook.construct_event(body, signature, SECRET) for body, signature in receiver.calls]
    assert [event.type for event in events] == ["invoice.paid", "invoice.payment_succeeded"]
    assert {event.data.object["id"] for event in events} == {invoice.id}
    assert {event.api_version for event in events} == {objects.API_VERSION}
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 64500, 0)


def test_a_signature_made_with_another_secret_is_refused():
    receiver = Receiver()
    with receiver.listening() as url, running(webhook_url=url, webhook_secret="whsec_other") as base_url:
        invoice = issue_invoice(client(base_url))
        requests.post(f"{base_url}/_fake/invoices/{invoice.id}/pay", timeout=5)
        eventually(lambda: receiver.calls)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(*receiver.calls[0], SECRET)


def test_a_webhook_is_sent_again_until_accepted():
    receiver = Receiver()
    receiver.statuses += [500, 404]
    with receiver.listening() as url, running(webhook_url=url, webhook_secret=SECRET) as base_url:
        invoice = issue_invoice(client(base_url))
        requests.post(f"{base_url}/_fake/invoices/{invoice.id}/pay", timeout=5)
        eventually(lambda: len(receiver.calls) == 4)
        eventually(lambda: requests.get(f"{base_url}/_fake/deliveries", timeout=5).json() == [])
    ids = [json.loads(body)["id"] for body, _ in receiver.calls]
    assert sorted(ids.count(event_id) for event_id in set(ids)) == [2, 2]


def test_state_and_unsent_events_survive_a_restart(tmp_path):
    receiver, state = Receiver(), tmp_path / "stripe.sqlite3"
    nobody = "http://127.0.0.1:9/stripe/webhook/1/"
    with running(state=state, webhook_url=nobody, webhook_secret=SECRET) as base_url:
        invoice = issue_invoice(client(base_url))
        requests.post(f"{base_url}/_fake/invoices/{invoice.id}/pay", timeout=5)
    with (
        receiver.listening() as url,
        running(state=state, webhook_url=url, webhook_secret=SECRET) as base_url,
    ):
        eventually(lambda: len(receiver.calls) == 2)
        assert client(base_url).v1.invoices.retrieve(invoice.id).status == "paid"
        again = issue_invoice(client(base_url))
    assert again.id == invoice.id


def test_the_same_key_and_parameters_give_the_same_invoice(fake):
    first, second = issue_invoice(client(fake)), issue_invoice(client(fake))
    assert first.id == second.id
    assert len(client(fake).v1.invoices.list().data) == 1
    assert [request["replayed"] for request in recorded(fake)][:8] == [False] * 4 + [True] * 4


def test_the_same_key_with_other_parameters_is_refused(fake):
    issue_invoice(client(fake))
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client(fake).v1.customers.create({"name": "Autre"}, {"idempotency_key": "invoice:42:customer"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client(fake).v1.invoices.create({"customer": "cus_x"}, {"idempotency_key": "invoice:42:customer"})


def test_a_lost_answer_is_recovered_by_the_retry_with_the_same_key(fake):
    requests.post(f"{fake}/_fake/failures", json={"path": "/v1/invoices", "after": True}, timeout=5)
    issue_invoice(client(fake, max_network_retries=1))
    assert len(client(fake).v1.invoices.list().data) == 1
    assert [r["status"] for r in recorded(fake) if r["path"] == "/v1/invoices"][:2] == [500, 200]


def test_a_forgotten_key_makes_a_second_invoice_as_at_stripe_after_a_day(fake):
    issue_invoice(client(fake))
    requests.delete(f"{fake}/_fake/idempotency-keys", timeout=5)
    issue_invoice(client(fake))
    assert len(client(fake).v1.invoices.list().data) == 2


def test_errors_have_stripes_shape(fake):
    api = client(fake)
    with pytest.raises(stripe.InvalidRequestError) as missing:
        api.v1.invoices.retrieve("in_unknown")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as incomplete:
        api.v1.invoices.create({"currency": "eur"})
    assert (incomplete.value.param, incomplete.value.code) == ("customer", "parameter_missing")
    invoice = issue_invoice(api)
    with pytest.raises(stripe.InvalidRequestError) as frozen:
        api.v1.invoice_items.create(
            {"customer": invoice.customer, "invoice": invoice.id, "amount": 1, "currency": "eur"}
        )
    assert frozen.value.code == "invoice_not_editable"
    with pytest.raises(stripe.InvalidRequestError, match="re-finalize"):
        api.v1.invoices.finalize_invoice(invoice.id)


@pytest.mark.parametrize("key", ["sk_test_short", "pk_test_1234567890abcdefghijklmn", "sk_live_" + "a" * 24])
def test_a_wrong_key_is_401(fake, key):
    api = stripe.StripeClient(key, base_addresses={"api": fake})
    with pytest.raises(stripe.AuthenticationError):
        api.v1.accounts.retrieve_current()


def test_another_api_version_is_refused_and_ours_is_echoed(fake):
    headers = {"Authorization": f"Bearer {KEY}"}
    ours = requests.get(
        f"{fake}/v1/account", headers=headers | {"Stripe-Version": objects.API_VERSION}, timeout=5
    )
    assert ours.headers["Stripe-Version"] == objects.API_VERSION
    other = requests.get(f"{fake}/v1/account", headers=headers | {"Stripe-Version": "2020-08-27"}, timeout=5)
    assert other.status_code == 400


def test_the_pinned_version_is_the_sdks_own():
    assert stripe.api_version == objects.API_VERSION


def test_lists_page_expand_and_filter(fake):
    api = client(fake)
    for number in range(3):
        issue_invoice(api, key=f"invoice:{number}", cents=100 + number)
    api.v1.invoices.create({"customer": api.v1.customers.list().data[0].id, "currency": "eur"})
    amounts = [i.total for i in api.v1.invoices.list({"limit": 1, "status": "open"}).auto_paging_iter()]
    assert amounts == [102, 101, 100]
    expanded = api.v1.invoices.list({"expand": ["data.customer"], "limit": 1}).data[0]
    assert expanded.customer.name == "Commune de Sainte-Rosalie"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        api.v1.invoices.list({"expand": ["data.number"]})


def test_a_void_invoice_cannot_be_paid_and_a_draft_can_be_deleted(fake):
    api = client(fake)
    invoice = issue_invoice(api)
    assert api.v1.invoices.void_invoice(invoice.id).status == "void"
    assert requests.post(f"{fake}/_fake/invoices/{invoice.id}/pay", timeout=5).status_code == 400
    draft = api.v1.invoices.create({"customer": invoice.customer, "currency": "eur"})
    assert api.v1.invoices.delete(draft.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.invoices.delete(invoice.id)


def test_a_person_can_pay_from_the_page(fake):
    invoice = issue_invoice(client(fake), cents=123456)
    page = requests.get(fake, timeout=5).text
    assert "1\u202f234,56\u202f€" in page
    assert page.count("Simuler le virement") == 1
    after = requests.post(f"{fake}/factures/{invoice.id}/virement", timeout=5)
    assert "payée" in after.text
    assert "Simuler le virement" not in after.text


def test_it_runs_as_a_process_and_stops_on_sigterm(tmp_path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.stripe", "--port", str(port), "--state", tmp_path / "s.sqlite3"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert str(port) in process.stdout.readline()
        assert client(f"http://127.0.0.1:{port}").v1.accounts.retrieve_current().country == "FR"
    finally:
        process.terminate()
        process.communicate(timeout=10)
    assert process.returncode == 0


def everything_we_use(base_url):
    """One of each request our settlement room and dj-stripe send."""
    api = client(base_url)
    api.v1.accounts.retrieve_current()
    invoice = issue_invoice(api)
    api.v1.customers.retrieve(invoice.customer, {"expand": ["default_source", "sources"]})
    api.v1.customers.update(invoice.customer, {"metadata": {"a": "b"}})
    api.v1.customers.list({"email": "mairie@sainte-rosalie.example"})
    api.v1.invoice_items.list({"invoice": invoice.id})
    api.v1.invoices.update(invoice.id, {"metadata": {"a": "b"}})
    api.v1.invoices.send_invoice(invoice.id)
    api.v1.invoices.list({"customer": invoice.customer, "expand": ["data.customer"]})
    api.v1.invoices.line_items.list(invoice.id)
    requests.post(f"{base_url}/_fake/invoices/{invoice.id}/pay", timeout=5)
    api.v1.invoices.retrieve(invoice.id, {"expand": ["discounts", "lines.data.discounts"]})
    for event in api.v1.events.list({"types": ["invoice.paid"]}).data:
        api.v1.events.retrieve(event.id)
    for transaction in api.v1.balance_transactions.list().data:
        api.v1.balance_transactions.retrieve(transaction.id)
    api.v1.invoices.void_invoice(issue_invoice(api, key="invoice:43").id)
    api.v1.invoices.delete(api.v1.invoices.create({"customer": invoice.customer, "currency": "eur"}).id)


def test_stripe_itself_accepts_every_request_and_recognises_every_answer(fake):
    judge.install_or_skip()
    everything_we_use(fake)
    requests_sent = recorded(fake)
    assert {request["status"] for request in requests_sent} == {200}
    assert judge.replay(requests_sent) == []
    assert judge.wrong_answers(requests_sent) == []


def test_the_judge_refuses_what_stripe_would_refuse(fake):
    judge.install_or_skip()
    api = client(fake)
    api.v1.customers.create({"nom": "paramètre inconnu"})
    requests.get(f"{fake}/v1/factures", headers={"Authorization": f"Bearer {KEY}"}, timeout=5)
    api.v1.customers.create({"name": "juste"})
    refused = [request["params"] for request, _ in judge.replay(recorded(fake))]
    assert refused == [{"nom": "paramètre inconnu"}, {}]
    old_version = [{**request, "stripe_version": "2020-08-27"} for request in recorded(fake)[-1:]]
    assert len(judge.replay(old_version)) == 1


def test_the_judge_sees_a_wrong_answer(fake):
    judge.install_or_skip()
    issue_invoice(client(fake))
    customer, *_ = recorded(fake)
    del customer["answer"]["livemode"]
    customer["answer"] |= {"balance": "rien", "siret": "21350238800019"}
    found = " ".join(fault for _, fault in judge.wrong_answers([customer]))
    assert all(name in found for name in ("livemode", "balance", "siret"))


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_go_the_judge_is_skipped_with_a_reason_or_fails_in_ci(monkeypatch, tmp_path, ci, outcome):
    monkeypatch.setattr(judge, "BINARY", tmp_path / "absent")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="Go"):
        judge.install_or_skip()


def test_one_key_used_by_eight_at_once_makes_one_customer(fake):
    made = []

    def create():
        made.append(client(fake).v1.customers.create({"name": "x"}, {"idempotency_key": "race"}).id)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
