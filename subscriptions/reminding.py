"""Reminding whoever holds the step that a request waits for: after a while, then less often, then no more."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Prefetch
from django.utils.timezone import localdate

from subscriptions.chain import waiting_since, waiting_step
from subscriptions.models import Approval, ApprovalState, Party, Reminder, State, Subscription
from tenants import letters
from tenants.days import in_words
from tenants.models import Membership, Role
from tenants.people.telling import people_to_tell

# In days since the step waits. A council meets once a quarter at least (CGCT L2121-7, L5211-11): whoever
# signs for it is told a first time after a month, and last when a quarter is over.
COUNCIL_DAYS = (30, 60, 95)
OTHER_DAYS = (7, 21, 49)
HOLDERS = {Party.MEMBER: Role.SIGNATORY, Party.OPERATOR: Role.CURATOR, Party.VENDOR: Role.VENDOR_ADMIN}


def remind_due(*, on: date, now: datetime) -> int:
    """Writes the reminders that are due that day, for every tenant; how many. May be called any number of
    times: each rank of a step is written once, with its letters, and a day without a run is made up by the
    next. Four queries, and those of each reminder."""
    due = [
        (subscription, step, rank)
        for subscription in _waiting()
        if (step := waiting_step(subscription)) and (rank := _rank(subscription, step, on=on))
    ]
    people = _holders(due) if due else {}
    return sum(
        _remind(subscription, step, rank, people.get((step.party, _place(subscription, step)), []), now)
        for subscription, step, rank in due
    )


def _waiting():
    """Requests that wait for somebody, with all that a letter says."""
    return (
        Subscription.objects.filter(state=State.REQUESTED)
        .select_related(
            "tenant", "operator__organisation", "listing__offer__product__sheet__vendor__organisation"
        )
        .prefetch_related(
            Prefetch("approvals", queryset=Approval.objects.order_by("position")), "approvals__reminders"
        )
        .order_by("pk")
    )


def _rank(subscription: Subscription, step: Approval, *, on: date) -> int:
    """The rank of the reminder that is due, 0 when none is: of several that were missed, the last."""
    by_council = step.party == Party.MEMBER and subscription.deliberation_required
    since = localdate(waiting_since(subscription))
    days = COUNCIL_DAYS if by_council else OTHER_DAYS
    passed = sum(since + timedelta(days=one) <= on for one in days)
    sent = max((reminder.rank for reminder in step.reminders.all()), default=0)
    return passed if passed > sent else 0


def _place(subscription: Subscription, step: Approval) -> int:
    """The organisation that holds a step."""
    return {
        Party.MEMBER: subscription.tenant_id,
        Party.OPERATOR: subscription.operator.organisation_id,
        Party.VENDOR: subscription.listing.sheet.vendor.organisation_id,
    }[Party(step.party)]


def _holders(due) -> dict[tuple[str, int], list[Membership]]:
    """By party and organisation, who may give its word. One query a party."""
    places: dict[str, set[int]] = defaultdict(set)
    for subscription, step, _ in due:
        places[step.party].add(_place(subscription, step))
    found = defaultdict(list)
    for party, organisations in places.items():
        for mandate in people_to_tell(organisations=organisations, roles=[HOLDERS[Party(party)]]):
            found[party, mandate.organisation_id].append(mandate)
    return found


@transaction.atomic
def _remind(subscription, step: Approval, rank: int, mandates: list[Membership], now: datetime) -> bool:
    """Writes one reminder and its letters, both or neither, unless the step was decided or reminded of
    meanwhile. Whoever asked is not told to decide where another person must."""
    told = [
        mandate
        for mandate in mandates
        if not (subscription.separate_approver and mandate.user_id == subscription.requested_by_id)
    ]
    Subscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
    still = Approval.objects.filter(
        pk=step.pk, state=ApprovalState.WAITING, subscription__state=State.REQUESTED
    )
    if not told or not still.exclude(reminders__rank__gte=rank).exists():
        return False
    Reminder.objects.create(tenant=subscription.tenant, approval=step, rank=rank, at=now, people=len(told))
    since = in_words(localdate(waiting_since(subscription)))
    for mandate in told:
        letters.write(
            tenant=mandate.organisation,
            key=f"approval:{step.pk}:reminder:{rank}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"À décider : {subscription.service_name} – {subscription.tenant.name}",
            body=BODY.format(
                service=subscription.service_name,
                member=subscription.tenant.name,
                asked=in_words(localdate(subscription.requested_at)),
                what=WHAT[Party(step.party)],
                since=since,
                contact=subscription.operator.contact_email,
            ),
            now=now,
        )
    return True


WHAT = {
    Party.MEMBER: "la décision de votre collectivité",
    Party.OPERATOR: "l’accord de l’opérateur",
    Party.VENDOR: "l’accord de l’éditeur",
}
BODY = """\
Bonjour,

« {service} », demandé pour {member} le {asked}, attend {what} depuis le {since}.

Approuvez ou refusez sur la page de la demande, dans Halle. Une fois la décision prise, vous ne recevrez
plus de rappel.

Une question ? {contact}
"""
