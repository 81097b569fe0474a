""" "Mon socle": what an organisation has of the fundamental services, lacks, and is offered."""

from urllib.parse import urlencode

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import member_view
from marketplace.web.commune.words import state_badge
from marketplace.web.formats import day
from subscriptions.coverage import Need, socle_of
from tenants.models import Organisation
from tenants.people.roles import SPEAKING_ROLES

SHOWN = 3  # offers of each need; the shelf has the others
HAS = {"state": "success", "label": "En place", "icon": "success"}
ASKED = {"state": "info", "label": "En cours", "icon": "clock"}
LACKS = {"state": "warning", "label": "Manque", "icon": "warning"}
NOT_YET = {"state": "neutral", "label": "Pas encore", "icon": "neutral"}  # nobody must have these


@member_view()
@require_safe
def socle(request, organisation):
    """The fundamental services first, then every other family of services."""
    found = socle_of(organisation=organisation, on=localdate(timezone.now()))
    met = sum(need.is_met for need in found.fundamentals)
    context = {
        "organisation": organisation,
        "lead": f"{met} service{'s' if met > 1 else ''} en place sur {len(found.fundamentals)}.",
        "fundamentals": [_need(need, organisation, without=LACKS) for need in found.fundamentals],
        "others": [_need(need, organisation, without=NOT_YET) for need in found.others],
        "source": found.source,
        "needs_url": reverse("member_needs", args=[organisation.siren])
        if request.roles & SPEAKING_ROLES and not request.acting_for
        else "",
    }
    return render(request, "commune/socle.html", context)


def _need(need: Need, organisation: Organisation, *, without: dict) -> dict:
    return {
        "title": need.title,
        "text": need.text,
        "badge": HAS if need.is_met else ASKED if need.held else without,
        "held": [
            {
                "name": row.service_name,
                "url": reverse("member_subscription", args=[organisation.siren, row.public_id]),
                "operator": row.operator.short_name,
                "badge": state_badge(row),
            }
            for row in need.held
        ],
        "covers": [
            {"name": row.service_name, "by": row.covering.name, "since": day(row.since)}
            for row in need.covers
        ],
        "offers": [_offer(entry, organisation) for entry in need.offers[:SHOWN]],
        "more": _shelves(need, organisation) if len(need.offers) > SHOWN else [],
    }


def _offer(entry, organisation: Organisation) -> dict:
    url = reverse("service", args=[entry.operator.slug, entry.slug])
    return {
        "name": entry.name,
        "url": f"{url}?{urlencode(_commune(organisation))}".rstrip("?"),
        "vendor": entry.vendor_name,
        "operator": entry.operator.short_name,
    }


def _shelves(need: Need, organisation: Organisation) -> list[dict]:
    """The shelf of each operator that offers something, with these families only."""
    operators = {entry.operator_id: entry.operator for entry in need.offers}
    query = urlencode({"famille": need.families} | _commune(organisation), doseq=True)
    return [
        {"name": operator.short_name, "url": f"{reverse('storefront', args=[operator.slug])}?{query}"}
        for operator in operators.values()
    ]


def _commune(organisation: Organisation) -> dict[str, str]:
    territory = organisation.territory
    return {"insee": territory.code} if territory and territory.kind == "commune" else {}
