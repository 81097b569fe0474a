"""The webhook connector before answers of every sort, and the signatures."""

import time
from dataclasses import replace

import pytest

from provisioning.connectors import ServiceRequest, calling
from provisioning.connectors.outcomes import Done, InProgress, NeedsPerson, Retry, Way
from provisioning.connectors.webhook.connector import WebhookConnector
from provisioning.connectors.webhook.signing import (
    SecretUnusable,
    SignatureRefused,
    key_of,
    signed,
    verified_id,
)
from provisioning.models import Event
from tests.fakes.webhooks import OLD_SECRET, SECRET, Answer, vendor_listening

REQUEST = ServiceRequest(
    key="9f2c", subscription_id="s-1", organisation_name="Commune de Saint-Essai", siren="213500001",
    insee_code="35001", operator_name="Mutu", options=("sign", "arch"), counts={"agents": 12},
    delivery="step-1", callback="https://halle.example/api/v1/callbacks/1-1.abc/",
)  # fmt: skip


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", SECRET)
    with vendor_listening() as vendor:
        yield vendor


def connector(vendor, **more) -> WebhookConnector:
    config = {
        "url": f"{vendor.url}/halle?token=of-the-vendor",
        "secret_variable": "TEST_WEBHOOK_SECRET",
        "callback_secret_variable": "TEST_CALLBACK_SECRET",
        **more,
    }
    return WebhookConnector(WebhookConnector.Config.model_validate(config))


def test_the_message_follows_both_specifications(vendor):
    connector(vendor).ensure_open(REQUEST)
    [message] = vendor.messages
    assert message.headers["content-type"] == "application/cloudevents+json"
    assert message.id == "step-1"
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60
    assert message.signed_with(SECRET)
    event = message.json()
    # CloudEvents 1.0, "REQUIRED attributes" and JSON event format.
    assert (event["specversion"], event["id"], event["datacontenttype"]) == (
        "1.0",
        "step-1",
        "application/json",
    )
    assert event["source"]
    assert event["type"] == "eu.halle.subscription.activate"
    assert event["subject"] == "s-1"
    assert all(name.isalnum() and name.islower() for name in event)
    assert event["data"] == {
        "instance": "9f2c",
        "subscription": "s-1",
        "organisation": {"name": "Commune de Saint-Essai", "siren": "213500001", "insee_code": "35001"},
        "operator": "Mutu",
        "options": ["arch", "sign"],
        "counts": {"agents": 12},
        "suspended": False,
        "callback": "https://halle.example/api/v1/callbacks/1-1.abc/",
    }


def test_the_same_message_at_every_attempt(vendor):
    vendor.answers = [Answer(500)]
    with pytest.raises(Retry):
        connector(vendor).ensure_open(REQUEST)
    connector(vendor).ensure_open(REQUEST)
    first, second = vendor.messages
    assert (first.id, first.body) == (second.id, second.body)


def test_each_event_has_its_type(vendor):
    asked = connector(vendor, suspends=True)
    tellings = [
        asked.ensure_open,
        asked.ensure_changed,
        asked.ensure_suspended,
        asked.ensure_resumed,
        asked.ensure_closed,
    ]
    for number, tell in enumerate(tellings):
        tell(replace(REQUEST, delivery=f"step-{number}", suspended=tell == asked.ensure_suspended))
    assert [message.json()["type"] for message in vendor.messages] == [
        f"eu.halle.subscription.{event}" for event in ("activate", "change", "suspend", "resume", "close")
    ]
    suspended = [message.json()["data"]["suspended"] for message in vendor.messages]
    assert suspended == [False, False, True, False, False]


def test_what_a_vendor_cannot_suspend_is_a_persons_task(vendor):
    asked = connector(vendor)
    assert asked.way_of(Event.SUSPEND) == Way.PERSON
    assert asked.way_of(Event.CLOSE) == Way.MACHINE
    assert isinstance(asked.ensure_suspended(REQUEST), NeedsPerson)
    assert isinstance(asked.ensure_resumed(REQUEST), NeedsPerson)
    assert vendor.messages == []


def test_a_key_that_is_replaced_signs_beside_the_new_one(vendor, monkeypatch):
    monkeypatch.setenv("TEST_OLD_SECRET", OLD_SECRET)
    connector(vendor, previous_secret_variable="TEST_OLD_SECRET").ensure_open(REQUEST)
    monkeypatch.delenv("TEST_OLD_SECRET")
    connector(vendor, previous_secret_variable="TEST_OLD_SECRET").ensure_open(REQUEST)
    both, new = vendor.messages
    assert both.signed_with(SECRET)
    assert both.signed_with(OLD_SECRET)
    assert new.signed_with(SECRET)
    assert " " not in new.headers["webhook-signature"]


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_short", "whsec_not base 64 at all, really not!"])
def test_without_a_secret_nothing_is_sent(vendor, monkeypatch, secret):
    monkeypatch.setenv("TEST_WEBHOOK_SECRET", secret)
    outcome = connector(vendor).ensure_open(REQUEST)
    assert isinstance(outcome, NeedsPerson)
    assert secret not in outcome.reason or not secret
    assert vendor.messages == []


def test_what_is_sent_and_answered_is_kept_without_secret(vendor):
    vendor.answers = [Answer(200, b'{"state": "done"}\0\xff' + b" " * 10_000)]
    with pytest.raises(Retry) as refusal:
        connector(vendor).ensure_open(REQUEST)
    exchange = refusal.value.exchange
    [message] = vendor.messages
    assert exchange.sent.encode() == message.body
    assert (exchange.message_id, exchange.url, exchange.status) == ("step-1", f"{vendor.url}/halle", 200)
    assert len(exchange.answered) == 4_000
    assert "\0" not in exchange.answered


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(), Done(url="https://vendor.example/1")),
        (Answer(201), Done(url="https://vendor.example/1")),
        (Answer(200, b'{"state": "done"}'), Done()),
        (Answer(200, b'{"state": "done", "url": "javascript:alert(1)"}'), Done()),
        (Answer(200, b'{"state": "done", "url": 12}'), Done()),
        (Answer(200, b'{"state": "in progress"}'), InProgress("activate", calls_back_within=72 * 3600)),
        (Answer(202, b""), InProgress("activate", calls_back_within=72 * 3600)),
        (Answer(202, b"<html>"), InProgress("activate", calls_back_within=72 * 3600)),
        (
            Answer(202, b'{"url": "https://vendor.example/1"}'),
            InProgress("activate", url="https://vendor.example/1", calls_back_within=72 * 3600),
        ),
        (
            Answer(200, b'{"state": "failed", "message": "plus de\\u0000 place"}'),
            NeedsPerson("L’éditeur dit qu’il n’a pas réussi."),
        ),
        (
            Answer(200, b'{"state": "failed", "message": "plus de\\n place"}'),
            NeedsPerson("L’éditeur dit qu’il n’a pas réussi : « plus de place »"),
        ),
    ],
)
def test_what_an_answer_means(vendor, answer, outcome):
    vendor.answers = [answer]
    assert connector(vendor).ensure_open(REQUEST) == outcome


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422])
def test_a_refusal_needs_a_person(vendor, status):
    vendor.answers = [Answer(status, b"<html>no</html>")]
    assert isinstance(connector(vendor).ensure_open(REQUEST), NeedsPerson)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Answer(500), "broken"),
        (Answer(503), "broken"),
        (Answer(408), "timeout"),
        (Answer(429), "busy"),
        (Answer(302, headers={"Location": "http://127.0.0.1:1/"}), "unreadable"),
        (Answer(204, b""), "unreadable"),
        (Answer(200, b"<html>Welcome to the proxy</html>"), "unreadable"),
        (Answer(200, b"[]"), "unreadable"),
        (Answer(200, b'{"state": "perhaps"}'), "unreadable"),
        (Answer(200, b"[" * 100_000), "unreadable"),
        (Answer(200, b'{"state": "done", "url": "' + b"a" * 1024 * 1024), "unreadable"),
        (Answer(hang=True), "timeout"),
    ],
)
def test_what_says_nothing_is_asked_again_and_never_in_doubt(vendor, answer, cause, monkeypatch):
    """The same message again mends whatever was begun: there is nothing to delete."""
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.3 if answer.hang else 30)
    vendor.answers = [answer]
    with pytest.raises(Retry) as refusal:
        connector(vendor).ensure_open(REQUEST)
    assert (refusal.value.cause, refusal.value.doubtful) == (cause, False)
    assert refusal.value.exchange.sent
    assert len(vendor.messages) == 1


def test_a_vendor_that_does_not_call_back_is_told_once_more_then_a_person_is_asked(vendor):
    vendor.answers = [Answer(202, b""), Answer(202, b"")]
    waiting = connector(vendor, callback_hours=5)
    assert waiting.ensure_open(REQUEST) == InProgress("activate", calls_back_within=5 * 3600)
    assert waiting.poll(REQUEST, "activate") == NeedsPerson("L’éditeur n’a pas rappelé au bout de 5 heures.")
    assert waiting.poll(REQUEST, "activate") == Done(url="https://vendor.example/1")
    assert len({message.body for message in vendor.messages}) == 1


def test_a_private_address_is_not_called(vendor, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    with pytest.raises(calling.AddressRefused):
        connector(vendor).ensure_open(REQUEST)
    with pytest.raises(calling.AddressRefused):
        connector(vendor, url="https://127.0.0.1:1/").ensure_open(REQUEST)
    assert vendor.messages == []


# Made with the reference implementation of the specification's authors.
VECTORS = [
    (SECRET, b'{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    (SECRET, '{"état": "prêt"}'.encode(), "v1,WxHwgQ2w19QzlOYK8ua2HTggxKdItUNYaWorMy9iU6c="),
    (
        "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        b'{"test": 2432232314}',
        "v1,78nXHjpFP0tVJQW5D0SBwmVyyW87BV/rL6MgfM/Bw44=",
    ),
]
MESSAGE = {"message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "timestamp": 1614265330}


@pytest.mark.parametrize(("secret", "body", "signature"), VECTORS)
def test_signatures_are_those_of_the_reference(secret, body, signature):
    headers = signed([key_of(secret)], body=body, **MESSAGE)
    assert headers["webhook-signature"] == signature
    assert (
        verified_id([key_of(secret)], headers=headers, body=body, timestamp=1614265330)
        == headers["webhook-id"]
    )


@pytest.mark.parametrize("off", [-300, -1, 0, 299, 300])
def test_five_minutes_of_clock_skew_both_ways(off):
    headers = signed([key_of(SECRET)], body=b"{}", **MESSAGE)
    assert verified_id([key_of(SECRET)], headers=headers, body=b"{}", timestamp=1614265330 + off)


@pytest.mark.parametrize("off", [-301, 301, -(10**9), 10**9])
def test_more_is_refused_even_if_well_signed(off):
    headers = signed([key_of(SECRET)], body=b"{}", **MESSAGE)
    with pytest.raises(SignatureRefused, match="cinq minutes"):
        verified_id([key_of(SECRET)], headers=headers, body=b"{}", timestamp=1614265330 + off)


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": ""},
        {"webhook-id": "a" * 201},
        {"webhook-id": "msg 1"},
        {"webhook-id": "msg\n1"},
        {"webhook-id": "é"},
        {"webhook-id": "msg_another"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "-1614265330"},
        {"webhook-timestamp": "1614265330.0"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": "1614265331"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        {"webhook-signature": "é"},
        {"webhook-signature": "\ud800"},
    ],
)
def test_what_is_not_signed_as_it_should_is_refused(headers):
    good = signed([key_of(SECRET)], body=b"{}", **MESSAGE)
    with pytest.raises(SignatureRefused):
        verified_id([key_of(SECRET)], headers=good | headers, body=b"{}", timestamp=1614265330)


def test_another_body_or_another_key_is_refused_and_one_good_signature_is_enough():
    keys = [key_of(SECRET), key_of(OLD_SECRET)]
    good = signed(keys, body=b"{}", **MESSAGE)
    for trusted in keys:
        assert verified_id([trusted], headers=good, body=b"{}", timestamp=1614265330)
    with pytest.raises(SignatureRefused):
        verified_id(keys, headers=good, body=b"{} ", timestamp=1614265330)
    with pytest.raises(SignatureRefused):
        verified_id([b"0" * 24], headers=good, body=b"{}", timestamp=1614265330)


def test_a_secret_is_24_to_64_bytes():
    assert len(key_of("whsec_" + "A" * 32)) == 24
    for secret in ("whsec_" + "A" * 28, "whsec_" + "A" * 92, "whsec_é", "A"):
        with pytest.raises(SecretUnusable):
            key_of(secret)
