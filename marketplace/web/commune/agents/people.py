"""The agents of an organisation, and what each of them uses."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.commune.agents.forms import AccessForm
from marketplace.web.commune.agents.frame import PAGE, agents_view, changed_view, frame
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import counted, rest_of_address, typed
from marketplace.web.organisation.joiner_rows import joiners_block
from marketplace.web.organisation.people_forms import name_of
from subscriptions.agents.by_groups import given_by_groups
from subscriptions.agents.giving import BY_GROUPS, set_accesses
from subscriptions.agents.listing import services_of
from subscriptions.agents.queries import (
    accesses_of,
    agents_of,
    groups_by_person,
    listed_since,
    past_accesses,
)
from subscriptions.models import AccessRole
from tenants.people.queries import invitations_of
from tenants.people.roles import PeopleRefused
from tenants.refusals import Refused

PAGE_SIZE = 25
PAST_SHOWN = 20


@agents_view
@require_safe
def agent_list(request, organisation):
    """Everybody with a mandate here, by name, and the services that each uses."""
    services = services_of(organisation, on=localdate(timezone.now()))
    lists = _listed(organisation)
    listed = {sheet: name for sheet, name in services.items() if sheet in lists}
    search, asked = typed(request), request.GET.get("service", "")
    sheet = next((number for number in listed if str(number) == asked), None)
    found = agents_of(organisation=organisation, text=search, sheet=sheet)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    accesses = accesses_of(organisation=organisation, people=page)
    waiting = len(invitations_of(organisation=organisation)) if request.administers else 0
    context = {
        **frame(request, organisation, tab="member_agents"),
        "search": search,
        "listed": [
            {"value": str(number), "label": name, "chosen": number == sheet}
            for number, name in listed.items()
        ],
        "filtered": bool(search or sheet),
        "page": page,
        "rest": rest_of_address(q=search, service=str(sheet or "")),
        "total": counted(page.paginator.count, "agent"),
        "rows": [_row(organisation, one, accesses.get(one.pk, []), services, listed) for one in page],
        "waiting": counted(waiting, "invitation en attente", "invitations en attente") if waiting else "",
        "joiners": joiners_block(organisation, request.given),
        "people_url": reverse("organisation_people", args=[organisation.siren]),
        "actions": [
            {
                "label": "Inviter un agent",
                "url": reverse("member_agent_invite", args=[organisation.siren]),
                "icon": "user",
            },
            {
                "label": "Importer des agents",
                "url": reverse("member_agent_imports", args=[organisation.siren]),
                "icon": "upload",
                "style": "secondary",
            },
        ]
        if request.administers
        else [],
    }
    return render(request, "commune/agents/list.html", context)


@changed_view
@require_http_methods(PAGE)
def agent(request, organisation, person):
    """One agent: what she uses, in which role; what she used before."""
    found = get_object_or_404(agents_of(organisation=organisation), pk=person)
    services = services_of(organisation, on=localdate(timezone.now()))
    lists = _listed(organisation)
    listed = {sheet: name for sheet, name in services.items() if sheet in lists}
    accesses = {
        one.sheet_id: one for one in accesses_of(organisation=organisation, people=[found]).get(found.pk, [])
    }
    given = {
        sheet: one
        for (_, sheet), one in given_by_groups(organisation=organisation, people=[found.pk]).items()
    }
    groups = groups_by_person(organisation=organisation, people=[found]).get(found.pk, [])
    form = AccessForm(
        request.POST if request.method == "POST" else None,
        services=listed,
        held={sheet: one.role if one.group_id is None else BY_GROUPS for sheet, one in accesses.items()},
        given=given,
    )
    if request.method == "POST" and form.is_valid():
        try:
            set_accesses(
                organisation=organisation,
                person=found,
                wanted=form.roles(),
                by=request.user,
                now=timezone.now(),
            )
        except (PeopleRefused, Refused) as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Les accès sont enregistrés : {found}.")
            return redirect("member_agent", organisation.siren, found.pk)
    context = {
        **frame(request, organisation, (str(found), "")),
        "person": found,
        "facts": _facts(found),
        "form": form,
        "others": [name for sheet, name in services.items() if sheet not in listed],
        "used": [
            f"{name} : {accesses[sheet].get_role_display()}"
            + (f" (groupe {given[sheet].group_name})" if accesses[sheet].group_id else "")
            for sheet, name in listed.items()
            if sheet in accesses
        ],
        "groups": [
            {
                "name": one.name,
                "url": reverse("member_agent_group", args=[organisation.siren, one.pk]),
            }
            for one in groups
        ],
        "past": [
            {
                "service": one.sheet.name,
                "role": one.get_role_display() + (f", par le groupe {one.group}" if one.group else ""),
                "dates": f"du {moment(one.opened_at)} au {moment(one.closed_at)}",
                "why": f"{one.get_closed_because_display()}, par {one.closed_by}",
            }
            for one in past_accesses(organisation=organisation, person=found)[:PAST_SHOWN]
        ],
        "roles_url": reverse("organisation_person", args=[organisation.siren, found.pk]),
        "services_url": reverse("member_agent_services", args=[organisation.siren]),
    }
    return render(request, "commune/agents/agent.html", context)


def _listed(organisation) -> set[int]:
    return set(listed_since(organisation=organisation))


def _row(organisation, found, accesses, services, listed) -> dict:
    roles = {one.sheet_id: AccessRole(one.role) for one in accesses}
    open_to_all = len(services) - len(listed)
    return {
        "name": str(found),
        "email": found.email if str(found) != found.email else "",
        "url": reverse("member_agent", args=[organisation.siren, found.pk]),
        "roles": [name_of(mandate.role).capitalize() for mandate in found.mandates_here],
        "services": [
            f"{name} (gère)" if roles[sheet] == AccessRole.MANAGER else name
            for sheet, name in listed.items()
            if sheet in roles
        ],
        "open_to_all": _others(open_to_all, alone=not listed) if open_to_all else "",
        "suspended": any(mandate.suspended_at for mandate in found.mandates_here),
        "seen": moment(found.last_login) or "jamais",
    }


def _others(count: int, *, alone: bool) -> str:
    if alone:
        return "Tous les services : aucun n’est sur liste"
    return f"et {counted(count, 'service ouvert', 'services ouverts')} à tous"


def _facts(found) -> list[dict]:
    suspended = any(mandate.suspended_at for mandate in found.mandates_here)
    return [
        {"label": "Courriel", "value": found.email or "non communiqué"},
        {"label": "Rôles", "value": ", ".join(name_of(one.role) for one in found.mandates_here)},
        {"label": "Ici depuis le", "value": day(min(one.since for one in found.mandates_here))},
        {"label": "Accès", "value": "suspendu : aucun service ne s’ouvre" if suspended else "ouvert"},
        {"label": "Dernière connexion", "value": moment(found.last_login) or "jamais"},
    ]
