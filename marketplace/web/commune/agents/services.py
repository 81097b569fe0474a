"""Which services of an organisation are on a list, and how many agents use each."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from catalog.models import ServiceSheet
from marketplace.web.commune.agents.frame import PAGE, changed_view, frame, number_of
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted
from subscriptions.agents.listing import keep_groups_only, open_to_all, put_on_list, services_of
from subscriptions.agents.queries import (
    agents_in_force,
    counts_of,
    groups_of,
    listed_since,
    services_of_groups,
)
from subscriptions.models import AccessRole
from tenants.refusals import Refused

OPEN, GROUPS_ONLY = "open", "groups"


@changed_view
@require_http_methods(PAGE)
def service_list(request, organisation):
    """Each service: open to all, or to those whom a list names."""
    if request.method == "POST":
        return _change(request, organisation)
    if "groupes" in request.GET and request.administers:
        return render(request, "commune/agents/groups_only.html", _question(request, organisation))
    lists = listed_since(organisation=organisation)
    on_lists = _groups(organisation)
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
                "groups": on_lists.get(sheet, []),
                "groups_only_url": f"{request.path}?groupes={sheet}",
                "url": f"{agents_url}?service={sheet}" if sheet in lists else agents_url,
            }
            for sheet, name in services_of(organisation, on=localdate(timezone.now())).items()
        ],
    }
    return render(request, "commune/agents/services.html", context)


def _groups(organisation) -> dict[int, list[dict]]:
    """By the number of a sheet, the groups on its list."""
    given, found = services_of_groups(organisation=organisation), {}
    for group in groups_of(organisation=organisation) if given else ():
        url = reverse("member_agent_group", args=[organisation.siren, group.pk])
        for sheet, role in given.get(group.pk, {}).items():
            name = f"{group.name} (gère)" if role == AccessRole.MANAGER else group.name
            found.setdefault(sheet, []).append({"name": name, "url": url})
    return found


def _sheet(asked: str) -> ServiceSheet:
    return get_object_or_404(ServiceSheet, pk=number_of(asked))


def _question(request, organisation) -> dict:
    sheet = _sheet(request.GET["groupes"])
    groups = [one["name"] for one in _groups(organisation).get(sheet.pk, [])]
    if not groups:
        raise Http404
    here = ("Services", reverse("member_agent_services", args=[organisation.siren]))
    return {
        **frame(request, organisation, here, (sheet.name, "")),
        "sheet": sheet,
        "hidden": [{"name": "service", "value": sheet.pk}, {"name": "what", "value": GROUPS_ONLY}],
        "consequences": [
            f"S’en servent : les agents de {', '.join(groups)}, et qui gère le service à titre personnel.",
            "Les autres n’y ont plus accès, tout de suite.",
            "Qui entre ensuite dans un de ces groupes y a accès ; qui en sort le perd.",
        ],
    }


def _change(request, organisation):
    sheet = _sheet(request.POST.get("service", ""))
    verb = {"organisation": organisation, "sheet": sheet, "by": request.user, "now": timezone.now()}
    try:
        if request.POST.get("what") == OPEN:
            open_to_all(**verb)
            messages.success(request, f"{sheet.name} est ouvert à tous vos agents.")
        elif request.POST.get("what") == GROUPS_ONLY:
            lost = counted(keep_groups_only(**verb), "agent n’y a plus accès", "agents n’y ont plus accès")
            messages.success(request, f"{sheet.name} : la liste suit maintenant vos groupes. {lost}.")
        else:
            put_on_list(**verb)
            messages.success(
                request, f"{sheet.name} est sur liste. Tous vos agents y sont : retirez qui ne s’en sert pas."
            )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("member_agent_services", organisation.siren)
