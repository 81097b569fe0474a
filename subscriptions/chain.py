"""The chain of approvals of a request: the member's decision, then the operator and the vendor where its
purchasing vehicle asks for them. Steps and their order; what each step decides is in `approving` and
`operations.approve`."""

from datetime import datetime

from django.db import connection, transaction
from django.utils.timezone import localdate

from subscriptions.exceptions import NotYourTurn, OrganisationClosed, SamePerson, WrongState
from subscriptions.models import (
    APPROVAL_MOVES,
    Approval,
    ApprovalState,
    Party,
    PurchasingVehicle,
    State,
    Subscription,
    VendorAccess,
)
from tenants.models import Organisation, User
from tenants.tenancy import tenant_scope


def parties_of(vehicle: PurchasingVehicle) -> list[Party]:
    """Who must agree to a request under this vehicle, in order."""
    asked = [Party.MEMBER]
    if vehicle.operator_approves:
        asked.append(Party.OPERATOR)
    if vehicle.vendor_approves:
        asked.append(Party.VENDOR)
    return asked


def write_chain(*, subscription: Subscription) -> None:
    """Writes the steps of a new request, in the caller's transaction, and lets its vendor read it."""
    Approval.objects.bulk_create(
        Approval(tenant=subscription.tenant, subscription=subscription, position=position, party=party)
        for position, party in enumerate(parties_of(subscription.vehicle), start=1)
    )
    show_to_vendor(subscription=subscription)


def show_to_vendor(*, subscription: Subscription) -> None:
    """From now on the vendor's pages may open this subscription.

    The listing is held, by as many as ask for it at once: a transfer of its contracts to another vendor is
    wholly before, and the vendor is the new one, or wholly after, and takes this subscription along.
    """
    with connection.cursor() as cursor:
        # Weaker than what Django offers. The foreign key takes the same lock, but at the commit only.
        cursor.execute("SELECT FROM catalog_listing WHERE id = %s FOR KEY SHARE", [subscription.listing_id])
    vendor = Organisation.objects.get(vendor__sheets__product__stockrecords__listings=subscription.listing_id)
    with tenant_scope([vendor.pk]):
        VendorAccess.objects.create(
            tenant=vendor, subscription=subscription, subscriber_id=subscription.tenant_id
        )


def waiting_step(subscription: Subscription) -> Approval | None:
    """The step that a request waits for, None when it waits for none. Prefetched `approvals` are used."""
    if subscription.state != State.REQUESTED:
        return None
    steps = sorted(subscription.approvals.all(), key=lambda step: step.position)
    return next((step for step in steps if step.state == ApprovalState.WAITING), None)


def waiting_since(subscription: Subscription) -> datetime:
    """Since when a request waits for its step: the word before it, or the request itself. Prefetched
    `approvals` are used."""
    given = [step.at for step in subscription.approvals.all() if step.state == ApprovalState.GIVEN]
    return max(given, default=subscription.requested_at)


def waits_for(subscription: Subscription, party: Party) -> bool:
    """Whether it is this party's turn."""
    step = waiting_step(subscription)
    return step is not None and step.party == party


@transaction.atomic
def decide(
    *,
    subscription: Subscription,
    party: Party,
    to: ApprovalState,
    by: User,
    now: datetime,
    reason: str = "",
) -> bool:
    """Moves this party's step, when it is its turn; whether every step is given now.

    The request is locked first, so that it cannot be taken back meanwhile; the step is changed by a
    conditional UPDATE whose row count is read. `subscription.state` is read again.

    Raises WrongState when the request is decided or the step is, NotYourTurn when an earlier one waits,
    OrganisationClosed where nobody is left to agree for, and SamePerson for whoever asked or has agreed
    already, where another person must.
    """
    locked = Subscription.objects.select_for_update(of=("self",), no_key=True).get(pk=subscription.pk)
    subscription.state = locked.state
    if party == Party.VENDOR and not VendorAccess.objects.filter(subscription=locked).exists():
        # The scope was the vendor's of a moment ago: its contracts have just been taken over by another.
        raise WrongState("Impossible : ce contrat vient de passer à un autre éditeur.")
    if to == ApprovalState.GIVEN and subscription.tenant.is_closed(on=localdate(now)):
        raise OrganisationClosed
    if locked.state != State.REQUESTED:
        raise WrongState(f"Impossible : cet abonnement est « {locked.get_state_display()} ».")
    steps = list(Approval.objects.filter(subscription=locked).order_by("position"))
    mine = next((step for step in steps if step.party == party), None)
    if mine is None or (mine.state, to) not in APPROVAL_MOVES:
        raise WrongState("Impossible : cette approbation est déjà donnée, ou n’est pas demandée.")
    before = [step for step in steps if step.position < mine.position]
    if any(step.state != ApprovalState.GIVEN for step in before):
        raise NotYourTurn
    others = {locked.requested_by_id, *(step.by_id for step in before)}
    if to == ApprovalState.GIVEN and locked.separate_approver and by.pk in others:
        raise SamePerson
    changed = Approval.objects.filter(pk=mine.pk, state=mine.state).update(
        state=to, by=by, at=now, reason=reason
    )
    if changed != 1:
        raise WrongState("Cet abonnement vient d’être modifié par quelqu’un d’autre. Rechargez la page.")
    return to == ApprovalState.GIVEN and mine is steps[-1]
