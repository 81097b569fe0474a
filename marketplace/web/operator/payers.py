"""Who pays what for whom among an operator's members: read, proposed, ended."""

from functools import partial

from django.core.paginator import Page
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_POST, require_safe

from billing.payers import yearly_parts
from marketplace.web.access import operator_view
from marketplace.web.commune.words import is_taxed
from marketplace.web.csv import csv_response
from marketplace.web.formats import moment, net
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import chosen, crumbs, searched_list, typed
from marketplace.web.operator.payers_csv import CSV_COLUMNS, csv_row
from marketplace.web.operator.roles import MONEY_ROLES
from marketplace.web.payers.pages import (
    convention_page,
    may_read_and_send,
    propose_page,
    stop_page,
    take_back,
)
from marketplace.web.payers.words import parts, said
from subscriptions.models import PayerShare, ShareSide, ShareState, Subscription
from subscriptions.payer_queries import (
    all_operator_shares,
    binding_by_subscription,
    in_force,
    matching_shares,
    moves_of,
    operator_shares,
    shares_of,
)
from subscriptions.paying import proposed_by
from tenants.models import Operator
from tenants.spreadsheets.writing import csv_bytes

TITLE = "Qui paie pour d’autres"
TABS = {
    "toutes": "Toutes",
    "a-repondre": "Sans réponse",
    "en-cours": "En cours",
    "a-venir": "À venir",
    "finies": "Finies ou refusées",
}


@operator_view()
@require_safe
def share_list(request, operator):
    """Each part of a member's subscription that another one pays, or is asked to."""
    today = localdate(timezone.now())
    frame, found = searched_list(
        request,
        operator,
        partial(operator_shares, on=today),
        title=TITLE,
        noun="part",
        labels=TABS,
    )
    csv_url = f"{reverse('operator_payers_csv', args=[operator.slug])}?{frame['rest']}"
    context = frame | {"rows": _rows(operator, found.page, today), "csv_url": csv_url.rstrip("?&")}
    return render(request, "operator/payers.html", context)


@operator_view()
@require_safe
def shares_csv(request, operator):
    """The same parts, all of them: UTF-8, semicolons, days as DD/MM/YYYY, amounts in euros net of tax."""
    today = localdate(timezone.now())
    shares = list(
        all_operator_shares(operator=operator, search=typed(request), group=chosen(request, TABS), on=today)
    )
    yearly = _yearly(shares, today)
    return csv_response(
        content=csv_bytes(CSV_COLUMNS, (csv_row(share, yearly.get(share.pk)) for share in shares)),
        filename=f"payeurs-{operator.slug}-{today}.csv",
    )


@operator_view()
@require_safe
def subscription(request, operator, public_id):
    """Who pays one subscription: today's parts, then all that was asked."""
    return _subscription_page(request, operator, _subscription(operator, public_id))


def _subscription_page(request, operator: Operator, found: Subscription):
    today = localdate(timezone.now())
    shares = list(shares_of(found).select_related("payer", "key", "subscription__tenant"))
    may_propose = request.roles & MONEY_ROLES and found.is_open
    context = {
        "crumbs": _trail(operator, (found.service_name, "")),
        "subscription": found,
        "parts": parts(found, in_force(shares, on=today)),
        "yearly": net(found.yearly_cents, taxed=is_taxed(found)),
        "rows": [_row(operator, share) for share in shares],
        "new_url": reverse("operator_payer_new", args=[operator.slug, found.public_id])
        if may_propose
        else "",
    }
    return render(request, "operator/subscription_payers.html", context)


@operator_view(*MONEY_ROLES)
@may_read_and_send
def new(request, operator, public_id):
    """Asks another member (a region, a department) to pay a part of a member's subscription."""
    found = _subscription(operator, public_id)
    if not found.is_open:
        raise Http404
    if request.reads_only:
        return _subscription_page(request, operator, found)
    back = _subscription_url(operator, found)
    return propose_page(
        request,
        found,
        side=ShareSide.OPERATOR,
        crumbs=_trail(operator, (found.tenant.name, back), ("Proposer une part", "")),
        back=back,
        consequences=[
            "La collectivité que vous nommez reçoit la proposition et la convention. L’abonné, "
            f"{found.tenant.name}, en est prévenu.",
            "Rien n’est dû tant que le signataire du payeur n’a pas accepté.",
            "Le payeur recevra ensuite sa propre facture, avec son calcul ; l’abonné paie le reste.",
        ],
    )


@operator_view()
@require_safe
def share(request, operator, share):
    """One part: what it is, what it rests on, and what happened to it."""
    return _share_page(request, operator, _share(operator, share))


def _share_page(request, operator: Operator, found: PayerShare):
    today = localdate(timezone.now())
    acts = bool(request.roles & MONEY_ROLES)
    address = [operator.slug, found.public_id]
    running = found.state == ShareState.AGREED and not found.is_over(on=today)
    waits = found.state == ShareState.PROPOSED
    moves = list(moves_of(found))
    words = said(found)
    context = {
        "crumbs": _trail(
            operator,
            (found.tenant.name, _subscription_url(operator, found.subscription)),
            (found.payer.name, ""),
        ),
        "share": found,
        "badge": words["badge"],
        "facts": _facts(found, words, yearly=_yearly([found], today).get(found.pk)),
        "moves": [
            {
                "label": f"{capitalised(move.get_after_display())} par {move.get_side_display()}",
                "when": f"le {moment(move.at)}",
                "who": str(move.by) if move.by else "Recalcul annuel",
                "reason": move.reason,
            }
            for move in moves
        ],
        "convention_url": reverse("operator_payer_convention", args=address),
        "stop_url": reverse("operator_payer_stop", args=address) if acts and running else "",
        "withdraw_url": reverse("operator_payer_withdraw", args=address)
        if acts and waits and proposed_by(found, ShareSide.OPERATOR)
        else "",
    }
    return render(request, "operator/payer_share.html", context)


@operator_view(*MONEY_ROLES)
@require_POST
def withdraw(request, operator, share):
    """Takes back a proposal that the operator made."""
    found = _share(operator, share)
    return take_back(request, found, side=ShareSide.OPERATOR, back=_share_url(operator, found))


@operator_view(*MONEY_ROLES)
@may_read_and_send
def stop(request, operator, share):
    """Ends an agreed part before its term; both collectivities are told."""
    found = _share(operator, share)
    if request.reads_only:
        return _share_page(request, operator, found)
    back = _share_url(operator, found)
    trail = _trail(operator, (found.payer.name, back), ("Arrêter", ""))
    return stop_page(request, found, side=ShareSide.OPERATOR, crumbs=trail, back=back)


@operator_view()
@require_safe
def convention(request, operator, share):
    """The convention that a part rests on."""
    found = _share(operator, share)
    return convention_page(request, found, back=_share_url(operator, found))


def _subscription(operator: Operator, public_id) -> Subscription:
    rows = Subscription.objects.filter(operator=operator).select_related("tenant", "operator")
    return get_object_or_404(rows, public_id=public_id)


def _share(operator: Operator, public_id) -> PayerShare:
    rows = matching_shares(operator=operator).select_related(
        "payer", "key", "tenant", "subscription__tenant", "subscription__operator"
    )
    return get_object_or_404(rows, public_id=public_id)


def _yearly(shares: list[PayerShare], today) -> dict[int, int]:
    """By share id, for those paid today: what a year comes to at today's parts, in cents net of tax."""
    running = in_force(shares, on=today)
    paid = binding_by_subscription({one.subscription_id for one in running}, on=today) if running else {}
    by_subscription = {one.subscription_id: one.subscription for one in running}
    cents = {pk: yearly_parts(by_subscription[pk], paid[pk]) for pk in by_subscription}
    return {one.pk: cents[one.subscription_id].get(one.payer_id, 0) for one in running}


def _rows(operator: Operator, page: Page, today) -> list[dict]:
    shares = list(page)
    yearly = _yearly(shares, today)
    return [
        {
            **_row(operator, one),
            "subscriber": one.subscription.tenant.name,
            "subscription_url": _subscription_url(operator, one.subscription),
            "service": one.subscription.service_name,
            "yearly": net(yearly[one.pk], taxed=is_taxed(one.subscription)) if one.pk in yearly else "–",
        }
        for one in shares
    ]


def _row(operator: Operator, one: PayerShare) -> dict:
    return {**said(one), "payer": one.payer.name, "url": _share_url(operator, one)}


def _facts(share: PayerShare, words: dict, *, yearly: int | None) -> list[dict]:
    facts = [
        {"label": "Payeur", "value": share.payer.name},
        {"label": "Abonné", "value": share.tenant.name, "note": share.subscription.service_name},
        {"label": words["kind"], "value": words["words"], "note": words["when"]},
        {"label": "Convention", "value": words["convention"], "note": f"du {words['convention_date']}"},
    ]
    if yearly is not None:
        facts.append(
            {
                "label": "Par an, aux parts d’aujourd’hui",
                "value": net(yearly, taxed=is_taxed(share.subscription)),
            }
        )
    if share.commitment_number:
        facts.append({"label": "Engagement du payeur", "value": share.commitment_number})
    if share.service_code:
        facts.append({"label": "Code service du payeur", "value": share.service_code})
    return facts


def _subscription_url(operator: Operator, found: Subscription) -> str:
    return reverse("operator_subscription_payers", args=[operator.slug, found.public_id])


def _share_url(operator: Operator, found: PayerShare) -> str:
    return reverse("operator_payer_share", args=[operator.slug, found.public_id])


def _trail(operator: Operator, *items: tuple[str, str]) -> list[dict]:
    return crumbs(operator, (TITLE, reverse("operator_payers", args=[operator.slug])), *items)
