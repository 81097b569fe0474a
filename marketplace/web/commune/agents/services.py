"""Which services of an organisation are on a list, and how many agents use each."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from catalog.models import ServiceSheet
from marketplace.web.commune.agents.frame import PAGE, changed_view, frame
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted
from subscriptions.agents.listing import open_to_all, put_on_list, services_of
from subscriptions.agents.queries import agents_in_force, counts_of, listed_since
from tenants.refusals import Refused

PUT, OPEN = "put", "open"


@changed_view
@require_http_methods(PAGE)
def service_list(request, organisation):
    """Each service: open to all, or to those whom a list names."""
    if request.method == "POST":
        return _change(request, organisation)
    lists = listed_since(organisation=organisation)
    counts, everybody = counts_of(organisation=organisation), agents_in_force(organisation=organisation)
    agents_url = reverse("member_agents", args=[organisation.siren])
    context = {
        **frame(request, organisation, ("Services", ""), tab="member_agent_services"),
        "rows": [
            {
                "sheet": sheet,
                "name": name,
                "listed": sheet in lists,
                "since": f"depuis le {day(lists[sheet])}" if sheet in lists else "",
                "count": counted(counts.get(sheet, 0) if sheet in lists else everybody, "agent"),
                "url": f"{agents_url}?service={sheet}" if sheet in lists else agents_url,
            }
            for sheet, name in services_of(organisation, on=localdate(timezone.now())).items()
        ],
    }
    return render(request, "commune/agents/services.html", context)


def _change(request, organisation):
    asked = request.POST.get("service", "")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0
    sheet = get_object_or_404(ServiceSheet, pk=number)
    try:
        if request.POST.get("what") == OPEN:
            open_to_all(organisation=organisation, sheet=sheet, by=request.user, now=timezone.now())
            messages.success(request, f"{sheet.name} est ouvert à tous vos agents.")
        else:
            put_on_list(organisation=organisation, sheet=sheet, by=request.user, now=timezone.now())
            messages.success(
                request, f"{sheet.name} est sur liste. Tous vos agents y sont : retirez qui ne s’en sert pas."
            )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("member_agent_services", organisation.siren)
