"""A new member: find the body by its name, SIREN or SIRET, then say how it adheres."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from marketplace.web.access import operator_view
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import typed
from marketplace.web.operator.member import member_crumbs
from marketplace.web.operator.member_forms import IdentityForm, JoinForm, SeatForm
from marketplace.web.operator.roles import TASK_ROLES
from tenants.identifiers import BadIdentifier, grouped
from tenants.members.bodies import Body, body_of, find_bodies
from tenants.members.card import is_member
from tenants.members.operations import AdhesionRefused, register_and_join
from tenants.models.organisation import OrganisationKind
from tenants.organisations import OrganisationRefused


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator):
    """Without `?siren=`, the search and what answers it; with it, the form."""
    siren = request.POST.get("siren") or request.GET.get("siren", "")
    if siren:
        try:
            body = body_of(siren)
        except BadIdentifier as problem:
            return _search(request, operator, problem=problem.message)
        return _form(request, operator, body)
    if request.method == "POST":
        return redirect("operator_member_new", operator=operator.slug)
    return _search(request, operator)


def _search(request, operator, problem: str = ""):
    query, bodies = typed(request), []
    today = localdate(timezone.now())
    if query and not problem:
        try:
            bodies = find_bodies(query=query, on=today)
        except BadIdentifier as error:
            problem = error.message
    members = is_member(operator=operator, sirens=[body.siren for body in bodies], on=today)
    context = {
        **_frame(operator),
        "search": query,
        "problem": problem,
        "found": [_found(operator, body, body.siren in members) for body in bodies],
    }
    return render(request, "operator/member_new.html", context)


def _found(operator, body: Body, is_member: bool) -> dict:
    name = body.identity.get("name") or "Organisation inconnue de Halle et du registre"
    if is_member:
        url = reverse("operator_member", args=[operator.slug, body.siren])
        label = "Déjà adhérente : voir sa fiche"
    else:
        address = reverse("operator_member_new", args=[operator.slug])
        url, label = f"{address}?{urlencode({'siren': body.siren})}", "Choisir"
    return {
        "name": name,
        "siren": grouped(body.siren),
        "kind": capitalised(_kind(body)),
        "place": body.territory.full_name if body.territory else "",
        "url": url,
        "label": label,
    }


def _form(request, operator, body: Body):
    data = request.POST or None
    form = JoinForm(data, operator=operator, is_epci=body.is_epci)
    identity_form = _identity_form(body, data)
    # Both read, so that all mistakes are told at once.
    valid = [form.is_valid(), identity_form is None or identity_form.is_valid()]
    if request.method == "POST" and all(valid):
        typed_identity = identity_form.cleaned_data if identity_form else {}
        try:
            adhesion = register_and_join(
                identity={**body.identity, **typed_identity},
                operator=operator,
                by=request.user,
                now=timezone.now(),
                **form.terms(),
            )
        except AdhesionRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        except (OrganisationRefused, BadIdentifier) as refusal:
            _tell(form, identity_form, refusal)
        else:
            organisation = adhesion.organisation
            messages.success(request, f"{organisation.name} est inscrite parmi vos adhérents.")
            return redirect("operator_member", operator=operator.slug, siren=organisation.siren)
    context = {
        **_frame(operator),
        "form": form,
        "identity_form": identity_form,
        "asks_name": not body.is_known,
        "has_errors": bool(form.errors or (identity_form and identity_form.errors)),
        "name": body.identity.get("name") or f"Organisation de SIREN {grouped(body.siren)}",
        "lead": _lead(body),
        "siren": body.siren,
    }
    return render(request, "operator/member_join.html", context)


def _identity_form(body: Body, data):
    """What is to be asked of the body itself; None when Halle knows it."""
    if body.organisation:
        return None
    if body.territory:
        known = {name: body.identity[name] for name in ("address", "postcode", "city")}
        return SeatForm(data, initial=known)
    return IdentityForm(data)


def _tell(form, identity_form, refusal) -> None:
    """Puts a refusal beside its field; one of the SIREN, which is in no field, above all."""
    field = getattr(refusal, "field", "") or "siret"
    if identity_form is not None and field in identity_form.fields:
        identity_form.add_error(field, str(refusal))
    else:
        form.add_error(None, str(refusal))


def _kind(body: Body) -> str:
    kind = body.identity.get("kind")
    return str(OrganisationKind(kind).label) if kind else "nature à préciser"


def _lead(body: Body) -> str:
    place = f" – {body.territory.full_name}" if body.territory else ""
    return f"{capitalised(_kind(body))}, SIREN {grouped(body.siren)}{place}"


def _frame(operator) -> dict:
    return {
        "operator": operator,
        "crumbs": member_crumbs(operator, ("Ajouter un adhérent", "")),
        "members_url": reverse("operator_members", args=[operator.slug]),
        "new_url": reverse("operator_member_new", args=[operator.slug]),
    }
