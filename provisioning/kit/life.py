"""Checks of a service's life: opened once whatever happens on the way, changed, closed without a rest."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from provisioning.kit.checks import NotConcerned, expect, expect_refusal
from provisioning.kit.door import UNKNOWN
from provisioning.kit.line import Answer, Fault, Line, NoAnswer

AT_ONCE = 5
OTHERS = 3


def opens(line: Line) -> None:
    """A service is opened, and said to be open."""
    _opened(line, "opens")


def repeated_opening_is_one(line: Line) -> None:
    """The same request again."""
    instance, first = _opened(line, "repeated")
    again = expect(line.open(instance), 200, 202)
    _same_place([first, again])
    _closed_at_once(line, instance)


def other_parameters_conflict(line: Line) -> None:
    """The same instance, asked for by another organisation with other parameters."""
    instance, _ = _opened(line, "conflict")
    other = {"organization_guid": "210000026", "parameters": {"options": ["autre"], "counts": {}}}
    expect(line.open(instance, **other), 409)


def concurrent_openings_are_one(line: Line) -> None:
    """The same request, several times at the very same moment."""
    instance = line.instance("concurrent")
    answers = _together([lambda: line.open(instance)] * AT_ONCE)
    for answer in answers:
        expect(answer, 200, 201, 202, 409, 422)
    taken = [answer for answer in answers if answer.status < 300]
    if not taken:
        raise Fault("Aucune des demandes simultanées n’a été acceptée.")
    made = [answer for answer in taken if answer.status == 201]
    if len(made) > 1:
        raise Fault(f"{len(made)} demandes identiques et simultanées ont chacune créé un service (201).")
    _same_place(taken)
    _await(line, instance, taken)
    _closed_at_once(line, instance)


def organisations_are_apart(line: Line) -> None:
    """Several organisations at once: one instance each."""
    instances = [line.instance(f"apart {number}") for number in range(OTHERS)]
    answers = _together([lambda one=one: line.open(one) for one in instances])  # type: ignore[misc]
    for instance, answer in zip(instances, answers, strict=True):
        _await(line, instance, [expect(answer, 200, 201, 202)])
    places = [place for answer in answers if (place := answer.said().get("dashboard_url"))]
    if len(set(map(str, places))) != len(places):
        raise Fault("Deux collectivités reçoivent la même adresse.")


def lost_answer_is_one(line: Line) -> None:
    """The line breaks before the answer; the same request is then asked again."""
    instance = line.instance("lost")
    path, query = f"/v2/service_instances/{instance}", {"accepts_incomplete": "true"}
    with contextlib.suppress(NoAnswer):  # as it is meant to be
        line.ask("PUT", path, query=query, body=line.wish(instance), lose=True)
    _await(line, instance, [expect(line.open(instance), 200, 201, 202)])
    _closed_at_once(line, instance)


def doubt_is_cleared(line: Line) -> None:
    """After an answer that leaves a doubt: deleted, then asked for again under the same id."""
    instance, _ = _opened(line, "doubt")
    _close(line, instance)
    _await(line, instance, [expect(line.open(instance), 200, 201, 202)])
    if _is_gone(line, instance):
        raise Fault("Le service redemandé après une suppression n’existe pas.")


def late_poll_is_answered(line: Line) -> None:
    """The operation is asked about once more, after its end."""
    instance = line.instance("late")
    answer = expect(line.open(instance), 200, 201, 202)
    if answer.status != 202:
        raise NotConcerned("Le service s’ouvre dans l’instant, sans opération à suivre.")
    _await(line, instance, [answer])
    if (state := line.settle(instance, answer)) != "succeeded":
        raise Fault(f"Redemandée après sa fin, l’opération est « {state} » au lieu de « succeeded ».")


def instance_is_told(line: Line) -> None:
    """What is open can be read again."""
    instance, first = _opened(line, "told")
    if not _retrievable(line):
        raise NotConcerned("Le catalogue ne promet pas la lecture (« instances_retrievable »).")
    said = expect(line.fetch(instance), 200).said()
    if said.get("plan_id") not in (line.target.plan_id, None):
        raise Fault("Le service relu porte une autre formule que celle demandée.")
    place = first.said().get("dashboard_url")
    if place and said.get("dashboard_url") not in (place, None):
        raise Fault("Le service relu porte une autre adresse que celle annoncée.")


def change_is_taken(line: Line) -> None:
    """Options and numbers are told again, twice."""
    instance, _ = _opened(line, "change")
    for _ in range(2):
        answer = expect(line.change(instance), 200, 202)
        if answer.status == 202 and (state := line.settle(instance, answer)) != "succeeded":
            raise Fault(f"La modification est « {state} » au lieu de « succeeded ».")


def change_to_unknown_plan_is_refused(line: Line) -> None:
    """A plan that the catalogue does not have."""
    instance, _ = _opened(line, "change plan")
    expect(line.change(instance, plan_id=UNKNOWN), 400, 422)


def change_of_unknown_is_refused(line: Line) -> None:
    """An instance that never was."""
    expect_refusal(line.change(line.instance("change unknown")))


def closing_of_unknown_is_gone(line: Line) -> None:
    """An instance that never was."""
    expect(line.close(line.instance("never")), 410)


def repeated_closing_is_gone(line: Line) -> None:
    """The same closing again, once it is done."""
    instance, _ = _opened(line, "twice")
    _close(line, instance)
    expect(line.close(instance), 410)


def closing_overtakes_opening(line: Line) -> None:
    """Closed while it is being opened."""
    instance = line.instance("overtaken")
    expect(line.open(instance), 200, 201, 202)
    _close(line, instance)
    _must_be_gone(line, instance)


def poll_after_closing_is_gone(line: Line) -> None:
    """An old operation, asked about when the instance is there no more."""
    instance = line.instance("old")
    answer = expect(line.open(instance), 200, 201, 202)
    _await(line, instance, [answer])
    _close(line, instance)
    if answer.status == 202:
        expect(line.poll(instance, str(answer.said().get("operation") or "")), 410)
    else:
        expect(line.poll(instance), 410, 404)


def leaver_leaves_nothing(line: Line) -> None:
    """An organisation leaves: the instance can be read no more."""
    instance, _ = _opened(line, "leaver")
    if not _retrievable(line):
        raise NotConcerned("Le catalogue ne promet pas la lecture (« instances_retrievable »).")
    _close(line, instance)
    expect(line.fetch(instance), 404, 410)


def binding_leaves_with_instance(line: Line) -> None:
    """An organisation leaves: its keys open nothing any more."""
    service = _service(line)
    if service.get("bindable") is not True or service.get("bindings_retrievable") is not True:
        raise NotConcerned(
            "Le catalogue ne promet pas de clés d’accès relisibles (« bindings_retrievable »)."
        )
    instance, _ = _opened(line, "binding")
    path = f"/v2/service_instances/{instance}/service_bindings/{instance}"
    asked = {"accepts_incomplete": "true"}
    expect(line.ask("PUT", path, query=asked, body=line.plan()), 200, 201, 202)
    _close(line, instance)
    expect(line.ask("GET", path, query=line.plan()), 404, 410)


def _opened(line: Line, name: str) -> tuple[str, Answer]:
    instance = line.instance(name)
    answer = expect(line.open(instance), 200, 201, 202)
    _await(line, instance, [answer])
    return instance, answer


def _await(line: Line, instance: str, answers: Sequence[Answer]) -> None:
    """Until what these answers began has succeeded."""
    begun = next((answer for answer in answers if answer.status == 202), None)
    if begun is not None and (state := line.settle(instance, begun)) != "succeeded":
        raise Fault(f"L’ouverture est « {state} » au lieu de « succeeded ».")


def _close(line: Line, instance: str) -> None:
    answer = expect(line.close(instance), 200, 202)
    if answer.status == 202 and line.settle(instance, answer) == "failed":
        raise Fault("La fermeture a échoué.")


def _closed_at_once(line: Line, instance: str) -> None:
    """One closing must be enough for what several requests opened."""
    _close(line, instance)
    _must_be_gone(line, instance)


def _must_be_gone(line: Line, instance: str) -> None:
    if not _is_gone(line, instance):
        raise Fault("Après une fermeture réussie, un service reste ouvert sous le même identifiant.")


def _is_gone(line: Line, instance: str) -> bool:
    if _retrievable(line):
        return line.fetch(instance).status in (404, 410)
    return line.poll(instance).status in (404, 410)


def _retrievable(line: Line) -> bool:
    return _service(line).get("instances_retrievable") is True


def _service(line: Line) -> dict:
    services = line.ask("GET", "/v2/catalog").said().get("services")
    for service in services if isinstance(services, list) else []:
        if isinstance(service, dict) and service.get("id") == line.target.service_id:
            return service
    return {}


def _same_place(answers: Sequence[Answer]) -> None:
    places = {str(place) for answer in answers if (place := answer.said().get("dashboard_url"))}
    if len(places) > 1:
        raise Fault("La même demande reçoit deux adresses différentes : deux services ont été créés.")


def _together(asks: Sequence) -> list[Answer]:
    with ThreadPoolExecutor(len(asks)) as hands:
        return [asked.result() for asked in [hands.submit(ask) for ask in asks]]
