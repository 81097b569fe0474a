"""The Terraform connector with the real binary, states in a real store, and a module that makes something."""

import json
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pydantic import ValidationError

from provisioning.connectors import ServiceRequest
from provisioning.connectors.outcomes import Done, NeedsPerson, Retry, Way
from provisioning.connectors.terraform import running, state
from provisioning.connectors.terraform.connector import TerraformConnector
from provisioning.connectors.terraform.state import Lock
from provisioning.models import Cause, Event
from tests.fakes.terraform import MODULES, SECRET, missing

REQUEST = ServiceRequest(
    key="", subscription_id="s-1", organisation_name='Saint-"Essai" ${var.siren}', siren="213500001",
    insee_code="35001", operator_name="Mutu", options=("sign", "arch"), counts={"agents": 12},
)  # fmt: skip


@pytest.fixture
def request_(request):
    """Of an instance of its own."""
    return replace(REQUEST, key=request.node.name.replace("[", "-").rstrip("]"))


def office(store, request_) -> dict | None:
    made = store.read(f"/offices/{request_.key}.json")
    return made and json.loads(made)


def test_a_module_opens_changes_suspends_and_closes_for_real(terraform, store, request_):
    connector = terraform(suspends=True)
    assert connector.ensure_open(request_) == Done(url=f"https://office.example/{request_.key}")
    assert office(store, request_) == {
        "siren": "213500001",
        "name": 'Saint-"Essai" ${var.siren}',  # never read as Terraform's own words
        "options": ["arch", "sign"],
        "counts": {"agents": 12},
        "suspended": False,
    }
    assert connector.ensure_open(request_) == Done(url=f"https://office.example/{request_.key}")
    connector.ensure_changed(replace(request_, options=(), counts={"agents": 20}))
    assert (office(store, request_)["options"], office(store, request_)["counts"]) == ([], {"agents": 20})
    connector.ensure_suspended(replace(request_, suspended=True))
    assert office(store, request_)["suspended"] is True
    connector.ensure_resumed(request_)
    assert office(store, request_)["suspended"] is False
    kept = store.read(f"/states/instances/{request_.key}.tfstate")
    assert json.loads(kept)["resources"]
    assert connector.ensure_closed(request_) == Done()
    assert office(store, request_) is None
    assert connector.ensure_closed(request_) == Done()
    assert json.loads(store.read(f"/states/instances/{request_.key}.tfstate"))["resources"] == []


def test_a_plan_is_read_then_carried_out_exactly(terraform, store, request_):
    asking = terraform(confirm=True)
    waiting = asking.ensure_open(request_)
    assert (waiting.reason, office(store, request_)) == (
        "Lire ce que Terraform va faire, et l’accepter.",
        None,
    )
    assert "1 to add, 0 to change, 0 to destroy" in waiting.proposed.text
    assert "bytes" not in repr(waiting.proposed)
    name = default_storage.save("proposals/of-the-test", ContentFile(waiting.proposed.content))
    # What is asked for since is not in the plan that was read.
    agreed = replace(request_, agreed_plan=name, counts={"agents": 99})
    assert asking.ensure_open(agreed) == Done(url=f"https://office.example/{request_.key}")
    assert office(store, request_)["counts"] == {"agents": 12}
    # The worker died before it could say so: the plan is out of date, and there is another to read.
    again = asking.ensure_open(agreed)
    assert "0 to add, 1 to change, 0 to destroy" in again.proposed.text
    assert asking.ensure_open(replace(request_, agreed_plan=name)) == Done(
        url=f"https://office.example/{request_.key}"
    )
    closing = asking.ensure_closed(request_)
    assert "1 to destroy" in closing.proposed.text
    assert office(store, request_)
    name = default_storage.save("proposals/of-the-closing", ContentFile(closing.proposed.content))
    assert asking.ensure_closed(replace(request_, agreed_plan=name)) == Done()
    assert office(store, request_) is None


def test_its_sensitive_outputs_are_its_credentials(terraform, request_, monkeypatch):
    monkeypatch.setenv("TOKEN_OF_THE_VENDOR", "t0p")
    connector = terraform(environment={"TF_VAR_token": "TOKEN_OF_THE_VENDOR"}, bindable=True)
    connector.ensure_open(request_)
    bound = connector.ensure_bound(replace(request_, binding="b-1"))
    assert dict(bound.credentials.values) == {"hidden": "https://office.example/?token=t0p"}
    assert "t0p" not in repr(bound)
    assert isinstance(connector.ensure_bound(replace(request_, predecessor="b-0")), NeedsPerson)


def test_what_somebody_took_away_is_made_again(terraform, store, request_):
    terraform().ensure_open(request_)
    store.ask("DELETE", f"/offices/{request_.key}.json")
    terraform().ensure_open(request_)
    assert office(store, request_)


def test_two_at_once_one_waits_for_the_other_and_the_service_is_made_once(terraform, store, request_):
    connector, came = terraform(variables={"wait": 3}), []

    def open_it():
        try:
            came.append(connector.ensure_open(request_))
        except Retry as problem:
            came.append(problem)

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(isinstance(one, Done) for one in came)
    assert all(isinstance(one, Done) or one.cause == Cause.BUSY for one in came)
    assert len(json.loads(store.read(f"/states/instances/{request_.key}.tfstate"))["resources"]) == 1


def lock(store, request_, *, age: timedelta) -> None:
    """As a dead run leaves it."""
    held = {
        "ID": "8a4ab1f4-3ad0-3d8a-8bd8-4d1b29a8c4f9",
        "Operation": "OperationTypeApply",
        "Info": "",
        "Who": "root@gone",
        "Version": "1.11.4",
        "Created": (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "Path": f"states/instances/{request_.key}.tfstate",
    }
    path = f"/states/instances/{request_.key}.tfstate.tflock"
    assert store.ask("PUT", path, json.dumps(held).encode()).status_code == 200


def test_a_lock_is_waited_for_and_that_of_a_dead_run_is_broken(terraform, store, request_):
    lock(store, request_, age=timedelta(minutes=125))
    with pytest.raises(Retry) as refusal:
        terraform().ensure_open(request_)
    assert (refusal.value.cause, refusal.value.doubtful) == (Cause.BUSY, False)
    assert office(store, request_) is None
    lock(store, request_, age=timedelta(minutes=135))
    assert isinstance(terraform().ensure_open(request_), Done)
    assert store.read(f"/states/instances/{request_.key}.tfstate.tflock") is None


def test_a_lock_of_unknown_age_is_never_broken():
    now = datetime.now(UTC)
    assert not Lock(id="x", taken_at=None).is_dead(now=now)
    assert not Lock(id="x", taken_at=now + timedelta(hours=5)).is_dead(now=now)


def test_what_lasts_too_long_is_stopped_with_its_children_and_goes_on_the_next_time(
    terraform, store, request_, monkeypatch
):
    """Told to stop, Terraform keeps what it made and gives its lock back."""
    # Short: a plugin's socket lies below, and its address may have a hundred letters only.
    own = tempfile.mkdtemp(prefix="t")
    run = running.Workplace.run

    def hurried(place, *arguments, seconds=None):
        return run(place, *arguments, seconds=4 if arguments[0] == "apply" else seconds)

    with monkeypatch.context() as patched:
        patched.setattr(running.Workplace, "run", hurried)
        patched.setattr(tempfile, "tempdir", own)
        with pytest.raises(Retry) as refusal:
            terraform(variables={"wait": 60}).ensure_open(request_)
    assert refusal.value.cause == Cause.TIMEOUT
    assert not [one for one in psutil.process_iter(["environ"]) if _lives_in(own, one)]
    shutil.rmtree(own)
    assert isinstance(terraform().ensure_open(request_), Done)
    assert office(store, request_)


def _lives_in(folder, process) -> bool:
    """Other tests may run other commands at this moment."""
    return (process.info["environ"] or {}).get("HOME", "").startswith(folder)


def test_a_command_that_hears_nothing_is_killed(settings, tmp_path, monkeypatch):
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\ntrap '' INT TERM\nsleep 30 & wait; wait\n")
    deaf.chmod(0o755)
    (tmp_path / "modules" / "m").mkdir(parents=True)
    settings.TERRAFORM = settings.TERRAFORM | {"binary": str(deaf), "modules": str(tmp_path / "modules")}
    monkeypatch.setattr(running, "GRACE_SECONDS", 1)
    with running.workplace(module="m", environment={}, seconds=1) as place:
        began = time.monotonic()
        outcome = place.run("apply")
    assert outcome.timed_out
    assert time.monotonic() - began < 20
    assert not [one for one in psutil.process_iter(["cmdline"]) if str(deaf) in (one.info["cmdline"] or [])]


def test_a_module_sees_its_own_environment_only(settings, tmp_path, monkeypatch):
    teller = tmp_path / "teller"
    teller.write_text("#!/bin/sh\nenv\npwd\n")
    teller.chmod(0o755)
    (tmp_path / "modules" / "m").mkdir(parents=True)
    settings.TERRAFORM = settings.TERRAFORM | {"binary": str(teller), "modules": str(tmp_path / "modules")}
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    with running.workplace(module="m", environment={"TF_VAR_x": "1"}, seconds=5) as place:
        said = place.run("env").said
    names = {line.partition("=")[0] for line in said.splitlines() if "=" in line}
    assert names <= {
        "PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "HOME", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_",
        "TF_IN_AUTOMATION", "TF_INPUT", "CHECKPOINT_DISABLE", "TF_VAR_x",
    }  # fmt: skip
    assert "secret" not in said
    assert not place.folder.exists()


def test_a_secret_never_comes_out_in_a_sentence(terraform, request_, monkeypatch):
    monkeypatch.setenv("TOKEN_OF_THE_VENDOR", "leaks-into-errors")
    connector = terraform(environment={"TF_VAR_token": "TOKEN_OF_THE_VENDOR"})
    with pytest.raises(Retry) as refusal:
        connector.ensure_open(request_)
    assert refusal.value.cause == Cause.BROKEN
    assert "leaks" not in str(refusal.value)
    assert "Terraform a échoué" in str(refusal.value)


def test_a_sensitive_output_is_no_address(terraform, request_):
    assert terraform(url_output="hidden").ensure_open(request_) == Done(url="")
    assert terraform(url_output="none").ensure_open(request_) == Done(url="")


def test_a_module_that_is_wrong_says_so(terraform, request_):
    with pytest.raises(Retry, match="Terraform a échoué dans la préparation"):
        terraform(module="broken").ensure_open(request_)


def test_a_store_that_is_not_there_is_asked_again(terraform, request_, settings):
    settings.TERRAFORM = settings.TERRAFORM | {"state_endpoint": "http://127.0.0.1:1"}
    with pytest.raises(Retry) as refusal:
        terraform().ensure_open(request_)
    assert refusal.value.cause in (Cause.BROKEN, Cause.TIMEOUT)


def test_only_allowed_modules_and_only_where_it_is_equipped(settings, monkeypatch, tmp_path):
    connector = TerraformConnector(TerraformConnector.Config(module="nobody-knows"))
    request_ = replace(REQUEST, key="k")
    assert "n’a pas où garder l’état" in connector.ensure_open(request_).reason
    monkeypatch.setenv("HALLE_TERRAFORM_STATE_SECRET", SECRET)
    settings.TERRAFORM = settings.TERRAFORM | {"state_bucket": "states"}
    assert "n’a pas de quoi exécuter" in connector.ensure_open(request_).reason
    settings.TERRAFORM = settings.TERRAFORM | {"modules": str(tmp_path), "binary": "sh"}
    assert "n’est pas de ceux" in connector.ensure_open(request_).reason
    for name in ("../etc", "https://vendor.example/m", "a/b", "", ".", "A"):
        with pytest.raises(ValidationError):
            TerraformConnector.Config(module=name)


def test_what_a_module_does_not_suspend_is_a_persons_task():
    connector = TerraformConnector(TerraformConnector.Config(module="office"))
    assert (connector.way_of(Event.SUSPEND), connector.way_of(Event.CLOSE)) == (Way.PERSON, Way.MACHINE)
    assert isinstance(connector.ensure_suspended(REQUEST), NeedsPerson)
    assert isinstance(connector.ensure_resumed(REQUEST), NeedsPerson)


@pytest.mark.parametrize(
    "name", ["TF_CLI_ARGS", "TF_LOG", "LD_PRELOAD", "PATH", "HOME", "AWS_SECRET_ACCESS_KEY"]
)
def test_an_endpoint_steers_neither_terraform_nor_its_state(name, monkeypatch):
    monkeypatch.setenv("OF_THE_WORKER", "x")
    config = TerraformConnector.Config(module="office", environment={name: "OF_THE_WORKER"})
    assert TerraformConnector(config)._environment() == {}
    assert state.KEY_VARIABLE.startswith("HALLE_")


def test_the_modules_are_written_as_terraform_writes_them():
    if not shutil.which("terraform"):
        missing("there is no `terraform` on this machine")
    done = subprocess.run(["terraform", "fmt", "-check", str(MODULES / "office")], check=False)
    assert done.returncode == 0
