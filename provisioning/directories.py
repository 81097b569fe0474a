"""A vendor says where it keeps the accounts of a service's agents, or that it no longer does."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from provisioning.connectors.scim.client import ScimConfig
from provisioning.models import AgentDirectory
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused

MAX_URL = 400


def directory_at(sheet: ServiceSheet) -> AgentDirectory | None:
    """Where the agents of this service are kept; None when the vendor keeps none. One query."""
    return AgentDirectory.objects.filter(
        offer__product__sheet=sheet, offer__partner__vendor=sheet.vendor_id
    ).first()


@transaction.atomic
def keep_directory(*, sheet: ServiceSheet, url: str, by: User, now: datetime) -> AgentDirectory | None:
    """Agents are told to this SCIM server once a trial of it has passed (`directory_trials`); to nobody when
    `url` is empty. The same again writes nothing, and leaves a directory that has passed in use.

    The token is not typed here: the environment variable that holds it bears the vendor's SIREN, so that no
    vendor has another one's sent to a machine of its own. Raises Refused.
    """
    url = url.strip()
    offer = offer_of(sheet)
    found = AgentDirectory.objects.select_for_update(no_key=True).filter(offer=offer).first()
    if not url:
        if found is not None:
            found.delete()
            note(sheet, by, now, "removed", "a retiré l’annuaire des agents")
        return None
    config = {"url": url, "token_variable": f"SCIM_TOKEN_{sheet.vendor.organisation.siren}"}
    schemes = ("https://", "http://") if settings.ALLOW_PRIVATE_ADDRESSES else ("https://",)
    try:
        ScimConfig.model_validate(config)
        right = url.startswith(schemes) and len(url) <= MAX_URL and url.isprintable()
    except ValidationError:
        right = False
    if not right or "?" in url or "#" in url:
        raise Refused("Écrivez l’adresse en entier, sans paramètre : https://…/scim/v2", "url")
    if found is not None and found.config == config:
        return found
    anew = dict.fromkeys(("asked_at", "asked_by", "tried_at", "passed_at", "told_at"))
    kept, _ = AgentDirectory.objects.update_or_create(
        offer=offer, defaults={"config": config, "attempts": 0, "problem": "", **anew}
    )
    note(sheet, by, now, "changed", "a changé l’annuaire des agents", url)
    return kept


def note(sheet: ServiceSheet, by: User, now: datetime, did: str, done: str, url: str = "") -> None:
    """In the log of the vendor."""
    audit.record(
        tenant=sheet.vendor.organisation,
        actor=by,
        what=f"agent_directory.{did}",
        sentence=f"{{actor}} {done} du service « {sheet.name} ».",
        subject_id=sheet.pk,
        now=now,
        details={"url": url} if url else {},
    )
