"""What a vendor has otherwise than agreed: one difference, put right or kept as it is."""

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.drift_words import drift_words
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from provisioning.drift import drifts_of
from provisioning.drift_settling import MOST_WORDS, keep_as_is, put_right
from provisioning.models import Drift, DriftKind
from subscriptions.exceptions import SubscriptionRefused


class KeepForm(forms.Form):
    reason = forms.CharField(
        label="Pourquoi",
        max_length=MOST_WORDS,
        help_text="Une phrase, gardée au journal.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Dites pourquoi en une phrase.",
            "max_length": f"Raccourcissez : {MOST_WORDS} caractères au plus.",
        },
    )


@operator_view(*TASK_ROLES)
@require_safe
def drift(request, operator, drift):
    """What differs, and what can be done about it."""
    return _page(request, operator, _found(operator, drift))


@operator_view(*TASK_ROLES)
@require_POST
def right(request, operator, drift):
    """Tells the vendor all that is in force, once more."""
    found = _found(operator, drift)
    try:
        put_right(drift=found, by=request.user, now=timezone.now())
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La remise en accord est demandée à l’éditeur.")
    return redirect("operator_tasks", operator=operator.slug)


@operator_view(*TASK_ROLES)
@require_POST
def keep(request, operator, drift):
    """It is meant to be so."""
    found = _found(operator, drift)
    form = KeepForm(request.POST)
    if not form.is_valid():
        return _page(request, operator, found, form)
    try:
        keep_as_is(drift=found, by=request.user, now=timezone.now(), **form.cleaned_data)
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "C’est noté : Halle ne signalera plus cet écart tant qu’il reste le même.")
    return redirect("operator_tasks", operator=operator.slug)


def _found(operator, pk: int) -> Drift:
    return get_object_or_404(drifts_of(operator=operator).filter(kind=DriftKind.DIFFERENT), pk=pk)


def _page(request, operator, found: Drift, form: KeepForm | None = None):
    subscription = found.subscription
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator,
            ("Ouvertures et fermetures", reverse("operator_tasks", args=[operator.slug])),
            ("Écart", ""),
        ),
        "drift": drift_words(found),
        "acts": bool(request.roles & TASK_ROLES),
        "form": form or KeepForm(),
        "subscription_url": reverse("operator_subscription", args=[operator.slug, subscription.public_id]),
        "right_url": reverse("operator_drift_right", args=[operator.slug, found.pk]),
        "keep_url": reverse("operator_drift_keep", args=[operator.slug, found.pk]),
    }
    return render(request, "operator/drift.html", context)
