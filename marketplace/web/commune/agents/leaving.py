"""An agent leaves the organisation: everything is closed behind her, and one sees when."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.commune.agents.frame import PAGE, administered_view, agents_view, frame
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import counted
from provisioning.departure_queries import Closed, closings_of, departures_of
from provisioning.models import ClosingOf, Departure
from subscriptions.agents.queries import agents_of
from tenants.people import mandates
from tenants.people.roles import NotAllowed, PeopleRefused

PAGE_SIZE = 25
NAMES = {
    ClosingOf.SESSIONS: "Ses sessions dans Halle",
    ClosingOf.PROVIDER: "Ses sessions chez le fournisseur d’identité",
}


@administered_view
@require_http_methods(PAGE)
def leave(request, organisation, person):
    """Ends all that she is and has here, once confirmed."""
    found = get_object_or_404(agents_of(organisation=organisation), pk=person)
    if request.method == "POST":
        now = timezone.now()
        try:
            mandates.depart(organisation=organisation, person=found, by=request.user, now=now)
        except NotAllowed:
            raise
        except PeopleRefused as refusal:
            messages.error(request, str(refusal))
            return redirect("member_agent", organisation.siren, found.pk)
        if found == request.user:
            messages.success(request, f"Vous n’avez plus de rôle ici : {organisation.name}.")
            return redirect("places")
        departure = Departure.objects.get(tenant=organisation, user=found, left_at=now)
        return redirect("member_departure", organisation.siren, departure.public_id)
    person_url = reverse("member_agent", args=[organisation.siren, found.pk])
    context = {
        **frame(request, organisation, (str(found), person_url), ("Départ", "")),
        "person": found,
        "consequences": [
            f"Ses rôles prennent fin : {', '.join(one.get_role_display() for one in found.mandates_here)}.",
            "Ses sessions se terminent, dans Halle et chez le fournisseur d’identité.",
            "Ses comptes sont fermés chez les éditeurs qui tiennent un annuaire avec Halle ; la page "
            "suivante dit chez lesquels il reste à le demander.",
        ],
        "person_url": person_url,
    }
    return render(request, "commune/agents/leave.html", context)


@agents_view
@require_safe
def departure_list(request, organisation):
    """Who has left, the last first."""
    page = Paginator(departures_of(organisation=organisation), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        **frame(request, organisation, ("Départs", ""), tab="member_departures"),
        "page": page,
        "total": counted(page.paginator.count, "départ"),
        "rows": [
            {
                "name": str(one.user),
                "when": moment(one.left_at),
                "by": str(one.said_by),
                "url": reverse("member_departure", args=[organisation.siren, one.public_id]),
                "waits": one.waits,
                "by_hand": one.to_do,
            }
            for one in page
        ],
    }
    return render(request, "commune/agents/departures.html", context)


@agents_view
@require_safe
def departure(request, organisation, public_id):
    """What was closed behind her and when, and what still waits; it renews itself while something does."""
    found = get_object_or_404(departures_of(organisation=organisation), public_id=public_id)
    closings = closings_of(departure=found)
    waiting = any(one.waits for one in closings)
    done = sum(one.at is not None for one in closings)
    context = {
        **frame(
            request,
            organisation,
            ("Départs", reverse("member_departures", args=[organisation.siren])),
            (str(found.user), ""),
        ),
        "departure": found,
        "left": moment(found.left_at),
        "waiting": waiting,
        "announce": "" if waiting else "Tout ce que Halle ferme est fermé.",
        "total": f"{counted(done, 'fermeture faite', 'fermetures faites')} sur {len(closings)}",
        "rows": [_row(one) for one in closings],
    }
    return render(request, "commune/agents/departure.html", context)


def _row(closed: Closed) -> dict:
    if closed.at is not None:
        state, label = "success", "Fermé"
    elif closed.waits:
        state, label = "info", "En cours"
    else:
        state, label = "warning", "À faire par une personne"
    return {
        "name": closed.service or NAMES[ClosingOf(closed.what)],
        "state": state,
        "label": label,
        "at": _to_the_second(closed.at) if closed.at else "",
        "problem": closed.problem,
    }


def _to_the_second(at) -> str:
    local = localtime(at)
    return f"{day(local.date())} à {local:%H:%M:%S}"
