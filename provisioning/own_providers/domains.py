"""The domains of a member's provider: named by a person, proven by what their DNS says."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction

from provisioning import tasks
from provisioning.models import MemberDomain, MemberProvider, ProviderState
from provisioning.own_providers.operations import note_domains
from provisioning.own_providers.typed import clean_domain
from tenants import audit
from tenants.models import Organisation, User
from tenants.refusals import Refused

AT_MOST = 20


def domains_of(provider: MemberProvider) -> list[MemberDomain]:
    """All of them, by name. One query."""
    return list(provider.domains.filter(tenant=provider.tenant_id).order_by("domain"))


@transaction.atomic
def add_domain(*, organisation: Organisation, domain: str, by: User, now: datetime) -> MemberDomain:
    """One more, which is looked for at once. The same again changes nothing. Raises Refused."""
    provider = _provider(organisation)
    cleaned = clean_domain(domain)
    if provider.domains.filter(tenant=organisation).count() >= AT_MOST:
        raise Refused(f"Un fournisseur vaut pour {AT_MOST} domaines au plus.", "domain")
    found, made = MemberDomain.objects.get_or_create(
        tenant=organisation,
        provider=provider,
        domain=cleaned,
        defaults={"token": secrets.token_urlsafe(24), "added_at": now},
    )
    if made:
        _note(found, by, now, "added", "a ajouté un domaine")
    return found


@transaction.atomic
def ask_check(*, organisation: Organisation, public_id: UUID, now: datetime) -> None:
    """Has a worker look at the DNS of this domain; nothing more while it does. Raises Refused."""
    found = _domain(organisation, public_id)
    if found.asked_at is None:
        MemberDomain.objects.filter(pk=found.pk, tenant=organisation).update(asked_at=now)
        tasks.check_domain.defer(domain_id=found.pk)


@transaction.atomic
def remove_domain(*, organisation: Organisation, public_id: UUID, by: User, now: datetime) -> None:
    """Nobody with an address there is led to the provider any more. Raises Refused."""
    provider = _provider(organisation)
    found = _domain(organisation, public_id)
    was_proven = found.proven_at is not None
    _note(found, by, now, "removed", "a retiré un domaine")
    found.delete()
    if was_proven:
        note_domains(provider, now=now)


def _provider(organisation: Organisation) -> MemberProvider:
    rows = MemberProvider.objects.filter(tenant=organisation).exclude(state=ProviderState.RETIRED)
    found = rows.select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise Refused("Réglez d’abord le fournisseur.")
    return found


def _domain(organisation: Organisation, public_id: UUID) -> MemberDomain:
    found = MemberDomain.objects.filter(tenant=organisation, public_id=public_id).first()
    if found is None:
        raise Refused("Ce domaine n’est plus là : relisez la page.")
    return found


def _note(domain: MemberDomain, by: User, now: datetime, did: str, done: str) -> None:
    audit.record(
        tenant=domain.tenant,
        actor=by,
        what=f"member_domain.{did}",
        sentence=f"{{actor}} {done} du fournisseur d’identité : {domain.domain}.",
        subject_id=domain.public_id,
        now=now,
    )
