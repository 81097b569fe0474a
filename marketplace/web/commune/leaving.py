"""Leaving a service: the calendar before anything is asked, then where the departure stands."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.terms import form_page
from marketplace.web.fields import TYPED_DATE, text_field
from marketplace.web.formats import day
from marketplace.web.leaving_words import badge, planned, steps
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import leaving, leaving_terms
from subscriptions.exceptions import ExitRefused, SubscriptionRefused, WrongState
from subscriptions.models import RUNNING, Destination, Exit, ExitState, Subscription
from subscriptions.queries import subscription_for_member
from tenants.models import Organisation, Role

CONFIRM = "confirmer"


class LeaveForm(forms.Form):
    """Where to, and the first day after the notice."""

    destination = forms.ChoiceField(
        label="Vous partez vers",
        choices=Destination.choices,
        initial=Destination.PROVIDER,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Dites vers quoi vous partez.",
            "invalid_choice": "Choisissez une réponse.",
        },
    )
    leaves_on = forms.DateField(
        label="Le départ commence le",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez le jour où votre départ commence.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    reason = text_field(
        "Pourquoi partez-vous ?",
        longest=500,
        too_long="Ce texte est trop long",
        required=False,
        help_text="Votre opérateur et l’éditeur le liront.",
    )


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request, organisation, public_id):
    """The whole calendar, drawn again with what was chosen; nothing is asked before it is confirmed."""
    subscription = _subscription(organisation, public_id)
    today = localdate(timezone.now())
    if (
        subscription.is_trial
        or subscription.state not in RUNNING
        or leaving.open_exit(subscription=subscription)
    ):
        return _back(organisation, subscription)
    try:
        terms = leaving_terms.terms_of(subscription=subscription, on=today)
    except ExitRefused as refusal:
        messages.error(request, str(refusal))
        return _back(organisation, subscription)
    first = leaving_terms.earliest(terms=terms, today=today)
    typed = {"destination": Destination.PROVIDER, "leaves_on": first.isoformat()}
    form = LeaveForm(request.POST if request.method == "POST" else typed)
    form.fields[
        "leaves_on"
    ].help_text = f"Le {day(first)} au plus tôt, après {terms.notice_days} jours de préavis."
    days, unread = None, False
    if form.is_valid():
        asked = {name: form.cleaned_data[name] for name in ("destination", "leaves_on")}
        try:
            days = leaving_terms.calendar_of(terms=terms, today=today, **asked)
            unread = CONFIRM in request.POST and request.POST[CONFIRM] != read(days)
            if CONFIRM in request.POST and not unread:
                leaving.request_exit(
                    subscription=subscription,
                    by=request.user,
                    reason=form.cleaned_data["reason"],
                    now=timezone.now(),
                    **asked,
                )
                messages.success(
                    request, "Votre départ est enregistré. Vous pouvez l’annuler pendant le préavis."
                )
                return _back(organisation, subscription)
        except ExitRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        except WrongState as refusal:
            messages.error(request, str(refusal))
            return _back(organisation, subscription)
    context = {
        "organisation": organisation,
        "subscription": subscription,
        "form": form,
        "has_errors": bool(form.errors),
        "steps": planned(days) if days else [],
        "confirms": read(days) if days else "",
        "unread": unread,
        "terms": terms,
        "back": _address(organisation, subscription),
    }
    return render(request, "commune/leave.html", context)


def read(days: leaving_terms.Calendar) -> str:
    """What the button that confirms says of the calendar above it: another one is read first."""
    return f"{days.transition_from} {days.retrieval_from} {days.erasure_from}"


@member_view(Role.SIGNATORY)
@require_POST
def withdraw(request, organisation, public_id):
    """The commune stays after all."""
    return _done(
        request, organisation, public_id, leaving.withdraw, "Le départ est annulé : le service continue."
    )


class LongerForm(forms.Form):
    until = forms.DateField(
        label="Premier jour sans le service",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez le premier jour sans le service.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def longer(request, organisation, public_id):
    """The commune takes a longer transition, once."""
    subscription = _subscription(organisation, public_id)
    found = leaving.open_exit(subscription=subscription)
    if found is None or not leaving.may_take_longer(found):
        messages.info(request, "Il n’y a pas de transition à prolonger, ou elle l’a déjà été.")
        return _back(organisation, subscription)
    form = LongerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            leaving.take_longer(
                leaving=found, until=form.cleaned_data["until"], by=request.user, now=timezone.now()
            )
        except ExitRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        except WrongState as refusal:
            messages.error(request, str(refusal))
            return _back(organisation, subscription)
        else:
            messages.success(request, "La transition est prolongée. L’opérateur est prévenu.")
            return _back(organisation, subscription)
    return form_page(
        request,
        organisation,
        subscription,
        form,
        title="Prendre plus de temps pour partir",
        consequences=[
            f"Aujourd’hui, le service s’arrête le {day(found.retrieval_from)}.",
            "Vous pouvez choisir une fois un jour plus lointain, sans donner de motif (règlement 2023/2854, "
            "article 25, 5).",
            "Le service reste ouvert, et facturé, jusqu’à la veille. La suite est décalée d’autant.",
        ],
        label="Prolonger la transition",
    )


@member_view(Role.SECRETARY, Role.SIGNATORY)
@require_POST
def retrieved(request, organisation, public_id):
    """The commune has its data."""
    return _done(
        request, organisation, public_id, leaving.say_retrieved, "C’est noté. Rien n’est effacé plus tôt."
    )


@member_view()
@require_safe
def certificate(request, organisation, public_id):
    """The proof that the data are erased."""
    subscription = _subscription(organisation, public_id)
    found = Exit.objects.filter(subscription=subscription).exclude(certificate="").order_by("-pk").first()
    if found is None:
        raise Http404
    try:
        return pdf_response(path=found.certificate.name, filename=f"certificat-{organisation.siren}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return _back(organisation, subscription)


def leaving_block(request, organisation: Organisation, subscription: Subscription) -> dict:
    """For commune/_leaving.html: the last departure, and what this person may do; empty when there is none
    and nothing to leave."""
    found = (
        Exit.objects.filter(subscription=subscription).select_related("retrieved_by").order_by("-pk").first()
    )
    if found is None or found.state == ExitState.WITHDRAWN:
        leaves = subscription.state in RUNNING and Role.SIGNATORY in request.roles
        leaves = leaves and not subscription.is_trial  # which is stopped at once
        return {"leave_url": _named("member_leave", organisation, subscription)} if leaves else {}
    found.subscription = subscription
    today = localdate(timezone.now())
    notice = found.state == ExitState.NOTICE and today < found.transition_from
    says = (
        found.is_open
        and found.state != ExitState.NOTICE
        and not found.retrieved_at
        and request.roles & {Role.SECRETARY, Role.SIGNATORY}
    )
    return {
        "steps": steps(found),
        "badge": badge(found),
        "asked_by": found.requested_by,
        "withdraw_url": _named("member_leave_withdraw", organisation, subscription)
        if notice and Role.SIGNATORY in request.roles
        else "",
        "longer_url": _named("member_leave_longer", organisation, subscription)
        if leaving.may_take_longer(found) and Role.SIGNATORY in request.roles
        else "",
        "retrieved_url": _named("member_leave_retrieved", organisation, subscription) if says else "",
        "certificate_url": _named("member_certificate", organisation, subscription)
        if found.certificate
        else "",
    }


def _done(request, organisation, public_id, verb, said: str):
    subscription = _subscription(organisation, public_id)
    found = leaving.open_exit(subscription=subscription)
    if found is None:
        raise Http404
    try:
        verb(leaving=found, by=request.user, now=timezone.now())
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return _back(organisation, subscription)


def _subscription(organisation, public_id) -> Subscription:
    return get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)


def _named(name: str, organisation, subscription) -> str:
    return reverse(name, args=[organisation.siren, subscription.public_id])


def _address(organisation, subscription) -> str:
    return _named("member_subscription", organisation, subscription)


def _back(organisation, subscription):
    return redirect(_address(organisation, subscription))
