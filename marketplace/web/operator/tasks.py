"""Openings, changes and closings that wait for a person."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.formats import format_number, moment
from marketplace.web.operator.forms import ServiceAddressForm
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from provisioning import operations as provisioning
from provisioning.models import Event, StepState
from provisioning.todo import OpeningTask, openings_for_person, openings_under_way, operator_steps
from subscriptions.exceptions import SubscriptionRefused

VERBS = {
    Event.ACTIVATE: "Ouvrir",
    Event.CHANGE: "Modifier",
    Event.SUSPEND: "Suspendre",
    Event.RESUME: "Rouvrir",
    Event.CLOSE: "Fermer",
    Event.UNDO: "Effacer",
}
DONE = {
    Event.ACTIVATE: "ouvert",
    Event.CHANGE: "modifié",
    Event.SUSPEND: "suspendu",
    Event.RESUME: "rouvert",
    Event.CLOSE: "fermé",
    Event.UNDO: "effacé",
}
PROGRESS = {
    StepState.PENDING: "Va commencer.",
    StepState.RUNNING: "La demande part chez l’éditeur.",
    StepState.WAITING: "L’éditeur y travaille.",
}


@operator_view(*TASK_ROLES)
@require_safe
def task_list(request, operator):
    """What to open, change or close by hand, then what goes by itself."""
    return _page(request, operator)


@operator_view(*TASK_ROLES)
@require_POST
def mark_done(request, operator, step):
    """ "C'est fait": the service is open, at an address or without one."""
    found = get_object_or_404(operator_steps(operator), pk=step)
    form = ServiceAddressForm(request.POST, prefix=str(step), auto_id="id_%s")
    if not form.is_valid():
        return _page(request, operator, wrong=(found.pk, form))
    try:
        provisioning.mark_done(
            step=found,
            by=request.user,
            service_url=form.cleaned_data["service_url"],
            now=timezone.now(),
        )
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        subscription = found.run.subscription
        done = DONE[Event(found.run.event)]
        messages.success(request, f"{subscription.service_name} est {done} pour {subscription.tenant.name}.")
    return redirect("operator_tasks", operator=operator.slug)


@operator_view(*TASK_ROLES)
@require_POST
def try_again(request, operator, step):
    """Asks the vendor's system again."""
    found = get_object_or_404(operator_steps(operator), pk=step)
    try:
        provisioning.try_again(step=found, by=request.user, now=timezone.now())
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        subscription = found.run.subscription
        messages.success(
            request,
            f"Nouvel essai lancé : {subscription.service_name} pour {subscription.tenant.name}.",
        )
    return redirect("operator_tasks", operator=operator.slug)


def _page(request, operator, *, wrong: tuple | None = None):
    """The list; `wrong` is a step's id and its form with errors, shown again as it was typed."""
    page = openings_for_person(operator=operator, page=request.GET.get("page"))
    wrong_step, wrong_form = wrong or (None, None)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Ouvertures et fermetures", "")),
        "page": page,
        "count": format_number(page.paginator.count),
        "wrong_form": wrong_form,
        "tasks": [
            {
                **_words(task),
                "step": task.step.pk,
                "form": wrong_form
                if task.step.pk == wrong_step
                else ServiceAddressForm(prefix=str(task.step.pk), auto_id="id_%s"),
            }
            for task in page.object_list
        ],
        "under_way": [
            {**_words(task), "progress": _progress(task)}
            for task in openings_under_way(operator=operator, now=timezone.now())
        ],
    }
    return render(request, "operator/tasks.html", context)


def _words(task: OpeningTask) -> dict:
    return {
        "member": task.member,
        "service": task.service,
        "vendor": task.vendor,
        "since": moment(task.since),
        "problem": task.step.problem or "La raison n’a pas été notée.",
        "automatic": task.automatic,
        "verb": VERBS[task.event],
        "opens": task.event == Event.ACTIVATE,
        "label": task.step.label if task.event == Event.CHANGE else "",
    }


def _progress(task: OpeningTask) -> str:
    """Where what needs nobody stands."""
    step = task.step
    if step.state in (StepState.PENDING, StepState.WAITING) and step.problem:
        return f"{step.problem} Nouvel essai prévu le {moment(step.run_after)}."
    return PROGRESS[StepState(step.state)]
