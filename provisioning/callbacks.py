"""What a vendor says by itself of a step, at an address that only it was given, signed with its secret.

A web process keeps it and answers; a worker acts on it (`engine.inbox`). The address is the step's alone, the
identifier of a message is used once: the same message again changes nothing, another under the same
identifier is refused.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.core import signing as sealing
from django.db import transaction
from django.urls import reverse
from pydantic import ValidationError

from provisioning.connectors.webhook.connector import WebhookConnector
from provisioning.connectors.webhook.keys import keys_in
from provisioning.connectors.webhook.signing import SecretUnusable, SignatureRefused, verified_id
from provisioning.connectors.webhook.words import message, web_address
from provisioning.models import Callback, Endpoint, Said, Step
from provisioning.models.endpoint import ConnectorKind
from tenants.tenancy import tenant_scope

MAX_BODY = 64 * 1024  # bytes
MAX_PER_STEP = 100
_DOOR = sealing.Signer(salt="provisioning.callback", sep=".")


class CallbackRefused(Exception):
    """`status` is that of HTTP; `str()` a French sentence for whoever wrote the vendor's program."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


def address_of(step: Step) -> str:
    """Where the vendor may say what became of a step: nobody can guess it, and it needs no table."""
    door = _DOOR.sign(f"{step.tenant_id}-{step.pk}")
    return f"{settings.BASE_URL.rstrip('/')}{reverse('vendor_callback', args=[door])}"


@transaction.atomic
def keep(*, door: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Keeps what a vendor says of a step, or nothing when it was kept already. Header names in lower case.

    Raises CallbackRefused: 404 for an address that is no step's, 401 without a good signature of now, 400 for
    what cannot be read, 409 for another message under a used identifier, 429 beyond MAX_PER_STEP.
    """
    try:
        tenant_id, step_id = (int(part) for part in _DOOR.unsign(door).split("-"))
    except (sealing.BadSignature, ValueError) as error:
        raise CallbackRefused(404, "Aucune opération n’attend de nouvelles à cette adresse.") from error
    with tenant_scope([tenant_id]):
        step = Step.objects.filter(pk=step_id).select_related("run__subscription__listing").first()
        endpoint = step and _endpoint_of(step)
        if endpoint is None:
            raise CallbackRefused(404, "Aucune opération n’attend de nouvelles à cette adresse.")
        message_id = _verified(endpoint, headers=headers, body=body, now=now)
        _write(step, message_id=message_id, body=body, said=_read(body), now=now)


def _endpoint_of(step: Step) -> Endpoint | None:
    offer = step.run.subscription.listing.offer_id
    return Endpoint.objects.filter(offer=offer, connector=ConnectorKind.WEBHOOK).first()


def _verified(endpoint: Endpoint, *, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    try:
        config = WebhookConnector.Config.model_validate(endpoint.config)
        keys = keys_in(config.callback_secret_variable, config.previous_callback_secret_variable)
    except (ValidationError, SecretUnusable) as error:
        raise CallbackRefused(
            503,
            "Le secret de cette liaison manque chez nous : prévenez l’opérateur, puis envoyez de nouveau.",
        ) from error
    try:
        return verified_id(keys, headers=headers, body=body, timestamp=int(now.timestamp()))
    except SignatureRefused as refusal:
        raise CallbackRefused(401, str(refusal)) from refusal


def _read(body: bytes) -> dict:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallbackRefused(400, "Le corps doit être un objet JSON en UTF-8.") from error
    if not isinstance(said, dict) or said.get("state") not in Said.values:
        listed = ", ".join(f"« {value} »" for value in Said.values)
        raise CallbackRefused(400, f"Le corps doit être un objet JSON dont « state » est l’un de {listed}.")
    url = web_address(said.get("url"))
    if said.get("url") and not url:
        raise CallbackRefused(400, "« url » doit commencer par https:// et compter 500 caractères au plus.")
    return {"said": said["state"], "url": url, "message": message(said.get("message"))}


def _write(step: Step, *, message_id: str, body: bytes, said: dict, now: datetime) -> None:
    if Callback.objects.filter(step=step).count() >= MAX_PER_STEP:
        raise CallbackRefused(
            429, f"Cette opération a déjà reçu {MAX_PER_STEP} messages : n’en envoyez plus."
        )
    digest = hashlib.sha256(body).hexdigest()
    # Two at once: the second waits for the first to be committed, then finds it.
    Callback.objects.bulk_create(
        [
            Callback(
                tenant_id=step.tenant_id,
                step=step,
                message_id=message_id,
                digest=digest,
                received_at=now,
                **said,
            )
        ],
        ignore_conflicts=True,
    )
    if Callback.objects.get(step=step, message_id=message_id).digest != digest:
        raise CallbackRefused(409, "Cet identifiant (webhook-id) a déjà servi à un autre message.")
