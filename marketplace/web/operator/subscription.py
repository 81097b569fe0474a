"""One subscription of a member: where it stands, what goes on at the vendor's, suspended and reopened."""

from datetime import date

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from catalog.pricing.usage import usage_of
from marketplace.web.access import operator_view
from marketplace.web.commune.credentials import ask_for_new, said_of
from marketplace.web.commune.words import price_in_list
from marketplace.web.fields import TYPED_DATE, text_field
from marketplace.web.formats import day, format_number, moment
from marketplace.web.operator.dashboard import subscription_state
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.provisioning_words import BEFOREHAND, planned
from provisioning.credentials import access_of, rotation_under_way
from provisioning.history import history_of, way_for
from provisioning.models import Event
from subscriptions import planned_suspensions, suspending
from subscriptions.exceptions import SubscriptionRefused, SuspensionRefused
from subscriptions.in_force import price_in_force
from subscriptions.metering import told_of
from subscriptions.models import PlannedSuspension, State, Subscription

WORDS = text_field(
    "Pourquoi",
    longest=suspending.MOST_WORDS,
    missing="Dites pourquoi en une phrase : l’adhérent la lira.",
    help_text="Une phrase. L’adhérent la lira.",
)


class ResumeForm(forms.Form):
    words = WORDS


class SuspendForm(forms.Form):
    ground = forms.ChoiceField(
        label="Motif",
        choices=[("", "Choisir un motif"), *suspending.Ground.choices],
        error_messages={
            "required": "Choisissez un motif.",
            "invalid_choice": "Choisissez un motif de la liste.",
        },
    )
    words = WORDS
    on = forms.DateField(
        label="À partir du",
        help_text="Vide : tout de suite. Sinon, ce matin-là ; l’adhérent en est averti dès maintenant.",
        widget=TYPED_DATE,
        required=False,
        error_messages={"invalid": "Écrivez un jour, comme 15/01/2027."},
    )


FORMS = {State.ACTIVE: SuspendForm, State.SUSPENDED: ResumeForm}


@operator_view()
@require_safe
def subscription(request, operator, public_id):
    return _page(request, operator, _found(operator, public_id))


@operator_view(*TASK_ROLES)
@require_POST
def suspend(request, operator, public_id):
    """Closes the access, its data kept: now, or on a later day."""
    return _decide(request, operator, public_id, SuspendForm, _suspend, "suspendu")


@operator_view(*TASK_ROLES)
@require_POST
def call_off(request, operator, public_id, planned):
    """The suspension that was to come will not."""
    found = _found(operator, public_id)
    coming = get_object_or_404(found.planned_suspensions, public_id=planned)
    try:
        planned_suspensions.call_off(planned=coming, by=request.user, now=timezone.now())
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La suspension prévue est annulée. L’adhérent en est averti.")
    return redirect("operator_subscription", operator=operator.slug, public_id=public_id)


@operator_view(*TASK_ROLES)
@require_POST
def resume(request, operator, public_id):
    """Reopens the access."""
    return _decide(request, operator, public_id, ResumeForm, suspending.resume, "rouvert")


@operator_view(*TASK_ROLES)
@require_POST
def renew(request, operator, public_id):
    """Asks the vendor for new credentials; only the member's administrator will see them."""
    ask_for_new(request, _found(operator, public_id))
    return redirect("operator_subscription", operator=operator.slug, public_id=public_id)


def _decide(request, operator, public_id, form_class, verb, done: str):
    found = _found(operator, public_id)
    form = form_class(request.POST)
    if FORMS.get(found.state) is not form_class:
        messages.error(request, "Cet abonnement a changé entre-temps. Relisez sa page.")
        return redirect("operator_subscription", operator=operator.slug, public_id=public_id)
    if not form.is_valid():
        return _page(request, operator, found, form=form)
    try:
        planned = verb(subscription=found, by=request.user, now=timezone.now(), **form.cleaned_data)
    except SuspensionRefused as refusal:
        form.add_error("on" if form.cleaned_data.get("on") else None, str(refusal))
        return _page(request, operator, found, form=form)
    except SubscriptionRefused as refusal:
        messages.error(request, str(refusal))
    else:
        when = f"sera {done} le {day(planned.on_date)}" if planned else f"est {done}"
        said = f"{found.service_name} {when} pour {found.tenant.name}, qui en est averti."
        messages.success(request, said)
    return redirect("operator_subscription", operator=operator.slug, public_id=public_id)


def _suspend(*, on: date | None, **how) -> PlannedSuspension | None:
    if on is None:
        suspending.suspend(**how)
        return None
    return planned_suspensions.plan(on=on, **how)


def _found(operator, public_id) -> Subscription:
    rows = Subscription.objects.filter(operator=operator).annotate(
        in_force_cents=price_in_force(on=localdate(timezone.now()))
    )
    rows = rows.select_related(
        "tenant", "listing__offer__endpoint", "listing__offer__product__sheet__vendor__organisation"
    )
    return get_object_or_404(rows, public_id=public_id)


def _page(request, operator, found: Subscription, *, form: forms.Form | None = None):
    decides = bool(request.roles & TASK_ROLES) and found.state in FORMS
    suspends = found.state == State.ACTIVE
    event = Event.SUSPEND if suspends else Event.RESUME
    verb = "operator_subscription_suspend" if suspends else "operator_subscription_resume"
    context = {
        "crumbs": crumbs(
            operator,
            ("Abonnements", reverse("operator_subscriptions", args=[operator.slug])),
            (found.tenant.name, ""),
        ),
        "subscription": found,
        "state": subscription_state(found),
        "facts": _facts(found),
        "steps": [planned(step, operator) for step in history_of(found)],
        "form": (form or FORMS[State(found.state)]()) if decides else None,
        "has_errors": form is not None,
        "suspends": suspends,
        "beforehand": BEFOREHAND[event, way_for(found, event)] if decides else "",
        "post_url": reverse(verb, args=[operator.slug, found.public_id]),
        "suspension": _suspension(found),
        "planned": _planned(operator, found) if suspends else None,
        "drifts": [
            {"level": "warning", "title": drift.get_kind_display().capitalize(), "text": drift.words}
            for drift in found.drifts.filter(closed_at__isnull=True, kept_at__isnull=True).order_by("pk")
        ],
        "access": _access(request, operator, found),
        "usage": _usage(request, found),
    }
    return render(request, "operator/subscription.html", context)


def _access(request, operator, found: Subscription) -> dict | None:
    access = access_of(found)
    if access is None:
        return None
    renews = bool(request.roles & TASK_ROLES) and not rotation_under_way(found)
    return {
        "said": said_of(access),
        "renew_url": reverse("operator_credentials_renew", args=[operator.slug, found.public_id])
        if renews
        else "",
    }


def _usage(request, found: Subscription) -> dict | None:
    """What its service told of its use, {rows, page}; None where its price does not ask."""
    prices = {one.unit: one for one in usage_of(found.grid)}
    if not prices:
        return None
    page = told_of(subscription=found, page=request.GET.get("page"))
    rows = [
        {
            "name": one.source_event_id,
            "used": day(one.used_on),
            "quantity": prices[one.unit].counted(one.quantity)
            if one.unit in prices
            else f"{format_number(one.quantity)} {one.unit}",
            "received": moment(one.received_at),
            "instead_of": one.instead_of,
            "corrected": one.corrected,
        }
        for one in page
    ]
    return {"rows": rows, "page": page}


def _suspension(found: Subscription) -> str:
    """Why it is suspended, and since when."""
    if found.state != State.SUSPENDED:
        return ""
    last = found.transitions.select_related("by").latest("pk")
    who = f", par {last.by}" if last.by else ""
    return f"Depuis le {moment(last.at)}{who}. {last.reason}"


def _planned(operator, found: Subscription) -> dict | None:
    """{said, url} of the suspension that is to come."""
    planned = planned_suspensions.planned_of(found)
    if planned is None:
        return None
    ground = suspending.Ground(planned.ground).label
    return {
        "said": f"Le {day(planned.on_date)} au matin, décidée par {planned.decided_by}. "
        f"{ground} : {planned.words}",
        "url": reverse(
            "operator_suspension_call_off", args=[operator.slug, found.public_id, planned.public_id]
        ),
    }


def _facts(found: Subscription) -> list[dict]:
    rows = [
        ("Adhérent", found.tenant.name),
        ("Éditeur", found.listing.sheet.vendor.organisation.name),
        ("Prix annuel", price_in_list(found)),
        ("Demandé le", moment(found.requested_at)),
        ("Ouvert le", day(found.active_from)),
        ("Sans le service à partir du", day(found.ended_on)),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]
