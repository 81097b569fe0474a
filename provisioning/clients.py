"""The client of each subscription whose service people enter through Halle, beside what its vendor is told.

A plan says only that something of it changes: what the client is to be is read when Keycloak is asked, so
that whatever was decided last is what is carried out last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import make_aware

from provisioning.bindings import expect_binding, live_bindings
from provisioning.connectors.keycloak.client import ClientTold
from provisioning.connectors.outcomes import Credentials
from provisioning.models import Binding, BindingKind, Event, Lane, Run, SignIn, Step, StepState
from provisioning.models.sign_in import SIREN, SUBSCRIPTION
from sso.keycloak.service_shapes import Saml, ServiceClient
from subscriptions.exceptions import WrongState
from subscriptions.models import RUNNING, State, Subscription
from tenants import audit
from tenants.models import User
from tenants.sealing import seal

OPENS = "Connexion des agents par Halle"
CHANGES = "Connexion des agents par Halle : mise à jour"
STOPS = "Connexion des agents par Halle : arrêt pendant la suspension"
RESUMES = "Connexion des agents par Halle : reprise"
ENDS = "Connexion des agents par Halle : retrait"
RENEWS = "Connexion des agents par Halle : nouveau secret"
BY_SAML = "Ce service se connecte par SAML : il n’a pas de secret."
THERE = (State.PROVISIONING, *RUNNING, State.TERMINATING)  # whose service is open, or opens
# Which a new decision takes over: Keycloak is not being asked.
_NOT_ASKED = (StepState.PENDING, StepState.NEEDS_PERSON)


@dataclass(frozen=True)
class Entering:
    """How far the client of a service is. `binding`: the last that Keycloak gave, None before; `step`: the
    last that was to change it; `since`: when the client was asked for; `entity_id`: what the service calls
    itself by SAML, "" where this is not known here or it speaks OpenID Connect."""

    binding: Binding | None
    step: Step | None
    since: datetime
    entity_id: str = ""

    @property
    def is_ready(self) -> bool:
        """People can enter through Halle, unless the service is suspended."""
        return self.binding is not None

    @property
    def has_secret(self) -> bool:
        """Given, and nobody has seen it."""
        return self.binding is not None and bool(self.binding.sealed)

    @property
    def by_saml(self) -> bool:
        """Without a secret, then."""
        return self.binding is not None and self.binding.by_saml


def entering_of(subscription: Subscription) -> Entering | None:
    """How the people of an organisation enter its service through Halle; None where they do not. One query,
    two where they do, three by SAML."""
    rows = live_clients(subscription).filter(tenant=subscription.tenant_id)
    found = list(rows.select_related("made_by__run", "shown_by"))
    if not found:
        return None
    steps = Step.objects.filter(run__subscription=subscription, run__event=Event.CLIENT)
    binding = next((one for one in reversed(found) if one.bound_at), None)
    entity_id = ""
    # Where it follows another organisation's, the service is called after that one.
    if binding is not None and binding.by_saml and not subscription.follows_id:
        sign_in = SignIn.objects.filter(offer=subscription.listing.offer_id).first()
        entity_id = entity_id_of(subscription.opened_as, sign_in) if sign_in else ""
    return Entering(
        binding=binding,
        step=steps.order_by("-run", "-pk").first(),
        since=found[0].made_by.run.created_at,
        entity_id=entity_id,
    )


@transaction.atomic
def plan_client(
    *, subscription: Subscription, label: str, now: datetime, ends: bool = False, anew: bool = False
) -> Run | None:
    """Writes the plan that brings the client to what it is to be now, in the caller's transaction; `ends`: to
    nothing, `anew`: to another secret. The plan that waits for its turn or for a person serves for this too.
    None for a service that people do not enter through Halle. Needs the subscription's scope."""
    sign_in = SignIn.objects.filter(offer=subscription.listing.offer_id).first()
    if sign_in is None:
        return None
    own = live_clients(subscription).filter(tenant=subscription.tenant_id).select_related("ended_by").last()
    ends = ends or not sign_in.is_declared
    if ends and own is None:
        return None
    step = _step(subscription, label=label, now=now)
    if ends:
        Binding.objects.filter(pk=own.pk).update(ended_by=step)
    elif own is None or (own.ended_by and own.ended_by.state == StepState.RUNNING):
        expect_binding(step=step, kind=BindingKind.CLIENT, by_saml=sign_in.by_saml)
    else:
        _keep_on(own, sign_in, step=step, anew=anew)
    return step.run


def _keep_on(own: Binding, sign_in: SignIn, *, step: Step, anew: bool) -> None:
    """The client stays, whatever its end was to be: as it is, or with another row when its secret is to be
    another one, or it speaks another protocol."""
    if own.ended_by_id:
        Binding.objects.filter(pk=own.pk).update(ended_by=None)
    changed = own.by_saml != sign_in.by_saml
    if changed and own.made_by_id == step.pk:  # nothing has come of it yet
        Binding.objects.filter(pk=own.pk).update(by_saml=sign_in.by_saml)
    elif changed or (anew and own.bound_at and not own.by_saml):
        expect_binding(step=step, kind=BindingKind.CLIENT, replaces=own, by_saml=sign_in.by_saml)


@transaction.atomic
def plan_gone(*, subscription: Subscription, now: datetime) -> Run | None:
    """The same for a client that is there still after its end; None for one that Halle never made."""
    last = Binding.objects.filter(subscription=subscription, kind=BindingKind.CLIENT).last()
    if last is None:
        return None
    step = _step(subscription, label=ENDS, now=now)
    Binding.objects.filter(pk=last.pk).update(ended_by=step)
    return step.run


@transaction.atomic
def plan_renewal(*, subscription: Subscription, by: User, now: datetime) -> Run:
    """Asks Keycloak for another secret of an open service; the old one is worth nothing from then on. Raises
    WrongState when there is none, or one is coming already."""
    locked = Subscription.objects.select_for_update(of=("self",), no_key=True)
    subscription = locked.select_related("listing", "tenant").get(pk=subscription.pk)
    own = live_clients(subscription).filter(tenant=subscription.tenant_id).last()
    if subscription.state not in RUNNING or own is None or own.ended_by_id:
        raise WrongState("Ce service n’est pas ouvert, ou ses agents n’y entrent pas par Halle.")
    if own.by_saml:
        raise WrongState(BY_SAML)
    if own.bound_at is None:
        raise WrongState("Un secret est déjà demandé. Il arrivera sur cette page.")
    run = plan_client(subscription=subscription, label=RENEWS, now=now, anew=True)
    if run is None:
        raise WrongState("Ce service n’est plus relié à la connexion par Halle.")
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.client_secret_renewed",
        sentence="{actor} a demandé un nouveau secret de connexion pour le service "
        f"{subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    return run


def live_clients(subscription: Subscription):
    """The rows of the client that Keycloak may hold for a service, the oldest first."""
    return live_bindings(subscription, kind=BindingKind.CLIENT)


def told_of(
    step: Step, subscription: Subscription, *, people: Mapping[str, frozenset[str]]
) -> ClientTold | None:
    """What Keycloak is to hold for the service of that subscription, where these people have these roles;
    None when it is to hold nothing and never held anything. Six queries at most."""
    offer = subscription.listing.offer_id
    mine = Binding.objects.filter(Q(made_by=step) | Q(ended_by=step), kind=BindingKind.CLIENT).last()
    binding = mine or live_clients(subscription).last()
    sign_in = SignIn.objects.filter(offer=offer).first()
    if binding is None or sign_in is None:
        return None
    return ClientTold(
        wanted=wanted_of(subscription, sign_in),
        people=people,
        gone=binding.ended_by_id == step.pk,
        anew=_renews(binding, sign_in),
    )


def _renews(binding: Binding, sign_in: SignIn) -> bool:
    """Whether its secret is to be another one: not that of a client which is made anew, for another
    protocol."""
    replaced = binding.replaces if binding.bound_at is None else None
    return replaced is not None and not (sign_in.by_saml or replaced.by_saml)


def wanted_of(subscription: Subscription, sign_in: SignIn) -> ServiceClient:
    """The client as it is to be while it is there. It keeps its name when another subscription takes the
    service over."""
    tenant, opened = subscription.tenant, subscription.opened_as
    saml = None
    if sign_in.by_saml:
        saml = Saml(
            entity_id_of(opened, sign_in), certificate="".join(sign_in.certificate.splitlines()[1:-1])
        )
    return ServiceClient(
        subscription=str(opened.public_id),
        name=f"{subscription.service_name}, {tenant.name}"[:255],
        redirect_uris=tuple(sign_in.redirect_uris),
        siret=tenant.siret,
        insee_code=tenant.territory.code if tenant.territory else "",
        logout_uri=sign_in.logout_uri,
        signed_out_uri=sign_in.signed_out_uri,
        enabled=subscription.state != State.SUSPENDED,
        saml=saml,
    )


def entity_id_of(opened: Subscription, sign_in: SignIn) -> str:
    """What the service that was opened with that subscription calls itself by SAML."""
    named = sign_in.entity_id.replace(SIREN, opened.tenant.siren)
    return named.replace(SUBSCRIPTION, str(opened.public_id))


def record_client(*, step: Step, credentials: Credentials | None, now: datetime) -> None:
    """What the end of a step changes: the secret is sealed in the transaction that says that Keycloak gave
    it. None: taken away, or settled outside Halle by a person."""
    ended = Binding.objects.filter(ended_by=step, kind=BindingKind.CLIENT)
    if ended.update(ended_at=now, sealed=""):
        return
    *before, binding = live_clients(step.run.subscription) or [None]
    if (
        binding is None
        or binding.bound_at is not None
        or (binding.replaces_id and binding.made_by_id != step.pk)
    ):
        return
    binding.bound_at = now
    # Of one that is to speak SAML, whatever it spoke when it was asked for: its protocol changed meanwhile,
    # and is told again (sign_ins).
    if credentials is not None and not binding.by_saml:
        binding.sealed = seal(dict(credentials.values), owner=str(binding.public_id))
    binding.save(update_fields=["bound_at", "sealed"])
    Binding.objects.filter(pk__in=[one.pk for one in before]).update(ended_at=now, sealed="")


def _step(subscription: Subscription, *, label: str, now: datetime) -> Step:
    """The step that does it: the one that is not being asked, else a new one."""
    wanted_from = subscription.wanted_from
    start = max(now, make_aware(datetime.combine(wanted_from, time.min))) if wanted_from else now
    # Held until this is committed: no worker reads what is to be before.
    waiting = Step.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).select_related(
        "run"
    )
    mine = waiting.filter(
        run__subscription=subscription,
        run__event=Event.CLIENT,
        run__finished_at__isnull=True,
        state__in=_NOT_ASKED,
    )
    if (found := mine.order_by("pk").last()) is not None:
        found.label, found.state, found.run_after = label, StepState.PENDING, start
        found.attempts, found.problem, found.cause, found.first_tried_at = 0, "", "", None
        found.save(
            update_fields=[
                "label", "state", "run_after", "attempts", "problem", "cause", "first_tried_at",
            ]
        )  # fmt: skip
        return found
    lane, _ = Lane.objects.get_or_create(vendor=None)
    run = Run.objects.create(
        tenant_id=subscription.tenant_id,
        subscription=subscription,
        event=Event.CLIENT,
        created_at=now,
        starts_at=start,
    )
    return Step.objects.create(
        tenant_id=run.tenant_id, run=run, lane=lane, position=1, name="client", label=label, run_after=start
    )
