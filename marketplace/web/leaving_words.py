"""A departure step by step, for whoever reads it (components/steps.html)."""

from datetime import date, timedelta

from marketplace.web.formats import day, moment
from subscriptions.leaving_terms import Calendar
from subscriptions.models import Exit, ExitState

ORDER = (ExitState.NOTICE, ExitState.TRANSITION, ExitState.RETRIEVAL, ExitState.ERASURE, ExitState.DONE)
BADGES = {
    ExitState.NOTICE: ("info", "Préavis"),
    ExitState.TRANSITION: ("info", "Transition"),
    ExitState.RETRIEVAL: ("info", "Récupération des données"),
    ExitState.ERASURE: ("warning", "Certificat attendu"),
    ExitState.DONE: ("success", "Départ terminé"),
    ExitState.WITHDRAWN: ("neutral", "Départ annulé"),
    ExitState.CARRIED: ("neutral", "Repris par la commune nouvelle"),
}


def badge(leaving: Exit) -> dict:
    """For components/badge.html."""
    state, label = BADGES[ExitState(leaving.state)]
    return {"state": state, "label": label}


def steps(leaving: Exit) -> list[dict]:
    """The phases of a departure: behind, under way, to come; of one given up, that it was."""
    if leaving.state not in ORDER:
        word = BADGES[ExitState(leaving.state)][1]
        return [{"label": "Départ", "state": "stopped", "word": word, "when": "", "detail": ""}]
    reached = ORDER.index(leaving.state)
    first = "Essai gratuit" if leaving.subscription.is_trial else "Préavis"
    shown = [
        (first, until(leaving.transition_from), "" if reached else "Le service continue comme avant."),
        ("Transition", span(leaving.transition_from, leaving.retrieval_from), _transition(leaving)),
        ("Récupération des données", span(leaving.retrieval_from, leaving.erasure_from), _retrieval(leaving)),
        ("Effacement", f"à partir du {day(leaving.erasure_from)}", _erasure(leaving)),
    ]
    return [
        _step(
            label,
            when,
            detail,
            "done" if position < reached else "current" if position == reached else "todo",
        )
        for position, (label, when, detail) in enumerate(shown)
        if not (label == "Transition" and leaving.transition_from == leaving.retrieval_from)
    ]


def _step(label: str, when: str, detail: str, state: str) -> dict:
    said = {"done": "terminé", "current": "en cours", "todo": "à venir"}[state]
    return {
        "label": label,
        "state": state,
        "word": f"{when[0].upper()}{when[1:]}\u00a0: {said}",
        "when": "",
        "detail": detail,
    }


def planned(days: Calendar) -> list[dict]:
    """The calendar of a departure that nobody has asked for yet."""
    shown = [
        ("Préavis", until(days.transition_from), "Le service continue. Vous pouvez changer d’avis."),
        (
            "Transition",
            span(days.transition_from, days.retrieval_from),
            "L’éditeur vous aide à partir. Le dernier de ces jours est le dernier facturé.",
        ),
        (
            "Récupération des données",
            span(days.retrieval_from, days.erasure_from),
            "Plus rien n’est facturé.",
        ),
        ("Effacement", f"à partir du {day(days.erasure_from)}", "Un certificat en est déposé ici."),
    ]
    return [
        _step(label, when, detail, "todo")
        for label, when, detail in shown
        if not (label == "Transition" and days.transition_from == days.retrieval_from)
    ]


def until(first_without: date) -> str:
    """The last day of a phase, in words."""
    return f"jusqu’au {day(first_without - timedelta(days=1))}"


def span(first: date, first_without: date) -> str:
    """Both days of a phase, in words."""
    return f"du {day(first)} au {day(first_without - timedelta(days=1))}"


def _transition(leaving: Exit) -> str:
    last = f"Dernier jour facturé : le {day(leaving.retrieval_from - timedelta(days=1))}."
    if leaving.member_extended_at:
        last = f"Plus longue à la demande de la collectivité, le {day(leaving.member_extended_at)}. {last}"
    return f"Prolongée : {leaving.extension_reason} {last}" if leaving.extended_at else last


def _retrieval(leaving: Exit) -> str:
    if leaving.retrieved_at:
        return f"Données récupérées, dit le {moment(leaving.retrieved_at)} par {leaving.retrieved_by}."
    if leaving.state in (ExitState.ERASURE, ExitState.DONE):
        return "Personne n’a dit les avoir récupérées."
    return "Les données peuvent encore être récupérées chez l’éditeur."


def _erasure(leaving: Exit) -> str:
    closed = f"Fermé chez l’éditeur le {moment(leaving.closed_at)}." if leaving.closed_at else ""
    proved = f"Certificat du {day(leaving.certified_on)}." if leaving.certified_on else ""
    return f"{closed} {proved}".strip() or "L’éditeur efface tout et remet un certificat."
