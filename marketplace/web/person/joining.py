"""Asking to join the organisation that one's account, or the domain of one's address, names."""

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST

from marketplace.web.formats import day, moment
from sso.views import SIRET
from tenants.members.adhesions import operators_of
from tenants.people.joining import PATIENCE, Named, Stands, ask_to_join, named_by, standing_of
from tenants.people.roles import PeopleRefused


def to_join(request) -> list[dict]:
    """The organisations that the sign-in of this session names, and where the person stands with each."""
    return [_card(request, one) for one in _named(request)]


@require_POST
def ask(request):
    """Her request to join. Which organisations there are comes from the sign-in, never from the form."""
    named = _named(request)
    asked = request.POST.get("siren", "")
    chosen = next((one for one in named if asked in ("", one.organisation.siren)), None)
    if chosen is not None:
        try:
            ask_to_join(named=chosen, person=request.user, now=timezone.now())
        except PeopleRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Votre demande est envoyée. La réponse vous viendra par courriel.")
    return redirect("places")


def _named(request) -> list[Named]:
    return named_by(person=request.user, siret=request.session.get(SIRET, ""), now=timezone.now())


def _card(request, named: Named) -> dict:
    now = timezone.now()
    organisation = named.organisation
    where = standing_of(named=named, person=request.user, now=now)
    operators = operators_of(organisation=organisation, on=localdate(now)).order_by("short_name", "pk")
    asked = where.request
    return {
        "name": organisation.name,
        "siren": organisation.siren,
        "domain": named.domain,
        "email": request.user.email,
        "may_ask": where.stands == Stands.MAY_ASK,
        "waiting": where.stands == Stands.WAITING,
        "refused": where.stands == Stands.REFUSED,
        "invited": where.stands == Stands.INVITED,
        "nobody": where.stands == Stands.NOBODY,
        "asked_at": moment(asked.asked_at) if asked else "",
        "reason": asked.get_refused_because_display() if asked else "",
        "again": day(asked.settled_at + PATIENCE) if where.stands == Stands.REFUSED else "",
        "left": day(where.left_at),
        "contacts": [{"name": one.short_name, "email": one.contact_email} for one in operators],
    }
