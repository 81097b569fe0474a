"""Approving, refusing, cancelling a request: one call into the room each, its refusals said in French."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.web.access import member_view
from marketplace.web.commune.detail import decision_form, detail_page, may_cancel
from marketplace.web.commune.forms import RefuseForm, ask_files_again
from subscriptions import operations
from subscriptions.exceptions import (
    DecisionInvalid,
    NotYourTurn,
    OrderRefused,
    OrganisationClosed,
    SamePerson,
    WrongState,
)
from subscriptions.models import State
from subscriptions.queries import subscription_for_member
from tenants.models import Role


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request, organisation, public_id):
    """The signatory approves, with the act that decides. Asked for without a form, leads to the page."""
    subscription = _subscription(organisation, public_id)
    if request.method != "POST":
        return _back(organisation, subscription)
    form = decision_form(subscription, request.POST, request.FILES)
    if not form.is_valid():
        ask_files_again(form)
        return detail_page(request, organisation, subscription, approve_form=form)
    try:
        operations.approve(
            subscription=subscription,
            approved_by=request.user,
            **form.decision,
            now=timezone.now(),
        )
    except DecisionInvalid as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        ask_files_again(form)
        return detail_page(request, organisation, subscription, approve_form=form)
    except (NotYourTurn, OrderRefused, OrganisationClosed, SamePerson, WrongState) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _said(subscription))
    return _back(organisation, subscription)


def _said(subscription) -> str:
    if subscription.state == State.REQUESTED:
        return "Votre décision est enregistrée. Il reste à d’autres de donner leur accord : suivez-le ici."
    return "C’est approuvé. L’ouverture du service est demandée à l’éditeur."


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request, organisation, public_id):
    """The signatory refuses, and says why."""
    subscription = _subscription(organisation, public_id)
    if request.method != "POST":
        return _back(organisation, subscription)
    form = RefuseForm(request.POST)
    if not form.is_valid():
        return detail_page(request, organisation, subscription, refuse_form=form)
    try:
        operations.refuse(
            subscription=subscription,
            by=request.user,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
    except (NotYourTurn, WrongState) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "La demande est refusée. La personne qui l’a faite lira votre motif.")
    return _back(organisation, subscription)


@member_view()
@require_POST
def cancel(request, organisation, public_id):
    """Whoever asked, or the organisation's administrator, takes the request back."""
    subscription = _subscription(organisation, public_id)
    if not may_cancel(request, subscription):
        raise Http404
    try:
        operations.cancel(subscription=subscription, by=request.user, now=timezone.now())
    except WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "La demande est annulée. Vous pourrez la refaire quand vous voudrez.")
    return _back(organisation, subscription)


def _subscription(organisation, public_id):
    return get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)


def _back(organisation, subscription):
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)
