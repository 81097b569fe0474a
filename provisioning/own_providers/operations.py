"""An operator connects a member's own provider: typed, tried, turned on, turned off, retired."""

from datetime import datetime

from django.db import IntegrityError, transaction

from provisioning import tasks
from provisioning.connectors.identity import saml
from provisioning.connectors.identity.fetching import Unfit
from provisioning.models import MemberDomain, MemberProvider, ProviderKind, ProviderState
from provisioning.own_providers.states import LIVE, move
from provisioning.own_providers.typed import Typed, clean
from sso.keycloak.broker import is_broker
from tenants import audit
from tenants.constraints import violated
from tenants.models import Organisation, User
from tenants.people.domains import keep_known
from tenants.refusals import Refused
from tenants.sealing import seal

S = ProviderState
NO_BROKER = (
    "Halle ne se connecte pas par Keycloak ici : un fournisseur d’adhérent ne peut pas être mis en service."
)


def provider_of(organisation: Organisation) -> MemberProvider | None:
    """The one that it has; None without. One query."""
    return MemberProvider.objects.filter(tenant=organisation).exclude(state=S.RETIRED).first()


@transaction.atomic
def keep(*, organisation: Organisation, typed: Typed, by: User, now: datetime) -> MemberProvider:
    """What was typed, to be tried (again). An empty secret, or no file, keeps the one that is known.

    Raises Refused, naming the field, or while it is tried or in service.
    """
    values = clean(typed)
    found = _locked(organisation)
    if found is not None and found.state not in (S.DRAFT, S.FAILED, S.TRIED):
        raise Refused("Ce fournisseur est en service ou à l’essai : arrêtez-le d’abord pour le modifier.")
    if found is not None and found.kind != typed.kind:
        raise Refused("Pour changer de protocole, retirez ce fournisseur puis raccordez l’autre.", "kind")
    known = found.typed if found else {}
    if typed.kind == ProviderKind.SAML:
        values["metadata"] = _metadata(typed, values, known, now=now)
    elif not typed.secret and not (found and found.sealed):
        raise Refused("Écrivez le secret de client donné à Halle.", "secret")
    if found is None:
        found = MemberProvider(tenant=organisation, kind=typed.kind, created_at=now)
    elif found.state != S.DRAFT:
        move(found, S.DRAFT, now=now, by=by, reason="réglages modifiés")
    found.name, found.typed, found.problem = typed.name.strip(), values, ""
    if typed.secret:
        found.sealed = seal({"secret": typed.secret}, owner=str(found.public_id))
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        if violated(error) != "member_provider_one_at_a_time":
            raise
        raise Refused("Quelqu’un vient d’en raccorder un. Relisez la page.") from None
    _note(found, by, now, "changed", "a réglé le fournisseur d’identité de l’organisation")
    return found


def _metadata(typed: Typed, values: dict, known: dict, *, now: datetime) -> str:
    if values["metadata_url"]:
        return ""  # read where they say
    if typed.metadata:
        try:
            saml.read(typed.metadata, now=now)
            return typed.metadata.decode()
        except Unfit as problem:
            raise Refused(str(problem), "metadata") from None
        except UnicodeDecodeError:
            raise Refused("Enregistrez ces métadonnées en UTF-8.", "metadata") from None
    if known.get("metadata"):
        return known["metadata"]
    raise Refused("Donnez l’adresse des métadonnées, ou leur fichier.", "metadata_url")


@transaction.atomic
def ask_trial(*, organisation: Organisation, by: User, now: datetime) -> None:
    """Has a worker try it. Raises Refused without one, or while it is tried or in service."""
    found = _existing(organisation)
    move(found, S.TRYING, now=now, by=by, asked_at=now, attempts=0, problem="")
    _note(found, by, now, "tried", "a lancé l’essai du fournisseur d’identité")
    tasks.try_own_provider.defer(provider_id=found.pk)


@transaction.atomic
def turn_on(*, organisation: Organisation, by: User, now: datetime) -> None:
    """Has a worker tell Keycloak: agents of its proven domains are led to it from then on.

    Raises Refused before a trial has passed, without a proven domain, or where Halle signs nobody in by
    Keycloak.
    """
    found = _existing(organisation)
    if not is_broker():
        raise Refused(NO_BROKER)
    if not _proven(found).exists():
        raise Refused("Prouvez d’abord un domaine : sans lui, personne ne serait conduit à ce fournisseur.")
    move(found, S.STARTING, now=now, by=by, **_to_apply(now))
    _note(found, by, now, "started", "a mis en service le fournisseur d’identité")
    tasks.apply_own_provider.defer(provider_id=found.pk)


@transaction.atomic
def turn_off(*, organisation: Organisation, by: User | None, now: datetime, reason: str = "") -> None:
    """Has a worker tell Keycloak: nobody is led to it, nor signs in by it. Raises Refused when it is not in
    service."""
    found = _existing(organisation)
    move(found, S.STOPPING, now=now, by=by, reason=reason, **_to_apply(now))
    _note(found, by, now, "stopped", "a arrêté le fournisseur d’identité")
    tasks.apply_own_provider.defer(provider_id=found.pk)


@transaction.atomic
def retire(*, organisation: Organisation, by: User, now: datetime) -> None:
    """Another one may be connected; its domains are to be proven again. Raises Refused while it is tried or
    in service."""
    found = _existing(organisation)
    move(found, S.RETIRED, now=now, by=by, sealed="", to_apply_since=None)
    found.domains.all().delete()
    keep_known(organisation=organisation, domains=[], now=now)
    _note(found, by, now, "retired", "a retiré le fournisseur d’identité")


def note_domains(provider: MemberProvider, *, now: datetime) -> None:
    """Its proven domains have changed: whoever signs in may ask to join by them alone, and Keycloak is told
    if it is in service; without any, it is stopped. Needs a transaction and the row locked."""
    know_domains(provider, now=now)
    if provider.state not in LIVE:
        return
    if _proven(provider).exists():
        MemberProvider.objects.filter(pk=provider.pk, tenant=provider.tenant_id).update(**_to_apply(now))
    else:
        move(provider, S.STOPPING, now=now, reason="aucun domaine n’est plus prouvé", **_to_apply(now))
        _note(provider, None, now, "stopped", "a arrêté le fournisseur d’identité, faute de domaine prouvé")
    tasks.apply_own_provider.defer(provider_id=provider.pk)


def know_domains(provider: MemberProvider, *, now: datetime) -> None:
    """Whoever signs in with an address of its proven domains may ask to join its organisation."""
    domains = _proven(provider).values_list("domain", flat=True)
    keep_known(organisation=provider.tenant, domains=domains, now=now)


def _proven(provider: MemberProvider):
    return MemberDomain.objects.filter(provider=provider, proven_at__isnull=False)


def _to_apply(now: datetime) -> dict:
    return {"to_apply_since": now, "apply_after": None, "attempts": 0, "problem": ""}


def _existing(organisation: Organisation) -> MemberProvider:
    found = _locked(organisation)
    if found is None:
        raise Refused("Aucun fournisseur n’est raccordé : relisez la page.")
    return found


def _locked(organisation: Organisation) -> MemberProvider | None:
    rows = MemberProvider.objects.filter(tenant=organisation).exclude(state=S.RETIRED)
    return rows.select_for_update(of=("self",), no_key=True).first()


def _note(provider: MemberProvider, by: User | None, now: datetime, did: str, done: str) -> None:
    audit.record(
        tenant=provider.tenant,
        actor=by,
        what=f"member_provider.{did}",
        sentence=f"{{actor}} {done}.",
        subject_id=provider.public_id,
        now=now,
    )
