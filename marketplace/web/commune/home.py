"""The first page of a member: what is open, what is under way, what waits for the person who reads."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.queries import invoices_of_member
from marketplace.web.access import member_view
from marketplace.web.commune.agents.reviews import review_to_do
from marketplace.web.commune.help import helpers
from marketplace.web.commune.opinion import opinion_url
from marketplace.web.commune.timeline import BLOCKED_BADGE, OPENING
from marketplace.web.commune.words import payment_badge, state_badge, yearly_price
from marketplace.web.formats import day, format_cents
from provisioning.queries import blocked_openings
from subscriptions.chain import waits_for
from subscriptions.models import RUNNING, Party, State, Subscription
from subscriptions.payer_queries import to_answer
from subscriptions.queries import subscriptions_of_member
from tenants.members.adhesions import operators_of
from tenants.models import Operator, Organisation, Role

LAST_INVOICES = 3
UNDER_WAY = (State.REQUESTED, State.APPROVED, State.PROVISIONING, State.TERMINATING)


@member_view()
@require_safe
def home(request, organisation):
    """ "Mes services". Open subscriptions are few: one per service at most, so none is left out."""
    today = localdate(timezone.now())
    rows = list(subscriptions_of_member(organisation=organisation, on=today).open())
    to_approve = [row for row in rows if may_approve(request, row)]
    blocked = blocked_openings(row for row in rows if row.state in OPENING)
    operators = list(operators_of(organisation=organisation, on=today).order_by("short_name", "pk"))
    context = {
        "organisation": organisation,
        "to_approve": [_waiting(row, organisation) for row in to_approve],
        "shares_to_answer": [
            {
                "service": share.subscription.service_name,
                "subscriber": share.subscription.tenant.name,
                "url": reverse("member_share_agree", args=[organisation.siren, share.public_id]),
            }
            for share in (to_answer(organisation) if Role.SIGNATORY in request.roles else ())
        ],
        "todo": review_to_do(request, organisation),
        "open_services": [
            {**_open(row, organisation), "opinion_url": opinion_url(request, row, organisation)}
            for row in rows
            if row.state in RUNNING
        ],
        "under_way": [
            _under_way(row, organisation, blocked=row.pk in blocked)
            for row in rows
            if row.state in UNDER_WAY and row not in to_approve
        ],
        "invoices": [
            {
                "number": invoice.number,
                "url": reverse("member_invoice", args=[organisation.siren, invoice.public_id]),
                "operator": invoice.operator.short_name,
                "date": day(invoice.issue_date),
                "gross": format_cents(invoice.gross_cents * invoice.sign),
                "badge": payment_badge(invoice, today=today),
            }
            for invoice in invoices_of_member(organisation=organisation)[:LAST_INVOICES]
        ],
        "operators": [
            {"name": operator.short_name, "url": storefront_url(operator, organisation)}
            for operator in operators
        ],
        "helpers": helpers(request, organisation, operators),
        "may_request": Role.SECRETARY in request.roles,
        "subscriptions_url": reverse("member_subscriptions", args=[organisation.siren]),
        "invoices_url": reverse("member_invoices", args=[organisation.siren]),
    }
    return render(request, "commune/home.html", context)


def may_approve(request, subscription: Subscription) -> bool:
    """Whether this person can approve this request: she signs, and did not ask for it herself where
    another person must."""
    return (
        Role.SIGNATORY in request.roles
        and waits_for(subscription, Party.MEMBER)
        and not (subscription.separate_approver and subscription.requested_by_id == request.user.pk)
    )


def storefront_url(operator: Operator, organisation: Organisation) -> str:
    """An operator's shelf, priced for the organisation's commune when it is one."""
    url = reverse("storefront", args=[operator.slug])
    territory = organisation.territory
    return f"{url}?insee={territory.code}" if territory and territory.kind == "commune" else url


def _url(row: Subscription, organisation: Organisation) -> str:
    return reverse("member_subscription", args=[organisation.siren, row.public_id])


def _waiting(row: Subscription, organisation: Organisation) -> dict:
    return {
        "name": row.service_name,
        "url": _url(row, organisation),
        "by": str(row.requested_by),
        "at": day(row.requested_at),
        "operator": row.operator.short_name,
        "price": yearly_price(row),
    }


def _open(row: Subscription, organisation: Organisation) -> dict:
    sheet = row.listing.shown
    return {
        "name": row.service_name,
        "url": _url(row, organisation),
        "service_url": row.service_url if row.state == State.ACTIVE else "",
        "icon": sheet.family,
        "family": sheet.get_family_display(),
        "operator": row.operator.short_name,
        "since": day(row.active_from),
        "suspended": row.state == State.SUSPENDED,
        "is_trial": row.is_trial,
        "badge": state_badge(row),
    }


def _under_way(row: Subscription, organisation: Organisation, *, blocked: bool) -> dict:
    return {
        "name": row.service_name,
        "url": _url(row, organisation),
        "badge": BLOCKED_BADGE if blocked else state_badge(row),
        "note": f"{row.operator.short_name} en est averti : vous n’avez rien à faire." if blocked else "",
        "by": str(row.requested_by),
        "at": day(row.requested_at),
        "operator": row.operator.short_name,
    }
