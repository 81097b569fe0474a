"""Openings, changes and closings that wait for a person."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.drift_words import drift_words
from marketplace.web.formats import day, format_number, moment
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.operator.task_forms import AssignForm, DoneForm, GiveUpForm
from marketplace.web.pdf import FileMissing, pdf_response
from marketplace.web.provisioning_words import asked
from provisioning import errands, proposals
from provisioning import operations as provisioning
from provisioning.catalogues import mismatches
from provisioning.drift import drifts_of
from provisioning.models import DriftKind, Errand, Event, StepState
from provisioning.proofs import unproved_of
from provisioning.todo import OpeningTask, openings_for_person, openings_under_way, operator_steps
from subscriptions.exceptions import EvidenceInvalid, SubscriptionRefused

DRIFTS_SHOWN = 100
VERBS = {
    Event.ACTIVATE: "Ouvrir",
    Event.CHANGE: "Modifier",
    Event.SUSPEND: "Suspendre",
    Event.RESUME: "Rouvrir",
    Event.CLOSE: "Fermer",
    Event.UNDO: "Effacer",
    Event.ROTATE: "Renouveler les identifiants de",
    Event.AGENTS: "Tenir à jour les comptes des agents de",
    Event.CLIENT: "Régler la connexion par Halle de",
}
DONE = {
    Event.ACTIVATE: "ouvert",
    Event.CHANGE: "modifié",
    Event.SUSPEND: "suspendu",
    Event.RESUME: "rouvert",
    Event.CLOSE: "fermé",
    Event.UNDO: "effacé",
    Event.ROTATE: "muni de nouveaux identifiants",
    Event.AGENTS: "muni des comptes de ses agents",
    Event.CLIENT: "réglé, pour la connexion de ses agents,",
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
    """ "C'est fait", with what proves it; or only what is ticked so far."""
    found = get_object_or_404(operator_steps(operator), pk=step)
    errand = Errand.objects.filter(step=found, settled_at__isnull=True).first()
    form = _done_form(found.pk, Event(found.run.event), errand, request.POST, request.FILES)
    if "garder" in request.POST and errand:
        how = {"errand": errand, "ticked": form.ticked}
        return _answered(request, operator, found, "Points cochés gardés", errands.tick, **how)
    if not form.is_valid():
        return _page(request, operator, wrong=(found.pk, form))
    said = form.cleaned_data
    try:
        provisioning.mark_done(
            step=found,
            by=request.user,
            service_url=said.get("service_url", ""),
            evidence=said["evidence"],
            file=said["file"],
            now=timezone.now(),
        )
    except EvidenceInvalid as refusal:
        form.add_error("file", str(refusal))
        return _page(request, operator, wrong=(found.pk, form))
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        subscription = found.run.subscription
        done = DONE[Event(found.run.event)]
        messages.success(request, f"{subscription.service_name} est {done} pour {subscription.tenant.name}.")
    return redirect("operator_tasks", operator=operator.slug)


def _done_form(pk: int, event: Event, errand: Errand | None, *sent) -> DoneForm:
    return DoneForm(
        *sent,
        prefix=str(pk),
        auto_id="id_%s",
        opens=event == Event.ACTIVATE,
        checklist=errand.checklist if errand else [],
    )


def _answered(request, operator, found, done: str, verb, **how):
    """Carries a verb out; back to the list, with what became of it."""
    try:
        verb(**how)
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        subscription = found.run.subscription
        messages.success(request, f"{done} : {subscription.service_name} pour {subscription.tenant.name}.")
    return redirect("operator_tasks", operator=operator.slug)


@operator_view(*TASK_ROLES)
@require_POST
def give_up(request, operator, step):
    """The service will not be opened."""
    found = get_object_or_404(operator_steps(operator), pk=step)
    form = GiveUpForm(request.POST, prefix=f"{step}-give_up", auto_id="id_%s")
    if not form.is_valid():
        return _page(request, operator, wrong=(found.pk, form))
    how = {"step": found, "by": request.user, "reason": form.cleaned_data["reason"], "now": timezone.now()}
    return _answered(request, operator, found, "Ouverture abandonnée", provisioning.give_up, **how)


@operator_view(*TASK_ROLES)
@require_POST
def assign(request, operator, step):
    """Somebody else is to act."""
    found = get_object_or_404(operator_steps(operator), pk=step)
    errand = get_object_or_404(
        Errand.objects.select_related("step__run__subscription__tenant", "step__run__subscription__operator"),
        step=found,
        settled_at__isnull=True,
    )
    staff = errands.staff_of(operator)
    form = AssignForm(request.POST, prefix=f"{step}-assign", auto_id="id_%s", staff=staff)
    if not form.is_valid():
        return _page(request, operator, wrong=(found.pk, form))
    [person] = [one for one in staff if one.pk == form.cleaned_data["person"]]
    how = {"errand": errand, "to": person, "by": request.user, "now": timezone.now()}
    return _answered(request, operator, found, f"Confié à {person}", errands.assign, **how)


@operator_view(*TASK_ROLES)
@require_safe
def evidence(request, operator, errand):
    """What proves that it was done."""
    found = get_object_or_404(
        Errand.objects.exclude(file=""), public_id=errand, step__run__subscription__operator=operator
    )
    try:
        return pdf_response(path=found.file.name, filename=f"preuve-{found.settled_at:%Y-%m-%d}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
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


@operator_view(*TASK_ROLES)
@require_POST
def agree(request, operator, step):
    """She has read what would be done: it is carried out, exactly."""
    found = get_object_or_404(operator_steps(operator), pk=step)
    how = {
        "step": found,
        "public_id": request.POST.get("plan", ""),
        "by": request.user,
        "now": timezone.now(),
    }
    return _answered(request, operator, found, "Plan accepté, il va être exécuté", proposals.agree, **how)


def _page(request, operator, *, wrong: tuple | None = None):
    """The list; `wrong` is a step's id and its form with errors, shown again as it was typed."""
    page = openings_for_person(operator=operator, page=request.GET.get("page"))
    staff = errands.staff_of(operator) if page.object_list else []
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Ouvertures et fermetures", "")),
        "page": page,
        "count": format_number(page.paginator.count),
        "wrong_form": wrong[1] if wrong else None,
        "tasks": [{**_words(task), **_forms(task, staff, wrong)} for task in page.object_list],
        "drifts": [_drift(operator, one) for one in drifts_of(operator=operator)[:DRIFTS_SHOWN]],
        "mismatches": [
            {
                "service": one.offer.product.sheet.name,
                "vendor": one.offer.product.sheet.vendor.organisation.name,
                "why": one.mismatch,
            }
            for one in mismatches(operator=operator)
        ],
        "unproved": [
            {
                "service": endpoint.offer.product.sheet.name,
                "vendor": endpoint.offer.partner.vendor.organisation.name,
                "url": reverse("operator_listing_connection", args=[operator.slug, listing]),
            }
            for endpoint, listing in unproved_of(operator=operator)
        ],
        "under_way": [
            {**_words(task), "progress": _progress(task)}
            for task in openings_under_way(operator=operator, now=timezone.now())
        ],
    }
    return render(request, "operator/tasks.html", context)


def _drift(operator, drift) -> dict:
    """What a vendor has that is not as agreed, and where that is settled."""
    return {
        **drift_words(drift),
        "url": reverse("operator_subscription", args=[operator.slug, drift.subscription.public_id]),
        "settle_url": reverse("operator_drift", args=[operator.slug, drift.pk])
        if drift.kind == DriftKind.DIFFERENT
        else "",
    }


def _forms(task: OpeningTask, staff: list, wrong: tuple | None) -> dict:
    """What may be said of a task; the form that came back with errors in its place."""
    pk = task.step.pk
    forms = {"form": _done_form(pk, task.event, task.errand)}
    if task.event == Event.ACTIVATE:
        forms["give_up_form"] = GiveUpForm(prefix=f"{pk}-give_up", auto_id="id_%s")
    if task.errand:
        forms["assign_form"] = AssignForm(prefix=f"{pk}-assign", auto_id="id_%s", staff=staff)
    if wrong and wrong[0] == pk:
        kind = {GiveUpForm: "give_up_form", AssignForm: "assign_form"}.get(type(wrong[1]), "form")
        forms |= {kind: wrong[1], "wrong": kind}
    return {"step": pk, **forms}


def _words(task: OpeningTask) -> dict:
    errand = task.errand
    late = errand is not None and errand.due_on < localdate(timezone.now())
    return {
        "member": task.member,
        "service": task.service,
        "vendor": task.vendor,
        "since": moment(task.since),
        "problem": task.step.problem or "La raison n’a pas été notée.",
        "automatic": task.automatic,
        "verb": VERBS[task.event],
        "opens": task.event == Event.ACTIVATE,
        "label": task.step.label if task.event == Event.CHANGE or task.step.position > 1 else "",
        "calls": asked(task.calls) if task.automatic else [],
        "person": (errand and errand.assigned_to and str(errand.assigned_to)) or "",
        "due": day(errand.due_on) if errand else "",
        "late": late,
        "points": bool(errand and errand.checklist),
        "proposal": task.proposal,
    }


def _progress(task: OpeningTask) -> str:
    """Where what needs nobody stands."""
    step = task.step
    if step.state in (StepState.PENDING, StepState.WAITING) and step.problem:
        return f"{step.problem} Nouvel essai prévu le {moment(step.run_after)}."
    return PROGRESS[StepState(step.state)]
