"""Trying a service for nothing: asking for it, where it stands, stopping it before its day."""

import uuid
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from catalog.models import Listing, ListingState
from marketplace.web.access import member_view
from marketplace.web.commune.home import storefront_url
from marketplace.web.commune.terms import form_page
from marketplace.web.formats import day
from marketplace.web.price_views import trial_offer, trial_words
from subscriptions import trials
from subscriptions.exceptions import (
    AlreadyCovered,
    AlreadySubscribed,
    ExitRefused,
    SubscriptionRefused,
    WrongState,
)
from subscriptions.leaving import open_exit
from subscriptions.models import RUNNING, ExitState, Party, State, Subscription
from subscriptions.queries import open_subscription, subscription_for_member
from subscriptions.tried import trial_of
from tenants.models import Organisation, Role


class TrialForm(forms.Form):
    """Nothing is typed: the key was drawn with the page, so that two clicks are one trial."""

    request_key = forms.UUIDField(widget=forms.HiddenInput)


@member_view(Role.SECRETARY)
@require_http_methods(["GET", "HEAD", "POST"])
def try_it(request, organisation, listing):
    """What a trial is, then one button. Sent twice, it is one trial."""
    found = Listing.objects.for_cards().filter(pk=listing).exclude(state=ListingState.DRAFT).first()
    if found is None:
        raise Http404
    now = timezone.now()
    asked = {"organisation": organisation, "listing": found}
    try:
        if request.method == "POST":
            form = TrialForm(request.POST)
            key = form.cleaned_data["request_key"] if form.is_valid() else uuid.uuid4()
            trial = trials.request_trial(**asked, requested_by=request.user, request_key=key, now=now)
            messages.success(request, "Votre essai est demandé. Suivez-le ici.")
            return _to(organisation, trial)
        conditions = trials.trial_conditions(**asked, today=localdate(now))
    except AlreadySubscribed as refusal:
        messages.info(request, "Votre collectivité a déjà ce service, ou l’a demandé : voici où cela en est.")
        return _to(organisation, refusal.existing)
    except SubscriptionRefused as refusal:
        return _refused(request, organisation, found, refusal)
    context = {
        "organisation": organisation,
        "sheet": found.shown,
        "operator": found.operator,
        "offer": trial_words(conditions.days),
        "agree": [_who(found, party) for party in conditions.others],
        "form": TrialForm(initial={"request_key": uuid.uuid4()}),
        "terms": found.terms,
        "subscribe_url": reverse("member_subscribe", args=[organisation.siren, found.pk]),
    }
    return render(request, "commune/trial.html", context)


@member_view(Role.SECRETARY, Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request, organisation, public_id):
    """The trial ends today; asked for again before it is done."""
    trial = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    if not trial.is_trial:
        raise Http404
    if trial.state not in RUNNING:
        messages.info(request, "Cet essai n’est pas en cours : il n’y a rien à arrêter.")
        return _to(organisation, trial)
    if request.method == "POST":
        try:
            trials.stop(trial=trial, by=request.user, now=timezone.now())
        except (WrongState, ExitRefused) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "L’essai est arrêté. Vos données restent à récupérer.")
        return _to(organisation, trial)
    return form_page(
        request,
        organisation,
        trial,
        None,
        title="Arrêter l’essai gratuit",
        consequences=[
            "L’essai s’arrête aujourd’hui. Il n’y a rien à payer.",
            "Vos données restent à récupérer un mois au moins, puis elles sont effacées, avec un certificat.",
            "Un essai ne se refait pas. Vous pourrez toujours demander l’abonnement.",
        ],
        label="Arrêter l’essai",
        danger=True,
    )


def trial_block(request, organisation: Organisation, subscription: Subscription) -> dict | None:
    """For commune/_trial.html: what comes after a trial, and what this person may do; None for what is no
    trial, is not open yet or is over for good."""
    if not subscription.is_trial or subscription.state not in (*RUNNING, State.TERMINATING):
        return None
    running = subscription.state in RUNNING
    asked = open_subscription(organisation=organisation, listing=subscription.listing)
    secretary = Role.SECRETARY in request.roles
    stops = running and request.roles & {Role.SECRETARY, Role.SIGNATORY}
    ids = [organisation.siren, subscription.public_id]
    return {
        "running": running,
        "last": day(subscription.last_trial_day if running else _last_day(subscription.ended_on)),
        "after": day(subscription.trial_until),
        "kept_until": "" if running else _kept_until(subscription),
        "asked_url": reverse("member_subscription", args=[organisation.siren, asked.public_id])
        if asked
        else "",
        "subscribe_url": reverse("member_subscribe", args=[organisation.siren, subscription.listing_id])
        if secretary and not asked
        else "",
        "stop_url": reverse("member_trial_stop", args=ids) if stops else "",
    }


def _kept_until(trial: Subscription) -> str:
    """The last day on which a subscription still goes on with the data of a trial that is over."""
    leaving = open_exit(subscription=trial)
    if leaving is None or leaving.state != ExitState.RETRIEVAL:
        return ""
    return day(_last_day(leaving.erasure_from))


def trial_facts(subscription: Subscription) -> list[dict]:
    """For components/facts.html: how long a trial lasts, or that a subscription came after one."""
    if subscription.after_trial_id:
        return [{"label": "Essai gratuit", "value": "Fait avant : le service a continué"}]
    if not subscription.is_trial:
        return []
    until = subscription.last_trial_day
    note = f"du {day(subscription.active_from)} au {day(until)}" if until else "à partir de l’ouverture"
    return [{"label": "Prix", "value": trial_words(subscription.trial_days), "note": note}]


def trial_beside(organisation: Organisation, listing: Listing, *, today: date) -> dict:
    """On the page that asks for a subscription: the trial that it would go on with, or may come before."""
    trial = trial_of(organisation=organisation, listing=listing)
    if trial is None:
        offer = trial_offer(listing.grid_on(today))
        return {
            "running": "",
            "offer": offer,
            "url": reverse("member_trial", args=[organisation.siren, listing.pk]),
        }
    running = (
        f"Gratuitement, jusqu’au {day(trial.last_trial_day)}. L’abonnement prend la suite sans coupure, avec "
        f"vos données. Il est payant à partir du {day(trial.trial_until)}, ou de son approbation si elle "
        "vient après."
        if trial.state in RUNNING
        else ""
    )
    return {"running": running, "offer": "", "url": ""}


def _who(listing: Listing, party: Party) -> str:
    return listing.operator.short_name if party == Party.OPERATOR else listing.vendor.organisation.name


def _last_day(first_without: date) -> date:
    return first_without - timedelta(days=1)


def _to(organisation: Organisation, subscription: Subscription):
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)


def _refused(request, organisation: Organisation, listing: Listing, refusal: SubscriptionRefused):
    """The service cannot be tried: why, and what to do."""
    context = {
        "organisation": organisation,
        "sheet": listing.shown,
        "operator": listing.operator,
        "reason": str(refusal),
        "covered": isinstance(refusal, AlreadyCovered),
        "subscribe_url": reverse("member_subscribe", args=[organisation.siren, listing.pk]),
        "storefront_url": storefront_url(listing.operator, organisation),
    }
    return render(request, "commune/trial_refused.html", context)
