"""The kit finds each fault that is planted in the example broker, and none in the example itself."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from provisioning.kit import example_broker
from provisioning.kit.checks import State
from provisioning.kit.line import Target
from provisioning.kit.playing import play
from provisioning.kit.table import CHECKS
from tests.provisioning.kit import brokers
from tests.provisioning.kit.brokers import Quiet, serving

RUN = uuid.UUID("7a6f6d3e-4f0f-4f7e-9f35-0a4f5d6c7b8a")


def report_on(kind, *, handler=Quiet, answer_seconds=20.0):
    with serving(kind, handler) as (broker, target):
        report = play(target, run=RUN, answer_seconds=answer_seconds, settle_seconds=5.0)
        return broker, report


def failed(report) -> set[str]:
    return {one.name for one in report.results if one.state in (State.FAILED, State.NOT_PLAYED)}


@pytest.mark.parametrize("kind", [brokers.Broker, brokers.Takes])
def test_a_good_broker_passes_whole_and_keeps_nothing(kind):
    broker, report = report_on(kind)

    assert failed(report) == set()
    assert (report.score, report.passed, report.left) == (100, True, ())
    assert broker.db.execute("SELECT count(*) FROM held").fetchone() == (0,) or kind is brokers.Takes


def test_together_the_good_brokers_are_asked_everything():
    """What does not concern the one concerns the other, but for what neither says."""
    unconcerned = [
        {one.name for one in report_on(kind)[1].results if one.state == State.NOT_CONCERNED}
        for kind in (brokers.Broker, brokers.Takes)
    ]
    assert set.intersection(*unconcerned) == {"etag-is-honoured", "delays-are-numbers"}


ONCE = {"repeated-opening-is-one", "lost-answer-is-one", "concurrent-openings-are-one"}
NEED_OPENING = {check.name for check in CHECKS if check.opening}
PLANTED = [
    (brokers.Nameless, {"catalogue-is-valid"}),
    (brokers.NoPlans, {"catalogue-offers-the-plan"}),
    (brokers.IdsChange, {"catalogue-is-stable"}),
    (brokers.OtherEtagEachTime, {"etag-is-honoured"}),
    (brokers.NoVersionIsWell, {"version-is-asked-for"}),
    (brokers.AnyVersion, {"version-is-asked-for", "other-version-is-refused"}),
    (brokers.NoAuthentication, {"stranger-is-refused"}),
    (brokers.BreaksOnMalformed, {"malformed-is-refused"}),
    (brokers.BreaksOnBytes, {"foreign-bytes-are-refused"}),
    (brokers.AnyPlan, {"unknown-service-is-refused"}),
    (brokers.NoPlanIsWell, {"incomplete-is-refused"}),
    (brokers.Hangs, NEED_OPENING | {"opens"}),
    (brokers.NoIdempotency, {"repeated-opening-is-one", "concurrent-openings-are-one"}),
    (brokers.TwoAtOnce, {"concurrent-openings-are-one"}),
    (brokers.TwoWhenAskedAgain, ONCE),
    (brokers.Overwrites, {"other-parameters-conflict"}),
    (brokers.OnePlaceForAll, {"organisations-are-apart"}),
    (brokers.OneNameForEver, {"doubt-is-cleared"}),
    (brokers.ForgetsOperations, {"late-poll-is-answered"}),
    (brokers.OtherPlan, {"instance-is-told"}),
    (brokers.BreaksWhenRead, {"instance-is-told", "nothing-breaks"}),
    (brokers.ChangesNothing, {"change-is-taken"}),
    (brokers.AnyPlanToChange, {"change-to-unknown-plan-is-refused"}),
    (brokers.CreatesWhenChanged, {"change-of-unknown-is-refused"}),
    (brokers.UnknownIsClosed, {"closing-of-unknown-is-gone", "repeated-closing-is-gone"}),
    (
        brokers.DeletesNothing,
        ONCE | {
            "repeated-closing-is-gone",
            "closing-overtakes-opening",
            "poll-after-closing-is-gone",
            "leaver-leaves-nothing",
            "binding-leaves-with-instance",
        },
    ),
    (brokers.RefusesToStop, {"closing-overtakes-opening", "nothing-breaks"}),
    (brokers.StillSucceeded, {"poll-after-closing-is-gone"}),
    (brokers.KeepsKeys, {"binding-leaves-with-instance"}),
    (brokers.Pages, {"answers-are-json"}),
    (brokers.TooLongWord, {"operations-are-short"}),
    (brokers.UnsafePlace, {"dashboards-are-safe"}),
    (brokers.DatesForDelays, {"delays-are-numbers"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "found"), PLANTED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_fault_is_found_and_no_other(kind, found):
    _, report = report_on(kind, answer_seconds=0.5 if kind is brokers.Hangs else 20.0)

    assert failed(report) == found
    required = {check.name for check in CHECKS if check.required}
    assert report.passed == (not found & required)


def test_a_body_that_is_not_awaited_is_found():
    _, report = report_on(brokers.Broker, handler=brokers.Impatient)

    assert failed(report) == {"slow-request-is-awaited"}


def test_every_check_finds_some_fault():
    found = set().union(*(names for kind, names in PLANTED if kind is not brokers.Hangs))
    assert found | {"opens", "slow-request-is-awaited"} >= {check.name for check in CHECKS}


def test_what_would_not_be_deleted_is_said():
    broker, report = report_on(brokers.RefusesToClose)

    held = {key for (key,) in broker.db.execute("SELECT instance FROM held")}
    assert held
    assert held <= set(report.left)


def test_a_wrong_password_stops_it_all():
    with serving(brokers.Broker) as (_, target):
        wrong = Target(target.url, target.username, "autre", target.service_id, target.plan_id)
        report = play(wrong, run=RUN)

    assert "mot de passe" in report.problem
    assert {one.state for one in report.results} == {State.NOT_PLAYED}
    assert not report.passed
    assert report.score == 0


def test_nobody_there_stops_it_all():
    report = play(Target("http://127.0.0.1:1", "halle", "x", "s", "p"), run=RUN)
    assert report.problem == "GET /v2/catalog : la liaison ne s’établit pas ou se rompt."


def test_a_broker_that_holds_everything_up_is_left():
    with serving(brokers.Broker) as (_, target):
        report = play(target, run=RUN, total_seconds=0.0)

    assert {one.state for one in report.results} == {State.NOT_PLAYED}
    assert not report.passed


def test_a_run_that_was_cut_short_is_played_again():
    """Its instances have the same ids: what was left behind is found, and deleted."""
    with serving(brokers.Broker) as (broker, target):

        def killed(done: int) -> None:
            if done == 12:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            play(target, run=RUN, told=killed)
        report = play(target, run=RUN)

        assert report.passed
        assert broker.db.execute("SELECT count(*) FROM held").fetchone() == (0,)


def test_private_networks_are_not_called(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = False
    report = play(Target("https://127.0.0.1:1", "halle", "x", "s", "p"), run=RUN)
    assert report.problem == "L’adresse du courtier mène à un réseau privé."
    report = play(Target("http://127.0.0.1:1", "halle", "x", "s", "p"), run=RUN)
    assert report.problem == "L’adresse du courtier doit commencer par https://."


def test_the_command_needs_no_settings_and_no_database(tmp_path):
    with serving(brokers.Broker) as (_, target):
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")
        }
        ran = subprocess.run(
            [
                sys.executable, "-m", "provisioning.kit",
                "--url", target.url, "--username", target.username, "--password-variable", "KIT_WORD",
                "--service-id", target.service_id, "--plan-id", target.plan_id,
                "--json", str(tmp_path / "report.json"), "--html", str(tmp_path / "report.html"),
            ],
            env=environment | {"KIT_WORD": target.password},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
        )  # fmt: skip

    assert ran.returncode == 0, ran.stderr
    assert "Réussi : 100 %" in ran.stdout
    assert target.password not in ran.stdout
    assert json.loads((tmp_path / "report.json").read_text())["passed"] is True
    assert "<h1>Banc d’essai Halle</h1>" in (tmp_path / "report.html").read_text()


def test_the_example_is_short():
    assert len(Path(example_broker.__file__).read_text().splitlines()) < 100


def test_the_example_survives_a_restart(tmp_path):
    key = "Basic aGFsbGU6c2VjcmV0"
    headers = {"Authorization": key, "X-Broker-API-Version": "2.17"}
    body = json.dumps({"service_id": example_broker.SERVICE, "plan_id": example_broker.PLAN}).encode()
    asked = ("PUT", "/v2/service_instances/une", headers, body)

    first = example_broker.Broker(str(tmp_path / "held.db"), "halle", "secret").answer(*asked)
    again = example_broker.Broker(str(tmp_path / "held.db"), "halle", "secret").answer(*asked)

    assert (first[0], again[0]) == (201, 200)
    assert first[1] == again[1]
