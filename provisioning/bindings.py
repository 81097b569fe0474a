"""The rows of credentials: before the vendor is asked for them, and after."""

from datetime import datetime

from django.db.models import QuerySet

from provisioning.connectors.outcomes import Credentials
from provisioning.models import Binding, BindingKind, Step
from subscriptions.models import Subscription
from tenants.sealing import seal


def live_bindings(subscription: Subscription, *, kind: BindingKind = BindingKind.VENDOR) -> QuerySet[Binding]:
    """What a vendor, or Keycloak, may still hold of a service, whoever subscribed to it first: oldest
    first."""
    mine = Binding.objects.filter(subscription__in=_and_before(subscription), kind=kind)
    return mine.filter(ended_at__isnull=True).order_by("pk")


def _and_before(subscription: Subscription) -> list[int]:
    """Its id and those of the subscriptions that had the same instance before it, as far as the scope goes:
    another organisation's are seen by the worker only."""
    ids = [subscription.pk]
    found: Subscription | None = subscription
    while found and (before := found.follows_id or found.after_trial_id):
        ids.append(before)
        found = Subscription.objects.filter(pk=before).first()
    return ids


def expect_binding(
    *,
    step: Step,
    replaces: Binding | None = None,
    kind: BindingKind = BindingKind.VENDOR,
    by_saml: bool = False,
) -> Binding:
    """The row of the credentials that `step` will ask for, in the caller's transaction."""
    return Binding.objects.create(
        tenant_id=step.tenant_id,
        subscription=step.run.subscription,
        made_by=step,
        replaces=replaces,
        kind=kind,
        by_saml=by_saml,
    )


def record_binding(*, step: Step, credentials: Credentials | None, now: datetime) -> None:
    """What the end of a step changes of its credentials: they are sealed here, in the transaction that says
    that they were given, or gone. None: given outside Halle, by a person."""
    if step.verb == "bind":
        binding = Binding.objects.get(made_by=step)
        binding.bound_at = now
        if credentials is not None:
            binding.expires_at = credentials.expires_at
            if credentials.values:
                binding.sealed = seal(dict(credentials.values), owner=str(binding.public_id))
        binding.save(update_fields=["bound_at", "expires_at", "sealed"])
    elif step.verb == "unbind":
        Binding.objects.filter(ended_by=step).update(ended_at=now, sealed="")
