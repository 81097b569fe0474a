"""The credentials of an open service: shown once to an administrator, renewed when lost or leaked."""

import json

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from marketplace.web.access import member_view
from marketplace.web.formats import moment
from provisioning.clients import plan_renewal
from provisioning.credentials import Access, access_of, reveal, rotation_under_way
from provisioning.models import BindingKind
from provisioning.operations import plan_rotation
from subscriptions.exceptions import WrongState
from subscriptions.models import Subscription
from subscriptions.queries import subscription_for_member
from tenants.models import Organisation, Role

DEEPEST = 3  # levels of the vendor's object that get a row each


def credentials_block(request, organisation: Organisation, subscription: Subscription) -> dict | None:
    """What `commune/_credentials.html` shows of them; None for a service that needs none."""
    access = access_of(subscription)
    if access is None:
        return None
    administers = Role.ORG_ADMIN in request.roles
    at = [organisation.siren, subscription.public_id]
    return {
        "said": said_of(access),
        "reveal_url": reverse("member_credentials", args=at) if administers and access.can_be_shown else "",
        "renew_url": reverse("member_credentials_renew", args=at)
        if administers and not rotation_under_way(subscription)
        else "",
        "for_another": access.can_be_shown and not administers,
    }


def said_of(access: Access) -> list[str]:
    """Where the credentials stand, a sentence each: who saw them, when, what is to come."""
    said = []
    if access.binding and access.can_be_shown:
        said.append(
            f"L’éditeur les a donnés le {moment(access.binding.bound_at)}. Personne ne les a encore vus."
        )
    elif access.binding and access.binding.shown_at:
        when = moment(access.binding.shown_at)
        said.append(f"Affichés le {when} à {access.binding.shown_by}. Halle ne les garde plus.")
    elif access.binding:
        said.append("Ils n’ont pas été remis par Halle.")
    if access.binding and access.binding.expires_at:
        said.append(f"Valables jusqu’au {moment(access.binding.expires_at)}, dit l’éditeur.")
    if access.old_until:
        said.append(f"Les précédents fonctionnent encore jusqu’au {moment(access.old_until)}.")
    if access.needs_person:
        said.append("L’éditeur n’a pas donné ceux qui lui sont demandés. Votre opérateur en est averti.")
    elif access.waits:
        said.append("De nouveaux sont demandés à l’éditeur. Ils arriveront sur cette page.")
    return said or ["L’éditeur n’en a pas encore donné."]


@member_view(Role.ORG_ADMIN)
@require_POST
@never_cache
@sensitive_variables("values")
def show(request, organisation, public_id):
    """Shows them, this once."""
    subscription = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    try:
        values = reveal(
            subscription=subscription, by=request.user, now=timezone.now(), kind=_asked_for(request)
        )
    except WrongState as error:
        messages.error(request, str(error))
        return _back(organisation, subscription)
    context = {"organisation": organisation, "subscription": subscription, "rows": rows_of(values)}
    return render(request, "commune/credentials.html", context)


@member_view(Role.ORG_ADMIN)
@require_POST
def renew(request, organisation, public_id):
    """Asks the vendor for new ones; the old ones are taken back, at once if they have leaked."""
    subscription = get_object_or_404(subscription_for_member(organisation=organisation), public_id=public_id)
    if _asked_for(request) == BindingKind.CLIENT:
        _renew_client(request, subscription)
    else:
        ask_for_new(request, subscription)
    return _back(organisation, subscription)


def _asked_for(request) -> BindingKind:
    """Which of the two blocks of the page it was sent from."""
    return BindingKind.CLIENT if request.POST.get("de") == "connexion" else BindingKind.VENDOR


def _renew_client(request, subscription: Subscription) -> None:
    try:
        plan_renewal(subscription=subscription, by=request.user, now=timezone.now())
    except WrongState as error:
        messages.error(request, str(error))
        return
    messages.success(request, "Un nouveau secret est demandé. Il arrivera sur cette page.")


def ask_for_new(request, subscription: Subscription) -> None:
    """Carries out what the form of `_renew.html` asks, and says what comes of it."""
    leaked = request.POST.get("leaked") == "oui"
    try:
        plan_rotation(subscription=subscription, by=request.user, leaked=leaked, now=timezone.now())
    except WrongState as error:
        messages.error(request, str(error))
        return
    then = "dès que les nouveaux seront là" if leaked else "un jour après l’arrivée des nouveaux"
    messages.success(
        request, f"De nouveaux identifiants sont demandés à l’éditeur. Les anciens seront retirés {then}."
    )


def rows_of(values: dict, *, over: str = "", level: int = 1) -> list[dict]:
    """A row for each value of the vendor's object: its name, with those above it, and its text."""
    rows = []
    for name, value in values.items():
        label = f"{over}{name}"
        if isinstance(value, dict) and value and level < DEEPEST:
            rows += rows_of(value, over=f"{label} › ", level=level + 1)
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            rows.append({"label": label, "value": text})
    return rows


def _back(organisation, subscription):
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)
