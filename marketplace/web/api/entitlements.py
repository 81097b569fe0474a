"""What an organisation and an agent may do with a service, asked by the service itself, as st-deploycenter
answers it (suitenumerique/st-deploycenter 60b646b, `core/api/viewsets/entitlements.py`): La Suite's
applications ask Halle without being changed. And the same, signed, to be kept.

Nothing of what is asked is logged: it holds the e-mail of an agent.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.api.answers import answer, open_to_scripts, written
from marketplace.web.api.tell import absolute, service_url
from provisioning.entitlements.found import Body, OperatorCard, Service
from provisioning.entitlements.reading import Account, Entitlement, Told, ask
from provisioning.entitlements.signing import published_keys, signed
from tenants.models.organisation import OrganisationKind

LONGEST = 254
KEPT_FRESH = 300  # seconds before a service had better ask again
REQUIRED = "Ce champ est obligatoire."
NO_CREDENTIALS = "Informations d'authentification non fournies."
NOT_YOURS = "Vous n'avez pas la permission d'effectuer cette action."
NO_ACCOUNT = "Either 'account_id' or 'account_email' must be provided."
KINDS = {
    kind: kind.value
    for kind in (
        OrganisationKind.COMMUNE,
        OrganisationKind.EPCI,
        OrganisationKind.DEPARTEMENT,
        OrganisationKind.REGION,
    )
}


@dataclass(frozen=True)
class Asked:
    """Whom it is about. `errors`: by parameter, what is wrong with it; nobody is asked about then."""

    siret: str
    account: Account
    errors: dict[str, list[str]] = field(default_factory=dict)


class Stop(Exception):
    """The answer to a request that cannot be answered."""

    def __init__(self, status: int, body: dict):
        self.status, self.body = status, body
        super().__init__(status)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@transaction.non_atomic_requests
def entitlements(request):
    """The answer in JSON. POST is what newer clients do, to send figures of use along: they are not read."""
    try:
        told = _found(request, _asked(request, account_needed=True), now=timezone.now())
    except Stop as stop:
        return _stopped(stop)
    body = written(_said(told, of_an_agent=True))
    return _private(HttpResponse(body, content_type="application/json"), "no-store")


@login_not_required
@require_safe
@transaction.non_atomic_requests
def entitlements_signed(request):
    """The same as a compact JWS that the service may keep; without an account, what holds for all agents."""
    now = timezone.now()
    asked = _asked(request, account_needed=False)
    try:
        told = _found(request, asked, now=now)
    except Stop as stop:
        return _stopped(stop)
    found = told.entitlement
    said = _said(told, of_an_agent=bool(asked.account.email or asked.account.sub))
    claims = {
        "aud": told.service.slug,
        "sub": found.organisation.siren if found.organisation else "",
        "siret": asked.siret,
        "account": {name: value for name, value in vars(asked.account).items() if value},
        **said,
    }
    access = said["entitlements"]["can_access"]
    token, seconds = signed(claims, until=found.until, access=access, now=now)
    response = HttpResponse(token, content_type="application/jwt")
    fresh = min(KEPT_FRESH, seconds)
    return _private(response, f"private, max-age={fresh}, stale-if-error={seconds - fresh}")


@login_not_required
@require_safe
@transaction.non_atomic_requests
def entitlement_keys(request):
    """The public keys that verify signed answers (RFC 7517)."""
    body = written(published_keys())
    return open_to_scripts(answer(request, body, content_type="application/jwk-set+json"))


def _found(request: HttpRequest, asked: Asked, *, now: datetime) -> Told:
    """What the service that has the key may be told; of itself alone. Raises Stop."""
    scheme, _, secret = request.headers.get("X-Service-Auth", "").partition(" ")
    told = None
    if scheme == "Bearer" and secret:
        told = ask(secret=secret, siret=asked.siret, account=asked.account, now=now)
    if told is None:
        raise Stop(401, {"detail": NO_CREDENTIALS})
    if request.GET.get("service_id") not in (told.service.slug, str(told.service.id)):
        raise Stop(403, {"detail": NOT_YOURS})
    if asked.errors:
        raise Stop(400, asked.errors)
    return told


def _asked(request: HttpRequest, *, account_needed: bool) -> Asked:
    """The parameters that are about the organisation and its agent."""
    given = {
        name: request.GET.get(name, "").strip()
        for name in ("siret", "account_type", "account_id", "account_email")
    }
    needed = ("siret", "account_type") if account_needed else ("siret",)
    errors = {name: [REQUIRED] for name in needed if not given[name]}
    for name, value in given.items():
        if "\0" in value:
            errors[name] = ["Le caractère nul n’est pas autorisé."]
        elif len(value) > LONGEST:
            errors[name] = [f"Assurez-vous que ce champ comporte au plus {LONGEST} caractères."]
    if given["account_email"] and "account_email" not in errors:
        try:
            validate_email(given["account_email"])
        except ValidationError as error:
            errors["account_email"] = error.messages
    if account_needed and not errors and not (given["account_id"] or given["account_email"]):
        errors["non_field_errors"] = [NO_ACCOUNT]
    if errors:
        return Asked("", Account(), errors)
    siret = given["siret"]
    return Asked(
        siret=siret if re.fullmatch(r"[0-9]{14}", siret, re.ASCII) else "",
        account=Account(email=given["account_email"], sub=given["account_id"]),
    )


def _said(told: Told, *, of_an_agent: bool) -> dict:
    """`of_an_agent`: an account is asked about; what is said without one holds for no one in particular."""
    found = told.entitlement
    shut = of_an_agent and found.is_shut
    may = {"can_access": found.access and not shut}
    if shut or not found.access:
        reason = _reason(found)
        may |= {"can_access_reason": reason, "can_upload": False, "can_upload_reason": reason}
    else:
        may |= {"can_upload": True, "is_admin": found.is_admin, "is_member": found.is_member}
        if found.is_admin:
            may["is_admin_resolve_level"] = "organization"
    said = {
        "organization": _organisation(found.organisation) if found.organisation else None,
        "operator": None,
        "entitlements": may,
    }
    if found.access:
        said["operator"] = _operator(found.subscription.operator)
    elif found.organisation:
        said["potentialOperators"] = [
            {**_operator(one), "signupUrl": _signup(one, told.service, found.organisation)}
            for one in found.open_to
        ]
    if found.subscription:
        # Ours: their clients read past it.
        said["subscription"] = {
            "id": str(found.subscription.public_id),
            "state": found.subscription.state,
            "until": found.until.isoformat() if found.until else None,
        }
    return said


def _reason(found: Entitlement) -> str:
    if found.organisation is None:
        return "no_organization"
    if not found.access:
        return "not_activated"
    return "not_listed" if found.listed else "left_organization"


def _organisation(found: Body) -> dict:
    return {
        "id": found.siren,
        "type": KINDS.get(found.kind, "other"),
        "name": found.name,
        "oidc_valid": None,
    }


def _operator(found: OperatorCard) -> dict:
    return {
        "id": found.slug,
        "name": found.name,
        "siret": found.siret,
        "url": absolute(reverse("storefront", args=[found.slug])),
        "config": {"support_email": found.contact_email},
    }


def _signup(operator: OperatorCard, service: Service, organisation: Body) -> str:
    page = service_url(operator.slug, service.slug)
    code = organisation.territory_code
    return f"{page}?{urlencode({'insee': code})}" if code else page


def _stopped(stop: Stop) -> HttpResponse:
    response = HttpResponse(written(stop.body), content_type="application/json", status=stop.status)
    if stop.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="X-Service-Auth"'
    return _private(response, "no-store")


def _private(response: HttpResponse, cached: str) -> HttpResponse:
    response["Cache-Control"] = cached
    response["Vary"] = "X-Service-Auth"
    return response
