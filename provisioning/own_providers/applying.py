"""Keycloak is told of a member's provider, by a worker: what it is to be there, whatever was told before."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning import tasks
from provisioning.models import MemberDomain, MemberProvider, ProviderKind, ProviderState
from provisioning.own_providers import telling
from provisioning.own_providers.states import LIVE, move
from provisioning.own_providers.trials import LOST_SECRET
from provisioning.own_providers.typed import ATTRIBUTES
from sso.keycloak.organisations import KeycloakOrganisation, ensure_organisation
from sso.keycloak.own_providers import OwnProvider, OwnSamlProvider, ensure_provider, switch_off_provider
from sso.keycloak.server import KeycloakProblem, KeycloakUnreachable, server
from tenants import jobs
from tenants.models import Organisation
from tenants.sealing import Unsealable, unseal

# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
# A silence of some minutes is nobody's business.
TOLD_AFTER = 5


def at_keycloak(organisation: Organisation, provider: MemberProvider | None) -> KeycloakOrganisation:
    """What an organisation is to be there: with its proven domains while its provider is in service. One
    query for these, none without a provider."""
    live = provider is not None and provider.state in LIVE
    rows = MemberDomain.objects.filter(provider=provider, proven_at__isnull=False) if live else []
    return KeycloakOrganisation(
        public_id=organisation.siren,
        alias=f"siren-{organisation.siren}",
        name=f"{organisation.name} ({organisation.siren})",  # two communes may have the same name
        domains=tuple(sorted(one.domain for one in rows)),
        provider=provider.alias if live else None,
    )


def carry_out(*, provider_id: int, now: datetime) -> None:
    """Tells Keycloak, and keeps what it answers. Killed anywhere and called again, it tells the same again;
    with nothing to tell it does nothing. Must run outside a transaction: it calls Keycloak."""
    found = _begin(provider_id)
    if found is None:
        return
    problem, refused = "", False
    try:
        _tell(found)
    except KeycloakUnreachable as silence:
        problem, refused = str(silence), found.attempts >= TOLD_AFTER
    except KeycloakProblem as refusal:
        problem, refused = str(refusal), True
    except Unsealable:
        problem, refused = LOST_SECRET, True
    _record(found, problem, refused=refused, now=max(now, timezone.now()))


def sweep(*, now: datetime) -> None:
    """Enqueues again what Keycloak did not take, and what a dead worker or a lost job left behind."""
    due = MemberProvider.objects.filter(to_apply_since__lt=now - PATIENCE)
    due = due.filter(Q(apply_after__isnull=True) | Q(apply_after__lte=now))
    _again(tasks.apply_own_provider, "provider_id", due)
    _again(tasks.try_own_provider, "provider_id", MemberProvider.objects.filter(asked_at__lt=now - PATIENCE))
    _again(tasks.check_domain, "domain_id", MemberDomain.objects.filter(asked_at__lt=now - PATIENCE))


def _again(task, argument: str, rows) -> None:
    for pk in set(rows.values_list("pk", flat=True)) - jobs.waiting(task, argument):
        task.defer(**{argument: pk})


def _tell(provider: MemberProvider) -> None:
    """Raises KeycloakProblem and Unsealable. What leads people there comes last, and goes first."""
    keycloak, realm = server(), settings.KEYCLOAK["realm"]
    organisation = at_keycloak(provider.tenant, provider)
    if organisation.provider is not None:
        ensure_provider(keycloak, realm, wanted(provider))
        ensure_organisation(keycloak, realm, organisation)
    else:
        ensure_organisation(keycloak, realm, organisation)
        switch_off_provider(keycloak, realm, provider.alias, organisation=provider.tenant.siren)


def wanted(provider: MemberProvider) -> OwnProvider | OwnSamlProvider:
    """As its last trial read it. Raises Unsealable."""
    described, common = (
        provider.described,
        {"alias": provider.alias, "name": provider.name, "organisation": provider.tenant.siren},
    )
    if provider.kind == ProviderKind.SAML:
        return OwnSamlProvider(
            **common,
            entity_id=described["entity_id"],
            sign_on_url=described["sign_on_url"],
            certificates=tuple(described["certificates"]),
            attributes=ATTRIBUTES[provider.typed["attributes"]],
            by_post=described["by_post"],
            logout_url=described["logout_url"],
        )
    return OwnProvider(
        **common,
        issuer=described["identity"],
        client_id=provider.typed["client_id"],
        described=described["addresses"],
        secret=unseal(provider.sealed, owner=str(provider.public_id))["secret"],
        by_basic=described["by_basic"],
    )


@transaction.atomic
def _begin(provider_id: int) -> MemberProvider | None:
    """The provider, its attempt committed before Keycloak is called; None with nothing to tell."""
    rows = MemberProvider.objects.select_for_update(of=("self",), no_key=True).select_related("tenant")
    found = rows.filter(pk=provider_id, to_apply_since__isnull=False).first()
    if found is not None:
        found.attempts += 1
        found.save(update_fields=["attempts"])
    return found


@transaction.atomic
def _record(told: MemberProvider, problem: str, *, refused: bool, now: datetime) -> None:
    """What came of it, unless something else is to be told since."""
    rows = MemberProvider.objects.select_for_update(of=("self",), no_key=True).select_related("tenant")
    found = rows.filter(pk=told.pk, to_apply_since=told.to_apply_since, state=told.state).first()
    if found is None:
        return
    if problem:
        if refused:
            telling.refused(found, problem, now=now)
        found.problem = problem[:500]
        found.apply_after = now + min(PATIENCE * 2 ** min(found.attempts, 10), LONGEST_DELAY)
        found.save(update_fields=["problem", "apply_after"])
        return
    done = {"to_apply_since": None, "apply_after": None, "applied_at": now, "attempts": 0, "problem": ""}
    if found.state == ProviderState.STARTING:
        telling.turned_on(found, now=now)
        move(found, ProviderState.ON, now=now, **done)
    elif found.state == ProviderState.STOPPING:
        move(found, ProviderState.TRIED, now=now, **done)
    else:
        MemberProvider.objects.filter(pk=found.pk).update(**done)
