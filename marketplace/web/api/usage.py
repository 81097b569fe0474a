"""A service tells what was used of it: events, each once, with the key by which it asks for entitlements."""

import json
from datetime import date
from typing import Annotated, Any

from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.csrf import csrf_exempt
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from catalog.pricing.usage import MAX_QUANTITY
from marketplace.web.api.answers import problem, written
from provisioning.entitlements.reading import Account, ask
from provisioning.entitlements.reading import Told as Answer
from subscriptions.metering import Told, UsageRefused, take
from subscriptions.models import Subscription
from tenants.models import Establishment
from tenants.tenancy import tenant_scope

MAX_BODY = 256 * 1024  # bytes
MOST = 500
YEARS = (2000, 2100)
Identifier = Annotated[str, Field(pattern=r"^[!-~]{1,100}$")]


class Event(BaseModel):
    """So many units used at a moment, under the service's own identifier."""

    model_config = ConfigDict(extra="forbid")

    id: Identifier
    unit: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,20}$")]
    quantity: Annotated[int, Field(strict=True, ge=0, le=MAX_QUANTITY)]
    used_at: AwareDatetime
    corrects: Identifier | None = None


class Message(BaseModel):
    """What was used by one organisation."""

    model_config = ConfigDict(extra="forbid")

    siret: Annotated[str, Field(pattern=r"^[0-9]{14}$")]
    events: Annotated[list[Event], Field(min_length=1, max_length=MOST)]


SAID = {
    "siret": "quatorze chiffres, celui de l’organisation qui a utilisé le service.",
    "events": f"une liste de relevés, de 1 à {MOST}.",
    "id": "l’identifiant du relevé chez vous, de 1 à 100 caractères visibles sans accent ni espace.",
    "unit": "l’unité telle que le tarif la nomme, en minuscules.",
    "quantity": f"un nombre entier, de 0 à {MAX_QUANTITY}.",
    "used_at": "une date et une heure avec leur fuseau, par exemple 2026-11-03T10:12:00+01:00.",
    "corrects": "l’identifiant du relevé à corriger, ou rien.",
}


@csrf_exempt  # a machine writes here, and has a key
@login_not_required
def receive(request: HttpRequest) -> HttpResponse:
    """All of the events are kept, or none and each is told what to do. Sent again: known, nothing changes."""
    if request.method != "POST":
        response = problem(405, "Envoi seulement", "Cette adresse ne reçoit que des relevés (POST).")
        response["Allow"] = "POST"
        return response
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return problem(
            413, "Message trop long", f"Au plus {MAX_BODY // 1024} Kio : envoyez en plusieurs fois."
        )
    now = timezone.now()
    scheme, _, secret = request.headers.get("X-Service-Auth", "").partition(" ")
    # The key first: whoever has none is told nothing else.
    message, errors = _read(body)
    siret = message.siret if message else ""
    told = (
        ask(secret=secret, siret=siret, account=Account(), now=now) if scheme == "Bearer" and secret else None
    )
    if told is None:
        return problem(
            401,
            "Clé refusée",
            "Envoyez la clé de votre service dans l’en-tête « X-Service-Auth: Bearer … » : elle se crée sur "
            "sa fiche.",
        )
    if message is None:
        return _refused(400, "Message illisible", errors)
    subscription = _subscription(told, siret, on=localdate(message.events[0].used_at))
    if subscription is None:
        return problem(
            404,
            "Aucun abonnement",
            "Cette organisation n’a pas eu d’abonnement à votre service : vérifiez « siret », ou écrivez à "
            "l’opérateur.",
        )
    events = [Told(one.id, one.unit, one.quantity, one.used_at, one.corrects or "") for one in message.events]
    with tenant_scope([subscription.tenant_id]):
        try:
            taken = take(subscription=subscription, source=f"service:{told.service.id}", told=events, now=now)
        except UsageRefused as refusal:
            found = [{"event": place, "detail": text} for place, text in sorted(refusal.errors.items())]
            return _refused(422, "Relevés refusés", found)
    response = HttpResponse(
        written({"new": taken.new, "known": taken.known}), content_type="application/json"
    )
    response["Cache-Control"] = "no-store"
    return response


def _subscription(asked: Answer, siret: str, *, on: date) -> Subscription | None:
    """The one that this organisation, or whoever took over from it, had that day, over or not: what was used
    is often told once it is over. Else the one by which it has the service now, that of another too."""
    held, heir = asked.entitlement.subscription, asked.entitlement.organisation
    own = set(Establishment.objects.filter(siret=siret).values_list("organisation", flat=True))
    if heir:
        own.add(heir.id)
    with tenant_scope(own | ({held.tenant_id} if held else set())):
        found = Subscription.objects.filter(listing__offer__product=asked.service.product_id)
        not_over = Q(ended_on__isnull=True) | Q(ended_on__gt=on)
        then = found.filter(not_over, tenant__in=own, active_from__lte=on).order_by("-active_from")
        return then.first() or found.filter(pk=held and held.id).first()


def _refused(status: int, title: str, errors: list[dict]) -> HttpResponse:
    detail = "Aucun relevé n’est gardé : corrigez ce que dit « errors », puis envoyez le tout de nouveau."
    return problem(status, title, detail, errors=errors)


def _read(body: bytes) -> tuple[Message | None, list[dict]]:
    """The message, or what is wrong with it, in French."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None, [{"detail": "Le corps doit être un objet JSON en UTF-8."}]
    try:
        message = Message.model_validate(said)
    except ValidationError as error:
        return None, [_wrong(one["loc"], one["type"]) for one in error.errors(include_url=False)]
    for place, one in enumerate(message.events):
        if not YEARS[0] <= one.used_at.year < YEARS[1]:
            return None, [_wrong(("events", place, "used_at"), "range")]
    return message, []


def _wrong(loc: tuple, kind: str) -> dict:
    place = next((part for part in loc if isinstance(part, int)), None)
    name = str(next((part for part in reversed(loc) if isinstance(part, str)), ""))
    if not name:
        detail = "Le corps doit être un objet JSON avec « siret » et « events »."
    elif kind == "extra_forbidden":
        detail = f"« {name[:40]} » n’est pas attendu : retirez-le."
    else:
        detail = f"« {name} » : {SAID[name]}"
    return {"detail": detail} | ({} if place is None else {"event": place})
