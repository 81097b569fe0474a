"""Credentials as people meet them: shown once, to an administrator of the organisation, and renewed."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from provisioning.bindings import live_bindings
from provisioning.clients import BY_SAML
from provisioning.models import Binding, BindingKind, Event, Run, Step, StepState
from subscriptions.exceptions import WrongState
from subscriptions.models import RUNNING, Subscription
from tenants import audit
from tenants.models import User
from tenants.sealing import unseal


@dataclass(frozen=True)
class Access:
    """What may be said of a service's credentials, without their content. `binding`: the latest that the
    vendor gave, None before. `waits`: some are asked for and have not come; `needs_person`: nor will they by
    themselves. `old`: those that still work beside it, with the day when they are taken back, if it is
    planned."""

    binding: Binding | None
    waits: bool
    needs_person: bool
    old_until: datetime | None

    @property
    def can_be_shown(self) -> bool:
        """Given, and nobody has seen it."""
        return self.binding is not None and bool(self.binding.sealed)


def access_of(subscription: Subscription) -> Access | None:
    """The credentials of an open service; None when it has none. One or three queries."""
    if subscription.state not in RUNNING:
        return None
    endpoint = getattr(subscription.listing.offer, "endpoint", None)
    if endpoint is None or not endpoint.binds:
        return None
    live = list(
        live_bindings(subscription)
        .filter(tenant=subscription.tenant_id)
        .select_related("made_by", "ended_by", "shown_by")
    )
    given = [one for one in live if one.bound_at]
    expected = [one.made_by for one in live if not one.bound_at]
    leaving = [one.ended_by for one in given[:-1] if one.ended_by]
    return Access(
        binding=given[-1] if given else None,
        waits=bool(expected),
        needs_person=any(step.state == StepState.NEEDS_PERSON for step in expected),
        old_until=_until(leaving),
    )


def _until(steps: list[Step]) -> datetime | None:
    due = [step.run_after for step in steps if step.state != StepState.LATER]
    return max(due) if due else None


def rotation_under_way(subscription: Subscription) -> bool:
    """Whether new credentials are asked for, or old ones still to be taken back. One query."""
    return Run.objects.filter(
        subscription=subscription, tenant_id=subscription.tenant_id, event=Event.ROTATE, finished_at=None
    ).exists()


@transaction.atomic
def reveal(
    *, subscription: Subscription, by: User, now: datetime, kind: BindingKind = BindingKind.VENDOR
) -> dict:
    """The latest credentials of an open service, this once: Halle keeps them no longer. Recorded. `kind`:
    those to the service, or those by which it signs people in.

    Raises WrongState when there is nothing to show (any more).
    """
    if subscription.state not in RUNNING:
        raise WrongState("Ce service n’est plus ouvert : ses identifiants ne s’affichent plus.")
    latest = live_bindings(subscription, kind=kind).filter(
        tenant=subscription.tenant_id, bound_at__isnull=False
    )
    binding = latest.select_for_update(of=("self",), no_key=True).last()
    if binding is not None and binding.by_saml:
        raise WrongState(BY_SAML)
    if binding is None or not binding.sealed:
        raise WrongState(
            "Ces identifiants ont déjà été affichés. S’ils sont perdus, demandez-en de nouveaux ici."
        )
    values = unseal(binding.sealed, owner=str(binding.public_id))
    binding.sealed, binding.shown_at, binding.shown_by = "", now, by
    binding.save(update_fields=["sealed", "shown_at", "shown_by"])
    what = {
        BindingKind.VENDOR: "les identifiants d’accès au",
        BindingKind.CLIENT: "le secret de connexion du",
    }
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what="provisioning.credentials_shown",
        sentence=f"{{actor}} a affiché {what[kind]} service {subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
    )
    return values
