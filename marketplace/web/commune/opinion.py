"""A subscriber's opinion of a service, and how it set it up."""

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from catalog.experience.opinions import RATINGS, Experience
from catalog.models import ExperienceSheet, ModerationState, Review
from catalog.pricing import format_number
from catalog.pricing.money import from_cents
from marketplace.web.access import member_view
from marketplace.web.amounts import EuroField
from subscriptions import experience
from subscriptions.models import Subscription
from subscriptions.queries import subscription_for_member
from tenants.models import Organisation
from tenants.people.roles import SPEAKING_ROLES
from tenants.refusals import Refused

WORDS = {1: "très insatisfait", 2: "insatisfait", 3: "partagé", 4: "satisfait", 5: "très satisfait"}
STATES = {
    ModerationState.PENDING: ("info", "L’opérateur le relit avant de le publier."),
    ModerationState.PUBLISHED: ("success", "Il est publié."),
    ModerationState.REFUSED: ("warning", "Il n’est pas publié."),
}


class ReviewForm(forms.Form):
    rating = forms.TypedChoiceField(
        label="Votre note",
        coerce=int,
        choices=[(rating, f"{rating} sur 5, {WORDS[rating]}") for rating in reversed(RATINGS)],
        widget=forms.RadioSelect,
        error_messages={"required": "Donnez une note de 1 à 5."},
    )
    text = forms.CharField(
        label="Votre avis",
        help_text="Ce qui va bien, ce qui manque. Le nom de votre collectivité s’affiche, le vôtre non.",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Écrivez quelques mots."},
    )


class ExperienceForm(forms.Form):
    what_we_did = forms.CharField(
        label="Ce que nous avons fait",
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": "Racontez en quelques phrases."},
    )
    weeks = forms.IntegerField(
        label="Durée de mise en place (semaines)",
        error_messages={
            "required": "Donnez la durée en semaines.",
            "invalid": "Écrivez un nombre de semaines, en chiffres.",
        },
    )
    cost = EuroField(
        label="Coût total constaté (€)",
        required=False,
        help_text="Abonnement, formation et temps passé, si vous le savez.",
    )
    advice = forms.CharField(
        label="Nos conseils à une autre collectivité",
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Donnez au moins un conseil."},
    )


def opinion_url(request, subscription: Subscription, organisation: Organisation) -> str:
    """Where this person gives her organisation's opinion of the service; "" when she may not."""
    if not experience.may_speak(subscription) or not request.roles & SPEAKING_ROLES:
        return ""
    return reverse("member_opinion", args=[organisation.siren, subscription.public_id])


@member_view(*SPEAKING_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def opinion(request, organisation, public_id):
    """Both forms on one page; each is sent by its own button."""
    subscription = subscription_for_member(organisation=organisation).filter(public_id=public_id).first()
    if subscription is None or not experience.may_speak(subscription):
        raise Http404
    sheet = subscription.listing.sheet
    review = Review.objects.filter(sheet=sheet, organisation=organisation).first()
    told = ExperienceSheet.objects.filter(sheet=sheet, organisation=organisation).first()
    review_form = ReviewForm(initial={"rating": review.rating, "text": review.text} if review else None)
    experience_form = ExperienceForm(initial=_told(told))
    if request.method == "POST":
        if request.POST.get("quoi") == "experience":
            form = experience_form = ExperienceForm(request.POST)
            send = _send_experience
        else:
            form = review_form = ReviewForm(request.POST)
            send = _send_review
        if form.is_valid():
            try:
                send(subscription, form.cleaned_data, request.user)
            except Refused as refusal:
                form.add_error(refusal.field or None, str(refusal))
            else:
                messages.success(request, "Merci ! Votre opérateur le relit avant de le publier.")
                return redirect("member_opinion", siren=organisation.siren, public_id=public_id)
    url = reverse("member_subscription", args=[organisation.siren, public_id])
    context = {
        "organisation": organisation,
        "crumbs": [
            {"label": organisation.name, "url": reverse("member_home", args=[organisation.siren])},
            {"label": subscription.service_name, "url": url},
            {"label": "Votre avis", "url": ""},
        ],
        "service": subscription.service_name,
        "review_form": review_form,
        "experience_form": experience_form,
        "has_errors": bool(review_form.errors or experience_form.errors),
        "review_state": _state(review),
        "experience_state": _state(told),
        "back": url,
    }
    return render(request, "commune/opinion.html", context)


def _send_review(subscription, typed: dict, by) -> None:
    experience.write_review(subscription=subscription, **typed, by=by, now=timezone.now())


def _send_experience(subscription, typed: dict, by) -> None:
    typed = dict(typed)
    told = Experience(cost_cents=typed.pop("cost"), **typed)
    experience.write_experience(subscription=subscription, experience=told, by=by, now=timezone.now())


def _told(told: ExperienceSheet | None) -> dict | None:
    if told is None:
        return None
    cost = "" if told.cost_cents is None else format_number(from_cents(told.cost_cents), min_places=2)
    return {"what_we_did": told.what_we_did, "weeks": told.weeks, "cost": cost, "advice": told.advice}


def _state(opinion) -> dict | None:
    if opinion is None:
        return None
    badge, words = STATES[opinion.state]
    return {
        "badge": badge,
        "state": opinion.get_state_display().capitalize(),
        "words": words,
        "reason": opinion.reason,
    }
