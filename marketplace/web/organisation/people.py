"""People and roles of an organisation: who may do what, who is invited."""

from functools import wraps

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import organisation_view
from marketplace.web.context import place_of
from marketplace.web.formats import day, moment
from marketplace.web.operator.lists import counted
from marketplace.web.organisation.joiner_rows import joiners_block
from marketplace.web.organisation.people_forms import RolesForm, name_of
from marketplace.web.organisation.roles import PEOPLE_READERS
from tenants.models import Role
from tenants.people import mandates
from tenants.people.queries import invitations_of, people_of
from tenants.people.relinking import may_settle, waiting_for
from tenants.people.roles import LastAdministrator, NotAllowed, PeopleRefused, given_by

PAGE_SIZE = 50
PAGE = ["GET", "HEAD", "POST"]


def administration_view(view):
    """For whoever gives roles in the organisation; `request.given` are those roles. 404 for a mere reader."""

    @organisation_view(*PEOPLE_READERS)
    @wraps(view)
    def guarded(request, organisation, **kwargs):
        request.given = given_by(held=request.roles, organisation=organisation)
        if not request.given:
            raise Http404
        try:
            return view(request, organisation, **kwargs)
        except NotAllowed:  # somebody took it away a moment ago
            raise Http404 from None

    return guarded


@organisation_view(*PEOPLE_READERS)
@require_safe
def people_list(request, organisation):
    """Everybody with a mandate here, and the invitations under way."""
    given = given_by(held=request.roles, organisation=organisation)
    now = timezone.now()
    page = Paginator(people_of(organisation=organisation), PAGE_SIZE).get_page(request.GET.get("page"))
    invitations = invitations_of(organisation=organisation) if given else []
    context = {
        "organisation": organisation,
        "crumbs": crumbs(request, organisation),
        "page": page,
        "total": counted(page.paginator.count, "personne"),
        "rows": [_person_row(organisation, person) for person in page],
        "invitations": [_invitation_row(organisation, invitation, given, now) for invitation in invitations],
        "relinks": [
            {"name": str(relink.person), "url": reverse("relink", args=[relink.public_id])}
            for relink in (waiting_for(organisation) if given else [])
            if may_settle(relink=relink, by=request.user, now=now)
        ],
        "joiners": joiners_block(organisation, given),
        "administers": bool(given),
        "actions": [
            {
                "label": "Inviter une personne",
                "url": reverse("organisation_invite", args=[organisation.siren]),
                "style": "primary",
                "icon": "user",
            }
        ]
        if given
        else [],
    }
    return render(request, "organisation/people.html", context)


@organisation_view(*PEOPLE_READERS)
@require_http_methods(PAGE)
def person(request, organisation, person):
    """One person: her roles here, and what may be done about them."""
    found = get_object_or_404(people_of(organisation=organisation), pk=person)
    given = given_by(held=request.roles, organisation=organisation)
    if not given and request.method == "POST":
        raise Http404
    held = [mandate.role for mandate in found.mandates_here]
    initial = {"roles": [role for role in held if role in given]}
    form = RolesForm(request.POST if request.method == "POST" else None, given=given, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            mandates.change_roles(
                organisation=organisation,
                person=found,
                roles=form.cleaned_data["roles"],
                by=request.user,
                now=timezone.now(),
            )
        except NotAllowed:
            raise Http404 from None
        except PeopleRefused as refusal:
            form.add_error("roles", str(refusal))
        else:
            messages.success(request, f"Les rôles sont enregistrés : {found}.")
            return _after_change(request, organisation, found)
    context = {
        "organisation": organisation,
        "crumbs": crumbs(request, organisation, str(found)),
        "person": found,
        "facts": _facts(found),
        "suspended": any(mandate.suspended_at for mandate in found.mandates_here),
        "form": form,
        "administers": bool(given & set(held)),
        "others": [name_of(role).capitalize() for role in held if role not in given],
        "own": found == request.user,
    }
    return render(request, "organisation/person.html", context)


@administration_view
@require_POST
def suspend(request, organisation, person):
    """Nothing is open to the person any more, until she is restored."""
    return _change(request, organisation, person, mandates.suspend, "L’accès est suspendu")


@administration_view
@require_POST
def restore(request, organisation, person):
    """The person gets back what she had."""
    return _change(request, organisation, person, mandates.restore, "L’accès est rétabli")


@administration_view
@require_http_methods(PAGE)
def end(request, organisation, person):
    """Ends the person's mandates here, once confirmed."""
    if request.method == "POST":
        return _change(request, organisation, person, mandates.depart, "Les mandats ont pris fin")
    found = _person(organisation, person)
    ending = [mandate for mandate in found.mandates_here if mandate.role in request.given]
    if not ending:
        raise Http404
    context = {
        "organisation": organisation,
        "crumbs": crumbs(request, organisation, "Fin des mandats"),
        "person": found,
        "consequences": [
            f"{name_of(mandate.role).capitalize()}, depuis le {day(mandate.since)}" for mandate in ending
        ],
        "person_url": _person_url(organisation, found),
    }
    return render(request, "organisation/person_end.html", context)


@organisation_view(*frozenset(Role.values) - {Role.AUDITOR})
@require_http_methods(PAGE)
def leave(request, organisation):
    """Whoever has a mandate here may give it back, once confirmed. Not an auditor, who only reads."""
    refusal = ""
    if request.method == "POST":
        try:
            mandates.depart(
                organisation=organisation, person=request.user, by=request.user, now=timezone.now()
            )
        except LastAdministrator as refused:
            refusal = str(refused)
        except PeopleRefused:
            raise Http404 from None
        else:
            messages.success(request, f"Vous n’avez plus de rôle ici : {organisation.name}.")
            return redirect("places")
    start = place_of(organisation, sorted(request.roles)[0])
    context = {
        "organisation": organisation,
        "crumbs": [{"label": start["label"], "url": start["url"]}, {"label": "Quitter", "url": ""}],
        "refusal": refusal,
        "consequences": [f"Vous ne serez plus {name_of(role)}." for role in Role if role in request.roles],
        "back_url": start["url"],
    }
    return render(request, "organisation/leave.html", context, status=409 if refusal else 200)


def _change(request, organisation, person, operation, done: str):
    found = _person(organisation, person)
    try:
        operation(organisation=organisation, person=found, by=request.user, now=timezone.now())
    except NotAllowed:
        raise
    except PeopleRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{done} : {found}.")
    return _after_change(request, organisation, found)


def _after_change(request, organisation, found):
    """To the person's page, as long as there is one and whoever changed it may still read it."""
    if found == request.user:
        left = found.memberships.in_force().filter(organisation=organisation, role__in=PEOPLE_READERS)
        if not left.exists():
            return redirect("places")
    if not found.memberships.open().filter(organisation=organisation).exists():
        return to_list(organisation)
    return redirect(_person_url(organisation, found))


def crumbs(request, organisation, here: str = "") -> list[dict]:
    """Where the page is: the door one came by, the people, then `here`."""
    start = place_of(organisation, sorted(request.roles & PEOPLE_READERS)[0])
    listed = {"label": "Personnes et rôles", "url": list_url(organisation) if here else ""}
    last = [{"label": here, "url": ""}] if here else []
    return [{"label": start["label"], "url": start["url"]}, listed, *last]


def _person(organisation, pk):
    return get_object_or_404(people_of(organisation=organisation), pk=pk)


def list_url(organisation) -> str:
    """The page of an organisation's people."""
    return reverse("organisation_people", args=[organisation.siren])


def _person_url(organisation, found) -> str:
    return reverse("organisation_person", args=[organisation.siren, found.pk])


def to_list(organisation):
    """Back to the organisation's people."""
    return redirect(list_url(organisation))


def _person_row(organisation, found) -> dict:
    return {
        "name": str(found),
        "email": found.email if str(found) != found.email else "",
        "url": _person_url(organisation, found),
        "roles": [name_of(mandate.role).capitalize() for mandate in found.mandates_here],
        "state": _state(found),
        "seen": moment(found.last_login) or "jamais",
    }


def _state(found) -> dict:
    suspended = [bool(mandate.suspended_at) for mandate in found.mandates_here]
    if not any(suspended):
        return {"state": "success", "label": "Accès ouvert"}
    label = "Accès suspendu" if all(suspended) else "Suspendu en partie"
    return {"state": "warning", "label": label}


def _invitation_row(organisation, invitation, given, now) -> dict:
    is_open = invitation.is_open(now=now)
    args = [organisation.siren, invitation.public_id]
    return {
        "email": invitation.email,
        "roles": [name_of(role).capitalize() for role in invitation.roles],
        "state": "info" if is_open else "warning",
        "label": "Invitée" if is_open else "Expirée",
        "until": f"{'jusqu’au' if is_open else 'depuis le'} {day(invitation.expires_at)}",
        "problem": invitation.letter_problem or "",
        "mine": set(invitation.roles) <= given,
        "resend_url": reverse("organisation_invitation_resend", args=args),
        "cancel_url": reverse("organisation_invitation_cancel", args=args),
    }


def _facts(found) -> list[dict]:
    state = _state(found)["label"]
    return [
        {"label": "Courriel", "value": found.email or "non communiqué"},
        {"label": "Accès", "value": state},
        {"label": "Ici depuis le", "value": day(min(mandate.since for mandate in found.mandates_here))},
        {"label": "Dernière connexion", "value": moment(found.last_login) or "jamais"},
    ]
