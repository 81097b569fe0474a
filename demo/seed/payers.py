"""Who pays beside the subscriber: another member pays a part of a service for the main commune, and one is
asked to by their operator; the main commune does the same for its neighbour, which asks it itself."""

from datetime import date
from decimal import Decimal
from random import Random
from uuid import UUID

from demo.seed.bills import jobs_forgotten
from demo.seed.decisions import act_pdf
from demo.seed.letters import send_later
from demo.seed.members import MAIN, SECOND
from demo.seed.moments import at
from demo.seed.people import holders
from demo.seed.states import RECENT
from subscriptions import paying
from subscriptions.models import PayerShare, ShareKind, ShareSide, State, Subscription
from subscriptions.paying import Convention, Terms
from tenants.members.adhesions import members_of
from tenants.models import Organisation, Role, User

FROM = date(2028, 1, 1)  # beyond all that is billed
SIGNED = date(2026, 10, 5)


def make_payers(*, rng: Random) -> None:
    """A part that is agreed to, and one that waits for its answer, of two services of each."""
    main, second = (Organisation.objects.get(territory__code=code) for code in (MAIN, SECOND))
    signatories, finance = holders(Role.SIGNATORY), holders(Role.OPERATOR_FINANCE)
    with jobs_forgotten():
        for subscriber, payer in ((main, None), (second, main)):
            open_ones = Subscription.objects.filter(tenant=subscriber, state=State.ACTIVE)
            agreed, asked = open_ones.select_related("tenant", "operator").order_by("pk")[:2]
            if payer:  # each of the two operators has one that runs
                agreed, asked = asked, agreed
            own = ShareSide.SUBSCRIBER, signatories[subscriber.pk]
            share = _ask(agreed, payer or _other_member(agreed, signatories), Decimal(40), *own, rng)
            paying.agree(share=share, by=signatories[share.payer_id], now=at(RECENT, 15))
            their_operator = ShareSide.OPERATOR, finance[asked.operator.organisation_id]
            asking = own if payer else their_operator
            _ask(asked, payer or _other_member(asked, signatories), Decimal("33.33"), *asking, rng)
    send_later(kind="payer-share")


def _other_member(subscription: Subscription, signatories: dict) -> Organisation:
    members = members_of(operator=subscription.operator, on=RECENT).filter(pk__in=signatories)
    return members.exclude(pk=subscription.tenant_id).order_by("plain_name", "pk")[0]


def _ask(
    subscription: Subscription,
    payer: Organisation,
    percent: Decimal,
    side: ShareSide,
    by: User,
    rng: Random,
) -> PayerShare:
    number = f"CONV-{SIGNED:%Y}-{subscription.pk}"
    file = act_pdf(
        organisation=subscription.tenant.name,
        number=number,
        day=SIGNED,
        subject=f"prise en charge d’une part de {subscription.service_name}",
    )
    return paying.propose(
        subscription=subscription,
        payer=payer,
        kind=ShareKind.SPONSORSHIP,
        terms=Terms(percent, None, FROM, None),
        convention=Convention(number, SIGNED, file),
        side=side,
        by=by,
        public_id=UUID(int=rng.getrandbits(128), version=4),
        now=at(RECENT, 10),
    )
