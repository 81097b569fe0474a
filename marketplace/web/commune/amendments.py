"""Amendments of a contract: proposed by one of the member's people, read by all, decided by a signatory."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.amendment_forms import AmendmentForm
from marketplace.web.commune.forms import RefuseForm, ask_files_again
from marketplace.web.commune.life_forms import ActForm
from marketplace.web.commune.terms import form_page
from marketplace.web.commune.words import is_taxed
from marketplace.web.formats import day, moment, net
from marketplace.web.pdf import FileMissing, pdf_response
from provisioning.connectors.outcomes import Way
from provisioning.history import way_for
from provisioning.models import Event
from subscriptions import amending
from subscriptions.exceptions import (
    AmendmentInvalid,
    AmendmentRefused,
    DecisionInvalid,
    OrderRefused,
    OrganisationClosed,
    SamePerson,
    WrongState,
)
from subscriptions.leaving import open_exit
from subscriptions.models import RUNNING, Amendment, AmendmentState
from subscriptions.queries import subscription_for_member
from tenants.models import Role

WITHDRAWS = "retirer"  # in the address: the code of an option
ASKING = (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)
BADGES = {
    AmendmentState.PROPOSED: ("warning", "À approuver"),
    AmendmentState.APPROVED: ("success", "Approuvé"),
    AmendmentState.REFUSED: ("neutral", "Refusé"),
    AmendmentState.CANCELLED: ("neutral", "Retiré"),
}
CONSEQUENCES = [
    "Rien ne change avant l’approbation d’une personne signataire, ni avant la date d’effet.",
    "Ce qui est déjà passé n’est jamais recalculé.",
    "La page suivante montre le prix d’une année, avant et après : vous pourrez encore retirer l’avenant.",
]


@member_view(*ASKING)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, organisation, public_id):
    """What should change, from when, and why."""
    subscription = _subscription(organisation, public_id)
    if subscription.state not in RUNNING:
        messages.info(request, amending.NOT_RUNNING)
        return _back(organisation, subscription)
    if open_exit(subscription=subscription):
        messages.info(request, "Vous quittez ce service : il ne se modifie plus.")
        return _back(organisation, subscription)
    choosable = amending.choosable(subscription, on=timezone.localdate())
    form = AmendmentForm(
        request.POST if request.method == "POST" else None,
        choosable=choosable,
        on=timezone.localdate(),
        withdraws=request.GET.get(WITHDRAWS, ""),
    )
    if request.method == "POST" and form.is_valid():
        try:
            amendment = amending.propose(
                subscription=subscription,
                changes=form.changes(),
                by=request.user,
                request_key=form.cleaned_data["request_key"],
                now=timezone.now(),
            )
        except AmendmentInvalid as invalid:
            form.show(invalid)
        except AmendmentRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "L’avenant est proposé. Une personne signataire doit l’approuver.")
            return _to(organisation, amendment)
    return form_page(
        request,
        organisation,
        subscription,
        form,
        title="Modifier cet abonnement",
        consequences=[*CONSEQUENCES, _at_vendor(subscription)],
        label="Proposer l’avenant",
    )


def _at_vendor(subscription) -> str:
    """What will happen at the vendor's on the day of effect."""
    if way_for(subscription, Event.CHANGE) == Way.MACHINE:
        return "Le jour venu, Halle le dit d’elle-même au système de l’éditeur : vous n’avez rien à faire."
    return (
        f"Le jour venu, une personne de {subscription.operator.short_name} l’applique chez l’éditeur, dont "
        "le système ne le fait pas tout seul : vous n’avez rien à faire."
    )


@member_view()
@require_safe
def amendment(request, organisation, public_id, number):
    """What one amendment changes, and what is left to decide."""
    return _page(request, organisation, _amendment(organisation, public_id, number))


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request, organisation, public_id, number):
    """The signatory approves, with the act where one is needed."""
    found = _amendment(organisation, public_id, number)
    if request.method != "POST":
        return _to(organisation, found)
    form = ActForm(request.POST, request.FILES, required=amending.needs_act(found))
    if form.is_valid():
        try:
            amending.approve(amendment=found, by=request.user, act=form.act(), now=timezone.now())
        except DecisionInvalid as error:
            form.add_error(error.field, str(error))
        except (AmendmentRefused, OrderRefused, OrganisationClosed, SamePerson, WrongState) as refusal:
            messages.error(request, str(refusal))
            return _to(organisation, found)
        else:
            messages.success(request, f"L’avenant prendra effet le {day(found.effective_on)}.")
            return _to(organisation, found)
    ask_files_again(form)
    return _page(request, organisation, found, approve_form=form)


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request, organisation, public_id, number):
    """The signatory refuses, and says why."""
    found = _amendment(organisation, public_id, number)
    if request.method != "POST":
        return _to(organisation, found)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return _page(request, organisation, found, refuse_form=form)
    try:
        amending.refuse(
            amendment=found, by=request.user, reason=form.cleaned_data["reason"], now=timezone.now()
        )
    except WrongState as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’avenant est refusé.")
    return _to(organisation, found)


@member_view()
@require_POST
def cancel(request, organisation, public_id, number):
    """Whoever proposed it, or the organisation's administrator, takes it back."""
    found = _amendment(organisation, public_id, number)
    if not _may_cancel(request, found):
        raise Http404
    try:
        amending.cancel(amendment=found, by=request.user, now=timezone.now())
    except WrongState as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "L’avenant est retiré.")
    return _to(organisation, found)


@member_view()
@require_safe
def act(request, organisation, public_id, number):
    """The act that decided an amendment."""
    found = _amendment(organisation, public_id, number)
    if not found.act_file:
        raise Http404
    try:
        return pdf_response(path=found.act_file.name, filename=f"acte-{found.act_number}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return _to(organisation, found)


def _page(request, organisation, found: Amendment, *, approve_form=None, refuse_form=None):
    subscription = found.subscription
    waits = found.state == AmendmentState.PROPOSED
    signs = waits and Role.SIGNATORY in request.roles
    own = subscription.separate_approver and found.requested_by_id == request.user.pk
    state, label = BADGES[AmendmentState(found.state)]
    context = {
        "organisation": organisation,
        "subscription": subscription,
        "amendment": found,
        "badge": {"state": state, "label": label},
        "facts": _facts(found),
        "act": _act(organisation, found),
        "waits": waits,
        "own": signs and own,
        "approve_form": (approve_form or ActForm(required=amending.needs_act(found)))
        if signs and not own
        else None,
        "refuse_form": (refuse_form or RefuseForm()) if signs and not own else None,
        "refusing": refuse_form is not None,
        "needs_act": amending.needs_act(found),
        "may_cancel": waits and _may_cancel(request, found),
        "has_errors": bool((approve_form and approve_form.errors) or (refuse_form and refuse_form.errors)),
        "back": reverse("member_subscription", args=[organisation.siren, subscription.public_id]),
    }
    return render(request, "commune/amendment.html", context)


def _facts(found: Amendment) -> list[dict]:
    facts = [
        {"label": "Objet", "value": found.text},
        {"label": "Date d’effet", "value": day(found.effective_on)},
    ]
    if found.before:
        facts += [{"label": "Avant", "value": found.before}, {"label": "Après", "value": found.after}]
    if found.extra_cents:
        taxed = is_taxed(found.subscription)
        facts += [
            {"label": "Une année, avant", "value": net(found.cents_before, taxed=taxed)},
            {"label": "Une année, après", "value": net(found.cents_after, taxed=taxed)},
        ]
    if found.other_basis:
        facts.append({"label": "Motif légal", "value": found.other_basis})
    if found.requested_by:
        facts.append(
            {
                "label": "Proposé par",
                "value": str(found.requested_by),
                "note": f"le {moment(found.requested_at)}",
            }
        )
    if found.decided_by:
        facts.append(
            {
                "label": f"{found.get_state_display().capitalize()} par",
                "value": str(found.decided_by),
                "note": f"le {moment(found.decided_at)}",
            }
        )
    if found.reason:
        facts.append({"label": "Motif", "value": found.reason})
    return facts


def _act(organisation, found: Amendment) -> dict | None:
    if not found.act_number:
        return None
    url = reverse("member_amendment_act", args=_address(organisation, found))
    return {"label": f"Lire l’acte n° {found.act_number} du {day(found.act_date)} (PDF)", "url": url}


def _may_cancel(request, found: Amendment) -> bool:
    return found.requested_by_id == request.user.pk or Role.ORG_ADMIN in request.roles


def _subscription(organisation, public_id):
    rows = subscription_for_member(organisation=organisation).select_related("tenant__territory")
    return get_object_or_404(rows, public_id=public_id)


def _amendment(organisation, public_id: uuid.UUID, number: int) -> Amendment:
    rows = Amendment.objects.filter(tenant=organisation, subscription__public_id=public_id)
    rows = rows.select_related("subscription__tenant", "requested_by", "decided_by")
    return get_object_or_404(rows, number=number)


def _address(organisation, found: Amendment) -> list:
    return [organisation.siren, found.subscription.public_id, found.number]


def _to(organisation, found: Amendment):
    return redirect("member_amendment", *_address(organisation, found))


def _back(organisation, subscription):
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)
