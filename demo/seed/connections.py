"""What depends on where the demo runs: the broker's address, the payment provider's signature.

Brought up to date at every seed of `make run`, because a port or a secret may have changed since. A seed by
hand, which knows neither, leaves them as they are.
"""

import uuid

from django.conf import settings
from django.utils import timezone
from djstripe.models import WebhookEndpoint
from oscar.core.loading import get_model

from demo import constants
from demo.seed.vendors import AUTOMATIC
from provisioning import kit_runs
from provisioning.kit.checks import Result, State
from provisioning.kit.reports import Report
from provisioning.kit.table import CHECKS, VERSION
from provisioning.models import Endpoint, KitRun
from provisioning.models.endpoint import ConnectorKind

PLAN = "adhesion"
BINDABLE = {"paraphe-clair"}  # the software of the town hall enters it with credentials
BY_MESSAGE = {"horizon-bourg"}  # told by signed messages
# What the demo's broker does not do, so that the kit has nothing to say of it.
UNCONCERNED = {
    "etag-is-honoured": "Le catalogue ne porte pas d’ETag.",
    "binding-leaves-with-instance": "Le catalogue ne promet pas de clés d’accès relisibles "
    "(« bindings_retrievable »).",
    "delays-are-numbers": "Aucune attente n’a été demandée (« Retry-After »).",
}
INSTRUCTIONS = (
    "Ouvrir le compte de la collectivité dans l’espace partenaire de l’éditeur, puis donner son adresse."
)


def service_id(slug: str) -> str:
    """What the broker calls a service: always the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://halle.example/services/{slug}"))


def plan_id(slug: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://halle.example/services/{slug}/{PLAN}"))


def make_connections() -> None:
    """One endpoint an offer, and dj-stripe's webhook endpoint."""
    known = {endpoint.offer_id: endpoint for endpoint in Endpoint.objects.all()}
    for offer in get_model("partner", "StockRecord").objects.select_related("partner"):
        connector, config = _way(offer)
        endpoint = known.get(offer.pk)
        if endpoint is None:
            Endpoint.objects.create(offer=offer, connector=connector, config=config)
        elif (
            constants.told("HALLE_BROKER_URL")
            and endpoint.connector in (ConnectorKind.OSB, ConnectorKind.WEBHOOK)
            and endpoint.config != config
        ):
            endpoint.config = config
            endpoint.save(update_fields=["config"])
    _prove()
    _webhook()


def _prove() -> None:
    """The report of the vendors' kit on each endpoint that has none as it is now: what the kit finds of the
    demo's broker (tests/demo plays it), written because a seed has no time to play it."""
    unproved = [
        endpoint
        for endpoint in Endpoint.objects.filter(connector=ConnectorKind.OSB).select_related("proof")
        if not endpoint.is_proved
    ]
    now, report = timezone.now(), kit_report()
    for endpoint in unproved:
        run = KitRun.objects.create(endpoint=endpoint, asked_at=now, attempts=1)
        kit_runs.finish(run=run, configuration=endpoint.configuration, report=report, now=now)


def kit_report() -> Report:
    """What the vendors' kit finds of the demo's broker."""
    return Report(
        VERSION,
        tuple(
            Result(check.name, State.NOT_CONCERNED, UNCONCERNED[check.name])
            if check.name in UNCONCERNED
            else Result(check.name, State.PASSED)
            for check in CHECKS
        ),
    )


def _way(offer) -> tuple[ConnectorKind, dict]:
    if offer.partner.code not in AUTOMATIC:
        return ConnectorKind.MANUAL, {"instructions": INSTRUCTIONS}
    if offer.partner_sku in BY_MESSAGE:
        return ConnectorKind.WEBHOOK, {
            "url": f"{constants.broker_url()}/messages",
            # The demo's vendor has one secret, for all its doors and both directions.
            "secret_variable": "BROKER_PASSWORD",
            "callback_secret_variable": "BROKER_PASSWORD",
            "suspends": True,
        }
    return ConnectorKind.OSB, {
        "url": constants.broker_url(),
        "username": constants.broker_username(),
        "password_variable": "BROKER_PASSWORD",
        "service_id": service_id(offer.partner_sku),
        "plan_id": plan_id(offer.partner_sku),
        "suspends": True,
        "retrievable": True,
        **({"bindable": True} if offer.partner_sku in BINDABLE else {}),
    }


def _webhook() -> None:
    wanted = {
        "id": "we_halle_local",
        "livemode": False,
        "url": f"{constants.base_url()}/stripe/webhook/{constants.webhook_id()}/",
        "secret": constants.webhook_secret(),
        "status": "enabled",
        "enabled_events": ["invoice.paid"],
        "api_version": settings.STRIPE_API_VERSION,
        "djstripe_validation_method": "verify_signature",
    }
    known = WebhookEndpoint.objects.filter(djstripe_uuid=constants.webhook_id())
    kept = known if not constants.told("STRIPE_WEBHOOK_SECRET") else known.filter(**wanted)
    if not kept.exists():
        WebhookEndpoint.objects.update_or_create(djstripe_uuid=constants.webhook_id(), defaults=wanted)
