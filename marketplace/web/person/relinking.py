"""A person who comes back under another account: she asks, whoever administers her answers."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.formats import moment
from sso.stepping_up import proven
from tenants.models import Relink
from tenants.people import relinking
from tenants.people.roles import PeopleRefused

PAGE = ["GET", "HEAD", "POST"]


@require_http_methods(PAGE)
def ask(request):
    """Says who has the same address, and lets one ask to be known as that person."""
    waiting = relinking.open_request(request.user)
    person = waiting.person if waiting else relinking.person_alike(request.user)
    if person is None:
        return redirect("places")
    if request.method == "POST":
        try:
            relinking.ask(newcomer=request.user, now=timezone.now())
        except PeopleRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, "Votre demande est envoyée.")
        return redirect("my_relink")
    context = {
        "email": request.user.email,
        "organisations": [organisation.name for organisation in relinking.organisations_of(person)],
        "asked_at": moment(waiting.asked_at) if waiting else "",
        "back_url": reverse("places"),
    }
    return render(request, "person/relink_ask.html", context)


@require_http_methods(PAGE)
@proven
def settle(request, relink):
    """The question, to whoever may answer it: is it the same person?"""
    found = get_object_or_404(Relink.objects.select_related("person", "newcomer"), public_id=relink)
    now = timezone.now()
    if not relinking.may_settle(relink=found, by=request.user, now=now):
        raise Http404
    if request.method == "POST":
        confirmed = request.POST.get("answer") == "yes"
        try:
            (relinking.confirm if confirmed else relinking.refuse)(relink=found, by=request.user, now=now)
        except PeopleRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request,
                f"Le nouveau compte est rattaché : {found.person}."
                if confirmed
                else "Le nouveau compte n’est pas rattaché. Rien ne change.",
            )
        return redirect("relink", relink=relink)
    context = {
        "person": found.person,
        "organisations": [organisation.name for organisation in relinking.organisations_of(found.person)],
        "facts": [
            {"label": "Courriel, vérifié des deux côtés", "value": found.person.email or "—"},
            {"label": "Ancien compte", "value": f"chez {found.person.issuer}"},
            {"label": "Nouveau compte", "value": f"chez {found.newcomer.issuer}"}
            if found.settled_at is None
            else {"label": "Réponse", "value": _answer(found)},
            {"label": "Dernière connexion à l’ancien", "value": moment(found.person.last_login) or "jamais"},
            {"label": "Demande du", "value": moment(found.asked_at)},
        ],
        "settled": found.settled_at is not None,
    }
    return render(request, "person/relink_settle.html", context)


def _answer(relink: Relink) -> str:
    what = "reconnu" if relink.confirmed else "pas reconnu"
    return f"{what} par {relink.settled_by}, le {moment(relink.settled_at)}"
