"""What goes on at a vendor's, in words for the operator's staff."""

from django.urls import reverse

from marketplace.web.formats import day, moment
from provisioning.connectors.outcomes import Way
from provisioning.history import Asked, PlannedStep
from provisioning.models import Errand, Event, StepState
from tenants.models import Operator

STATES = {
    StepState.LATER: ("neutral", "Ensuite"),
    StepState.PENDING: ("info", "À faire"),
    StepState.RUNNING: ("info", "En cours"),
    StepState.WAITING: ("info", "L’éditeur y travaille"),
    StepState.DONE: ("success", "Fait"),
    StepState.NEEDS_PERSON: ("warning", "Demande une personne"),
    StepState.MOOT: ("neutral", "Sans objet"),
}
OUTCOMES = {
    "done": "Fait.",
    "inprogress": "L’éditeur y travaille.",
    "needsperson": "Une personne doit agir.",
    "retry": "Sans succès.",
    "": "Réponse inconnue : la demande s’est interrompue.",
}
# What will happen at the vendor's, said before it is decided.
BEFOREHAND = {
    (Event.SUSPEND, Way.MACHINE): "Halle demande aussitôt au système de l’éditeur de fermer l’accès.",
    (
        Event.SUSPEND,
        Way.PERSON,
    ): "L’éditeur ne sait pas suspendre tout seul : une personne de votre équipe le "
    "lui demandera. La tâche apparaît dans « Ouvertures et fermetures ».",
    (Event.SUSPEND, Way.NEVER): "L’éditeur ne sait pas suspendre : le service reste ouvert chez lui. "
    "L’adhérent lit seulement que son abonnement est suspendu.",
    (Event.RESUME, Way.MACHINE): "Halle demande aussitôt au système de l’éditeur de rouvrir l’accès.",
    (Event.RESUME, Way.PERSON): "Une personne de votre équipe demandera à l’éditeur de rouvrir l’accès. La "
    "tâche apparaît dans « Ouvertures et fermetures ».",
    (Event.RESUME, Way.NEVER): "Rien à faire chez l’éditeur : le service y est resté ouvert.",
}


def planned(step: PlannedStep, operator: Operator) -> dict:
    """One step of a subscription's page."""
    level, word = STATES[step.state]
    return {
        "label": step.label,
        "badge": {"state": level, "label": word},
        "when": _when(step),
        "problem": step.problem,
        "calls": asked(step.calls),
        "errands": [_errand(one, operator) for one in step.errands],
    }


def _errand(errand: Errand, operator: Operator) -> dict:
    """Who was asked, and what became of it."""
    if errand.settled_at is None:
        who = f"Confié à {errand.assigned_to}" if errand.assigned_to else "Confié à personne"
        return {"said": f"{who}, pour le {day(errand.due_on)}."}
    by = f" par {errand.settled_by}" if errand.settled_by else ""
    how = errand.get_settled_as_display().capitalize()
    url = reverse("operator_task_evidence", args=[operator.slug, errand.public_id]) if errand.file else ""
    return {"said": f"{how}{by} le {moment(errand.settled_at)}. {errand.evidence}".strip(), "url": url}


def _when(step: PlannedStep) -> str:
    if step.done_at:
        return f"Planifié le {moment(step.planned_at)}, terminé le {moment(step.done_at)}."
    if step.then:
        return f"Planifié le {moment(step.planned_at)}. Prochain essai le {moment(step.then)}."
    return f"Planifié le {moment(step.planned_at)}."


def asked(calls: list[Asked]) -> list[dict]:
    """Each call with its time and what came back."""
    return [{"at": moment(call.at), "said": _said(call)} for call in calls]


def _said(call: Asked) -> str:
    doubt = "On ne sait pas si l’éditeur a agi." if call.doubtful else ""
    # What to quote when the vendor is asked what became of this very request.
    reference = f"Référence pour l’éditeur : {call.reference}." if call.reference else ""
    said = (OUTCOMES.get(call.outcome, call.outcome), call.detail, doubt, reference)
    return " ".join(part for part in said if part)
