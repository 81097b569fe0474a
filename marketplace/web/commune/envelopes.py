"""The envelopes of a member: opened and closed by a signatory, read by all of the house."""

from datetime import date, timedelta

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Family
from marketplace.web.access import member_view
from marketplace.web.commune.envelope_forms import EnvelopeForm
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.commune.words import state_badge
from marketplace.web.formats import day, format_cents, moment
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions.deciding import assembly, head
from subscriptions.envelopes import choosable_listings, close_envelope, open_envelope
from subscriptions.exceptions import DecisionInvalid, EnvelopeInvalid, WrongState
from subscriptions.models import Envelope, EnvelopeHold
from subscriptions.queries import envelopes_of, holds_of
from tenants.models import Role
from tenants.models.organisation import OrganisationKind

LAWS = {OrganisationKind.COMMUNE: "CGCT L2122-22, 4°", OrganisationKind.EPCI: "CGCT L5211-10"}


@member_view()
@require_safe
def envelope_list(request, organisation):
    """Every envelope, the newest first."""
    today = localdate(timezone.now())
    context = {
        "organisation": organisation,
        "rows": [
            {
                **_summary(one, today),
                "name": str(one).capitalize(),
                "url": _url(organisation, one),
                "level": "2",
            }
            for one in envelopes_of(organisation=organisation)
        ],
        "new_url": reverse("member_envelope_new", args=[organisation.siren])
        if Role.SIGNATORY in request.roles
        else "",
        "head": head(organisation),
        "assembly": assembly(organisation),
    }
    return render(request, "commune/envelopes.html", context)


@member_view(Role.SIGNATORY)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, organisation):
    """The signatory opens one. Sent twice, it is one envelope."""
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    services = choosable_listings(organisation, on=localdate(timezone.now()))
    form = EnvelopeForm(*sent, services=services)
    if request.method == "POST" and form.is_valid():
        try:
            found = open_envelope(
                organisation=organisation,
                terms=form.terms(),
                act=form.act(),
                by=request.user,
                request_key=form.cleaned_data["request_key"],
                now=timezone.now(),
            )
        except EnvelopeInvalid as invalid:
            form.show(invalid)
        except DecisionInvalid as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "L’enveloppe est ouverte : les demandes qui y entrent sont approuvées.")
            return redirect(_url(organisation, found))
    ask_files_again(form)
    context = {
        "organisation": organisation,
        "form": form,
        "back": reverse("member_envelopes", args=[organisation.siren]),
        "head": head(organisation),
        "assembly": assembly(organisation),
        "law": LAWS.get(OrganisationKind(organisation.kind), "les statuts de votre organisme"),
    }
    return render(request, "commune/envelope_new.html", context)


@member_view()
@require_safe
def envelope(request, organisation, number):
    """What one envelope has approved, and what is left of it."""
    found = _found(organisation, number)
    today = localdate(timezone.now())
    may_close = Role.SIGNATORY in request.roles and found.closed_at is None
    context = {
        "organisation": organisation,
        "envelope": _summary(found, today),
        "name": str(found).capitalize(),
        "facts": _facts(found),
        "rows": [_row(organisation, hold) for hold in holds_of(envelope=found)],
        "act_url": reverse("member_envelope_act", args=[organisation.siren, number]),
        "close_url": reverse("member_envelope_close", args=[organisation.siren, number]) if may_close else "",
        "closing": may_close and "fermer" in request.GET,
        "head": head(organisation),
        "assembly": assembly(organisation),
    }
    return render(request, "commune/envelope.html", context)


@member_view(Role.SIGNATORY)
@require_POST
def close(request, organisation, number):
    """From now on it approves nothing."""
    found = _found(organisation, number)
    try:
        close_envelope(envelope=found, by=request.user, now=timezone.now())
    except WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "L’enveloppe est fermée. Ce qu’elle a approuvé le reste.")
    return redirect(_url(organisation, found))


@member_view()
@require_safe
def act(request, organisation, number):
    """The decision that opened it."""
    found = _found(organisation, number)
    try:
        return pdf_response(path=found.act_file.name, filename=f"decision-{found.act_number}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect(_url(organisation, found))


def _found(organisation, number: int) -> Envelope:
    return get_object_or_404(envelopes_of(organisation=organisation), number=number)


def _url(organisation, found: Envelope) -> str:
    return reverse("member_envelope", args=[organisation.siren, found.number])


def _summary(found: Envelope, today: date) -> dict:
    last = day(found.ends_on - timedelta(days=1))
    if found.closed_at:
        badge = ("neutral", "Fermée")
    elif today >= found.ends_on:
        badge = ("neutral", "Terminée")
    elif not found.signs:
        badge = ("warning", "Sans effet : qui l’a signée n’est plus signataire")
    elif today < found.starts_on:
        badge = ("info", "À venir")
    else:
        badge = ("success", "Ouverte")
    return {
        "bar": f"enveloppe-{found.number}",
        "percent": found.percent,
        "text": f"{format_cents(found.held_cents)} sur {format_cents(found.amount_cents)}",
        "left": f"Il reste {format_cents(found.left_cents)} HT.",
        "badge": {"state": badge[0], "label": badge[1]},
        "span": f"Du {day(found.starts_on)} au {last}",
        "families": f"Seulement « {found.listing.shown.name} »"
        if found.listing
        else ", ".join(Family(one).label for one in found.families) or "Tous les services",
        "by": str(found.signed_by),
    }


def _facts(found: Envelope) -> list[dict]:
    facts = [
        {"label": "Ouverte par", "value": str(found.signed_by), "note": f"le {moment(found.opened_at)}"},
        {"label": "Décision", "value": f"n° {found.act_number} du {day(found.act_date)}"},
        {
            "label": "Délégation",
            "value": f"délibération n° {found.delegation_number} du {day(found.delegation_date)}",
        },
    ]
    if found.closed_at:
        facts.append(
            {"label": "Fermée par", "value": str(found.closed_by), "note": f"le {moment(found.closed_at)}"}
        )
    return facts


def _row(organisation, hold: EnvelopeHold) -> dict:
    subscription = hold.subscription
    return {
        "service": subscription.service_name,
        "url": reverse("member_subscription", args=[organisation.siren, subscription.public_id]),
        "at": day(hold.at),
        "by": str(subscription.requested_by),
        "amount": format_cents(hold.amount_cents),
        "before": format_cents(hold.left_before_cents),
        "after": format_cents(hold.left_after_cents),
        "badge": state_badge(subscription),
        "given_back": f"Rendu le {day(hold.given_back_at)}" if hold.given_back_at else "",
    }
