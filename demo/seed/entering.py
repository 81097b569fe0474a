"""Two services that agents enter through Halle, one by OpenID Connect, the other by SAML: each subscriber
has a client at Keycloak, as the engine writes it. The Keycloak of the demo, where one runs, is told the next
night (provisioning.client_drift)."""

from datetime import date

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from provisioning.clients import OPENS
from provisioning.connectors.outcomes import Done
from provisioning.models import (
    Binding,
    BindingKind,
    Call,
    Event,
    Lane,
    Protocol,
    Run,
    SignIn,
    Step,
    StepState,
)
from provisioning.models.sign_in import SIREN
from sso.keycloak.broker import issuer
from sso.keycloak.service_shapes import client_id_of
from subscriptions.models import RUNNING
from tenants.models import Role, User
from tenants.sealing import seal

ENTERED, BY_SAML = "pigeonnier", "repos-et-memoire"
DECLARED = date(2025, 12, 1)


def make_entering() -> None:
    """After the subscriptions. Nobody has seen the secret of the main commune's."""
    home = f"https://{ENTERED}.example"
    _make(
        ENTERED,
        redirect_uris=[f"{home}/connexion/retour"],
        signed_out_uri=f"{home}/au-revoir",
        logout_uri=f"{home}/connexion/fin",
    )
    home = f"https://{BY_SAML}.example/saml"
    _make(
        BY_SAML,
        protocol=Protocol.SAML,
        redirect_uris=[f"{home}/acs"],
        logout_uri=f"{home}/slo",
        entity_id=f"{home}/{SIREN}",
    )


def _make(slug: str, **declared) -> None:
    said = at(DECLARED, 16)
    offer = offer_of(ServiceSheet.objects.select_related("vendor").get(slug=slug))
    sign_in = SignIn.objects.create(offer=offer, changed_at=said, told_at=said, **declared)
    opened = Run.objects.filter(
        event=Event.ACTIVATE, subscription__state__in=RUNNING, subscription__listing__offer=offer
    )
    opened = opened.exclude(finished_at=None).select_related("subscription__tenant__territory").order_by("pk")
    runs = Run.objects.bulk_create(
        Run(
            tenant_id=one.tenant_id,
            subscription=one.subscription,
            event=Event.CLIENT,
            created_at=one.created_at,
            starts_at=one.starts_at,
            finished_at=one.finished_at,
        )
        for one in opened
    )
    lane, _ = Lane.objects.get_or_create(vendor=None)
    steps = Step.objects.bulk_create(
        Step(
            tenant_id=run.tenant_id,
            run=run,
            lane=lane,
            position=1,
            name="client",
            label=OPENS,
            state=StepState.DONE,
            attempts=1,
            run_after=run.starts_at,
            first_tried_at=run.finished_at,
            done_at=run.finished_at,
        )
        for run in runs
    )
    Call.objects.bulk_create(
        Call(
            tenant_id=step.tenant_id,
            step=step,
            started_at=step.done_at,
            finished_at=step.done_at,
            outcome=Done.__name__.lower(),
        )
        for step in steps
    )
    secretaries = holders(Role.SECRETARY)
    Binding.objects.bulk_create(
        _by_saml(step) if sign_in.by_saml else _binding(step, seen_by=secretaries[step.tenant_id])
        for step in steps
    )


def _by_saml(step: Step) -> Binding:
    return Binding(
        tenant_id=step.tenant_id,
        subscription=step.run.subscription,
        kind=BindingKind.CLIENT,
        made_by=step,
        bound_at=step.done_at,
        by_saml=True,
    )


def _binding(step: Step, *, seen_by: User) -> Binding:
    subscription = step.run.subscription
    binding = Binding(
        tenant_id=step.tenant_id,
        subscription=subscription,
        kind=BindingKind.CLIENT,
        made_by=step,
        bound_at=step.done_at,
    )
    if subscription.tenant.territory.code != MAIN:
        binding.shown_at, binding.shown_by = step.done_at, seen_by
        return binding
    secret = {
        "fournisseur": issuer(),
        "identifiant": client_id_of(str(subscription.public_id)),
        "secret": f"demonstration-{step.key[-12:]}",
    }
    binding.sealed = seal(secret, owner=str(binding.public_id))
    return binding
