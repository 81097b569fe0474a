"""How software meets what is open: credentials of a signature book, the key of a service, a directory of
agents that does not answer yet. And how the agents of a commune sign in: by a provider of its own."""

from datetime import date

from catalog.models import ServiceSheet
from catalog.sheets.offers import offer_of
from demo.seed.connections import BINDABLE
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from provisioning.connectors.outcomes import Done
from provisioning.entitlements.keys import create_key
from provisioning.models import (
    AgentDirectory,
    Binding,
    Call,
    MemberDomain,
    MemberProvider,
    MemberProviderMove,
    ProviderKind,
    ProviderState,
    Run,
    ServiceKey,
    Step,
    StepState,
)
from subscriptions.models import RUNNING
from tenants.models import Organisation, Role, User
from tenants.sealing import seal

WITH_KEY, WITH_DIRECTORY = "cantinelle", "actes-en-chemin"
KEY_MADE, KEY_USED, TRIED = date(2026, 9, 1), date(2026, 11, 12), date(2026, 11, 10)


def make_accesses(*, people: dict[str, User]) -> None:
    """After the subscriptions that they reach."""
    _give_credentials()
    vendor = people["theo-pellegarde"]
    sheets = {sheet.slug: sheet for sheet in ServiceSheet.objects.select_related("vendor__organisation")}
    key, _ = create_key(sheet=sheets[WITH_KEY], by=vendor, now=at(KEY_MADE, 11))
    ServiceKey.objects.filter(pk=key.pk).update(last_used_on=KEY_USED)
    siren = sheets[WITH_DIRECTORY].vendor.organisation.siren
    AgentDirectory.objects.create(
        offer=offer_of(sheets[WITH_DIRECTORY]),
        config={"url": "http://127.0.0.1:1/scim/v2", "token_variable": f"SCIM_TOKEN_{siren}"},
        attempts=1,
        tried_at=at(TRIED, 15),
        problem="Le système de l’éditeur ne répond pas.",
    )
    _connect_own_provider(by=people["armand-theullier"])


def _connect_own_provider(*, by: User) -> None:
    """Of the main commune: tried, one of its two domains proven. Nobody is led to it without Keycloak."""
    commune = Organisation.objects.get(territory__code=MAIN, kind="commune")
    issuer = "https://connexion.annuaire.example"
    provider = MemberProvider(
        tenant=commune,
        kind=ProviderKind.OIDC,
        name="Annuaire de la communauté",
        typed={"issuer": issuer, "client_id": "halle"},
        state=ProviderState.TRIED,
        created_at=at(TRIED, 14),
        tried_at=at(TRIED, 15),
        described={
            "identity": issuer,
            "addresses": {
                "authorizationUrl": f"{issuer}/authorize",
                "tokenUrl": f"{issuer}/token",
                "userInfoUrl": f"{issuer}/userinfo",
                "jwksUrl": f"{issuer}/keys",
            },
            "by_basic": False,
        },
    )
    provider.sealed = seal({"secret": "demo"}, owner=str(provider.public_id))
    provider.save()
    states = [ProviderState.DRAFT, ProviderState.TRYING, ProviderState.TRIED]
    for before, after, who in zip(states[:-1], states[1:], (by, None), strict=True):
        MemberProviderMove.objects.create(
            tenant=commune, provider=provider, before=before, after=after, at=at(TRIED, 15), by=who
        )
    domains = {"margerie-chantagret.mairie.example": at(TRIED, 16), "ccas-margerie.example": None}
    MemberDomain.objects.bulk_create(
        MemberDomain(
            tenant=commune,
            provider=provider,
            domain=domain,
            token=f"demo-{number}-Vd7uQ2pXbN4k",
            added_at=at(TRIED, 15),
            checked_at=at(TRIED, 16),
            proven_at=proven,
            confirmed_at=proven,
            problem="" if proven else "L’enregistrement n’est pas encore visible.",
        )
        for number, (domain, proven) in enumerate(domains.items(), start=1)
    )


def _give_credentials() -> None:
    """One set to each that has such a service; nobody has seen those of the main commune."""
    runs = Run.objects.filter(
        event="activate",
        subscription__state__in=RUNNING,
        subscription__listing__offer__partner_sku__in=BINDABLE,
    ).select_related("subscription__tenant__territory")
    runs = list(runs.order_by("pk"))
    opened = {step.run_id: step for step in Step.objects.filter(run__in=runs, position=1)}
    steps = Step.objects.bulk_create(
        Step(
            tenant=run.tenant,
            run=run,
            lane_id=opened[run.pk].lane_id,
            position=2,
            name="bind",
            label="Identifiants d’accès au service",
            state=StepState.DONE,
            attempts=1,
            run_after=run.finished_at,
            first_tried_at=run.finished_at,
            done_at=run.finished_at,
        )
        for run in runs
    )
    Call.objects.bulk_create(
        Call(
            tenant=step.tenant,
            step=step,
            started_at=step.done_at,
            finished_at=step.done_at,
            outcome=Done.__name__.lower(),
        )
        for step in steps
    )
    secretaries = holders(Role.SECRETARY)
    Binding.objects.bulk_create(_binding(step, seen_by=secretaries[step.tenant_id]) for step in steps)


def _binding(step: Step, *, seen_by: User) -> Binding:
    binding = Binding(
        tenant=step.tenant, subscription=step.run.subscription, made_by=step, bound_at=step.done_at
    )
    if step.tenant.territory.code != MAIN:
        binding.shown_at, binding.shown_by = step.done_at, seen_by
        return binding
    secret = {
        "adresse": "https://paraphe-clair.example/api",
        "identifiant": f"app-{step.key[:8]}",
        "cle": f"demonstration-{step.key[-12:]}",
    }
    binding.sealed = seal(secret, owner=str(binding.public_id))
    return binding
