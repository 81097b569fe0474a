"""A member's provider is read once before it may be used. Asked for on a page, carried out by a worker."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from provisioning.connectors.identity import openid, saml
from provisioning.connectors.identity.fetching import Unfit
from provisioning.models import MemberProvider, ProviderKind, ProviderState
from provisioning.own_providers.states import move
from sso.keycloak.values import realm_address
from tenants.sealing import Unsealable, unseal

# Begun that often without an end: each worker died of it.
MAX_ATTEMPTS = 3
CUT_SHORT = (
    "L’essai s’est interrompu plusieurs fois sans explication. Recommencez, ou écrivez à la plateforme."
)
LOST_SECRET = "Le secret de client ne se lit plus : écrivez-le de nouveau."  # noqa: S105 (no secret)
ANOTHER = (
    "Ce n’est plus le même fournisseur : ses agents y auraient d’autres identifiants. Retirez celui-ci, puis "
    "raccordez l’autre."
)


def redirect_address(provider: MemberProvider) -> str:
    """Where the provider sends people back to, to be registered there; for SAML, its answer."""
    return f"{realm_address(settings.KEYCLOAK['realm'])}/broker/{provider.alias}/endpoint"


def carry_out(*, provider_id: int, now: datetime) -> None:
    """Tries the provider and keeps what came of it. Killed anywhere and called again, it begins again; with
    no trial under way it does nothing. Must run outside a transaction: it calls the provider."""
    found = _begin(provider_id)
    if found is None:
        return
    described: dict = {}
    try:
        if found.attempts > MAX_ATTEMPTS:
            raise Unfit(CUT_SHORT)
        described = _try(found, now=now)
        problem = ""
    except Unfit as refusal:
        problem = str(refusal)
    except Unsealable:
        problem = LOST_SECRET
    _record(found, described, problem, now=max(now, timezone.now()))


def _try(provider: MemberProvider, *, now: datetime) -> dict:
    typed = provider.typed
    if provider.kind == ProviderKind.OIDC:
        account = openid.Account(
            issuer=typed["issuer"],
            client_id=typed["client_id"],
            secret=unseal(provider.sealed, owner=str(provider.public_id))["secret"],
            redirect=redirect_address(provider),
        )
        return openid.try_out(account) | {"identity": typed["issuer"]}
    metadata = saml.fetch(typed["metadata_url"]) if typed["metadata_url"] else typed["metadata"].encode()
    read = saml.read(metadata, now=now)
    saml.check_places(read)
    return read | {"identity": read["entity_id"]}


@transaction.atomic
def _begin(provider_id: int) -> MemberProvider | None:
    """The provider, its attempt committed before it is called; None when no trial is under way."""
    rows = MemberProvider.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=provider_id, state=ProviderState.TRYING).first()
    if found is not None:
        found.attempts += 1
        found.save(update_fields=["attempts"])
    return found


@transaction.atomic
def _record(tried: MemberProvider, described: dict, problem: str, *, now: datetime) -> None:
    rows = MemberProvider.objects.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=tried.pk, state=ProviderState.TRYING, asked_at=tried.asked_at).first()
    if found is None:
        return
    known = found.described.get("identity")
    if not problem and found.applied_at and known != described["identity"]:
        problem = ANOTHER
    to = ProviderState.FAILED if problem else ProviderState.TRIED
    kept = {} if problem else {"described": described}
    fields = {"asked_at": None, "tried_at": now, "attempts": 0, "problem": problem[:500], **kept}
    move(found, to, now=now, reason=problem, **fields)
