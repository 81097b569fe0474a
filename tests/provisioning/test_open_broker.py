"""The whole client of Open Service Broker against a library that others wrote, openbrokerapi 4.7.3, in a
process of its own.

What that library does otherwise than the specification 2.17, and what it means to Halle:
- an operation on credentials that are gone is answered by 500, where 410 is meant: taking them back is asked
  for again, and that is answered by 410;
- ConcurrencyError is forgotten for an opening, and an unknown instance for an update: 500 as well;
- `maintenance_info` and `predecessor_binding_id` never reach the vendor's code: it has no
  MaintenanceInfoConflict, and what rotates is asked for as any other credentials;
- neither ETag, nor Retry-After, nor `metadata.expires_at` of credentials: Halle does without;
- any version from a minimum on is welcome, and the version is judged before the password.
"""

import uuid
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import requests

from provisioning.catalogues import read_catalogues
from provisioning.connectors import ServiceRequest
from provisioning.connectors.osb.connector import OsbConnector
from provisioning.connectors.outcomes import Absent, Done, InProgress, NeedsPerson, Retry, Seen
from provisioning.models import Endpoint, StepState
from provisioning.models.run import Cause
from subscriptions.models import State
from tests.factories import prove
from tests.fakes.open_broker import AT_ONCE, LATER, PASSWORD, SERVICE, USERNAME, running
from tests.provisioning.test_bindings import closing, current, known, opening, rotated, to_its_end
from tests.tools.database import as_worker

WORDS = ("TEST_BROKER_PASSWORD", "TEST_WRONG_PASSWORD")


@pytest.fixture(scope="module")
def address():
    with running() as address:
        yield address


@pytest.fixture(autouse=True)
def _passwords(monkeypatch):
    for name, word in zip(WORDS, (PASSWORD, "autre"), strict=True):
        monkeypatch.setenv(name, word)


@pytest.fixture
def request_():
    """For an instance, and credentials, that nobody has asked for before."""
    return ServiceRequest(
        key=str(uuid.uuid4()), subscription_id="s-1", organisation_name="Commune de Saint-Essai",
        siren="213500001", insee_code="35001", operator_name="Mutu", binding=str(uuid.uuid4()),
        identity=str(uuid.uuid4()),
    )  # fmt: skip


def connector(address, plan=AT_ONCE, **config) -> OsbConnector:
    whole = {
        "url": address, "username": USERNAME, "password_variable": WORDS[0], "service_id": SERVICE,
        "plan_id": plan, "bindable": True, "retrievable": True,
    } | config  # fmt: skip
    return OsbConnector(OsbConnector.Config.model_validate(whole))


def held(address) -> dict:
    return requests.get(f"{address}/held", timeout=10).json()


def test_at_once(address, request_):
    vendor, url = connector(address), f"https://vendor.example/{request_.key}"
    assert vendor.look(request_) == Absent()
    assert vendor.ensure_open(request_) == Done(url=url)
    assert vendor.ensure_open(request_) == Done(url=url)
    assert vendor.look(request_) == Seen()
    changed = replace(request_, options=("sign", "arch"), counts={"agents": 12})
    assert vendor.look(changed) == Seen(), "what the broker does not say is no difference"
    assert vendor.ensure_changed(changed) == vendor.ensure_changed(changed) == Done()
    assert held(address)["instances"][request_.key][2] == {
        "options": ["arch", "sign"], "counts": {"agents": 12},
    }  # fmt: skip
    assert vendor.look(changed) == Seen()
    assert vendor.look(request_) == Seen(("d’autres options", "d’autres quantités"))
    given, again = vendor.ensure_bound(request_), vendor.ensure_bound(request_)
    assert given.credentials.values == again.credentials.values == held(address)["bindings"][request_.binding]
    assert vendor.ensure_unbound(request_) == vendor.ensure_unbound(request_) == Done()
    assert vendor.ensure_closed(request_) == vendor.ensure_closed(request_) == Done()
    assert vendor.look(request_) == Absent()


def test_later(address, request_):
    vendor = connector(address, LATER)

    def follow(outcome, poll):
        assert isinstance(outcome, InProgress)
        under_way = InProgress(operation=outcome.operation)
        assert poll(request_, outcome.operation) == under_way
        return poll(replace(request_, url=outcome.url), outcome.operation)

    opened = vendor.ensure_open(request_)
    assert vendor.ensure_open(request_) == opened, "asked again meanwhile, the same operation goes on"
    assert follow(opened, vendor.poll) == Done(url=f"https://vendor.example/{request_.key}")
    changed = replace(request_, counts={"agents": 12})
    under_way = vendor.ensure_changed(changed)
    with pytest.raises(Retry) as waits:
        vendor.ensure_changed(changed)
    assert waits.value.cause == Cause.BUSY
    assert follow(under_way, vendor.poll_changing) == Done()
    given = follow(vendor.ensure_bound(request_), vendor.poll_binding)
    assert given.credentials.values == held(address)["bindings"][request_.binding]
    assert follow(vendor.ensure_unbound(request_), vendor.poll_unbinding) == Done()
    assert vendor.ensure_unbound(request_) == Done()
    closed = vendor.ensure_closed(request_)
    assert follow(closed, vendor.poll_closing) == Done()
    assert vendor.poll_closing(request_, closed.operation) == Done(), "410: it was the answer that got lost"
    with pytest.raises(Retry) as lost:
        vendor.poll(request_, opened.operation)
    assert lost.value.afresh


def test_credentials_whose_end_got_lost_are_asked_to_end_again(address, request_):
    vendor = connector(address, LATER)
    vendor.ensure_open(request_)
    vendor.ensure_bound(request_)
    vendor.poll_binding(request_, "op-bind")
    vendor.poll_binding(request_, "op-bind")
    operation = vendor.ensure_unbound(request_).operation
    vendor.poll_unbinding(request_, operation)
    assert vendor.poll_unbinding(request_, operation) == Done()
    with pytest.raises(Retry) as lost:
        vendor.poll_unbinding(request_, operation)
    assert lost.value.afresh
    assert vendor.ensure_unbound(request_) == Done()


def test_what_a_person_is_told(address, request_):
    """Of what is refused: each another sentence, that says what to do."""
    vendor = connector(address)
    vendor.ensure_open(request_)
    other = replace(request_, siren="213500002")
    assert "d’autres caractéristiques" in vendor.ensure_open(other).reason
    impossible = replace(request_, key=str(uuid.uuid4()), options=("impossible",))
    assert "code 400" in vendor.ensure_open(impossible).reason
    stranger = connector(address, password_variable=WORDS[1])
    assert "le nom ou le mot de passe" in stranger.ensure_open(request_).reason
    assert "le nom ou le mot de passe" in stranger.ensure_closed(request_).reason
    unknown = connector(address, "cantine-or")
    assert "code 400" in unknown.ensure_open(replace(request_, key=str(uuid.uuid4()))).reason


def test_a_broker_of_another_version(request_):
    with running("--minor", "18") as address:
        refused = connector(address).ensure_open(request_)
        assert isinstance(refused, NeedsPerson)
        assert "la version 2.17" in refused.reason
        assert held(address) == {"instances": {}, "bindings": {}}


def test_a_plan_that_gives_credentials_only_later(address, request_):
    """Where its catalogue says that they cannot be fetched, they are asked for at once."""
    offered = {
        "bindable": True, "binding_rotatable": False, "instances_retrievable": True,
        "bindings_retrievable": False,
    }  # fmt: skip
    vendor = connector(address, LATER, offered=offered)
    vendor.ensure_open(request_)
    refused = vendor.ensure_bound(request_)
    assert isinstance(refused, NeedsPerson)
    assert "qu’en différé" in refused.reason
    assert request_.binding not in held(address)["bindings"]


@pytest.mark.django_db
@pytest.mark.parametrize("plan", [AT_ONCE, LATER])
def test_the_whole_life_of_a_service(address, now, plan):
    """Opened with its credentials, which are renewed, and closed: the vendor holds what Halle believes."""
    run = opening(SimpleNamespace(url=address), now=now)
    with as_worker():
        endpoint = Endpoint.objects.get()
        Endpoint.objects.update(config=endpoint.config | {"plan_id": plan})
        prove(Endpoint.objects.get())
        read_catalogues(now=now)
        assert (Endpoint.objects.get().mismatch, Endpoint.objects.get().offered["bindable"]) == ("", True)
    before = held(address)
    run, [opened, bind] = to_its_end(run, now=now)
    assert (run.finished_at is not None, current().state) == (True, State.ACTIVE)
    assert current().service_url == f"https://vendor.example/{opened.key}"
    assert ours(address, before) == {"instances": {opened.key}, "bindings": {bind.key}}
    assert known() == {bind.key: held(address)["bindings"][bind.key]}

    run, [bind, unbind] = to_its_end(rotated(current(), now=now, leaked=True), now=now)
    assert (run.finished_at is not None, unbind.state) == (True, StepState.DONE)
    assert ours(address, before) == {"instances": {opened.key}, "bindings": {bind.key}}
    assert known() == {bind.key: held(address)["bindings"][bind.key]}

    later = now + timedelta(days=1)
    run, steps = to_its_end(closing(now=later), now=later)
    assert [step.name for step in steps] == ["unbind", "close"]
    assert (run.finished_at is not None, known()) == (True, {})
    assert ours(address, before) == {"instances": set(), "bindings": set()}


def ours(address, before) -> dict[str, set]:
    """What the broker holds now, beyond what it held then."""
    return {name: set(there) - set(before[name]) for name, there in held(address).items()}
