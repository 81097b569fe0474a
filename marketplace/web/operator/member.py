"""One member as its operator sees it: who it is, how it adheres, whom to telephone."""

from datetime import date, timedelta

from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.models import Invoice
from marketplace.web.access import operator_view
from marketplace.web.commune.words import price_in_list
from marketplace.web.formats import day
from marketplace.web.operator.dashboard import subscription_state
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, crumbs
from marketplace.web.operator.members import adhesion_badge, adhesion_dates
from marketplace.web.operator.roles import MONEY_ROLES, TASK_ROLES
from marketplace.web.organisation.seat_words import SeatDoor, seat_moves
from marketplace.web.organisation.words import establishment_facts, identity_facts, population_rows
from subscriptions.operator_queries import open_subscriptions
from tenants.head_offices import moves_of
from tenants.members.card import (
    adhesions_of,
    covered_count,
    establishments_of,
    organisation_of_member,
    people_by_role,
    populations_of,
)
from tenants.models import Adhesion, Organisation, Role
from tenants.people.queries import invitations_of
from tenants.people.roles import is_administered
from tenants.tenancy import tenant_scope


@operator_view(with_members=False)
@require_safe
def member(request, operator, siren):
    """An organisation that adheres, adhered or will adhere to this operator, and its dealings with it."""
    today = localdate(timezone.now())
    may_change = bool(request.roles & TASK_ROLES)
    organisation = member_of(operator, siren)
    adhesions = list(adhesions_of(organisation=organisation, operator=operator))
    door = SeatDoor.of_operator(operator, organisation)
    with tenant_scope([operator.organisation_id, organisation.pk]):
        moves = seat_moves(
            moves_of(organisation=organisation),
            door,
            may_read=may_change or request.reads_only,
            may_change=may_change,
        )
        subscriptions = open_subscriptions(operator=operator, organisation=organisation, on=today)
        invoices = (
            Invoice.objects.issued().invoices().of_operator(operator).filter(tenant=organisation).count()
        )
        invited = [
            {"email": invitation.email, "until": day(invitation.expires_at)}
            for invitation in invitations_of(organisation=organisation)
            if may_change and invitation.is_open(now=timezone.now())
        ]
    context = {
        "operator": operator,
        "organisation": organisation,
        "crumbs": member_crumbs(operator, (organisation.name, "")),
        "kind": capitalised(organisation.get_kind_display()),
        "identity": identity_facts(organisation),
        "establishments": [
            establishment_facts(place) for place in establishments_of(organisation=organisation)
        ],
        "seat_moves": moves,
        "seat_url": door.url() if may_change else "",
        "sign_in_url": reverse("operator_member_sign_in", args=[operator.slug, organisation.siren])
        if request.roles & {Role.OPERATOR_ADMIN, Role.AUDITOR}
        else "",
        "populations": population_rows(populations_of(organisation=organisation, on=today)),
        "adhesions": [
            _adhesion(operator, organisation, adhesion, today, may_change=may_change)
            for adhesion in adhesions
        ],
        "may_rejoin": may_change and not any(_own_to_come(organisation, one, today) for one in adhesions),
        "people": people_by_role(organisation=organisation),
        "invite_url": reverse("operator_member_invite", args=[operator.slug, organisation.siren])
        if may_change and not is_administered(organisation)
        else "",
        "invited": invited,
        "subscriptions": [
            {
                "service": subscription.service_name,
                "state": shown["badge"],
                "label": shown["state"],
                "price": price_in_list(subscription),
            }
            for subscription in subscriptions
            for shown in [subscription_state(subscription)]
        ],
        "invoices": counted(invoices, "facture émise", "factures émises") if invoices else "",
        "invoices_url": _invoices_url(request, operator, organisation),
    }
    return render(request, "operator/member.html", context)


def member_of(operator, siren: str) -> Organisation:
    """The organisation of a member's page. 404 for one that never adhered."""
    organisation = organisation_of_member(operator=operator, siren=siren)
    if organisation is None:
        raise Http404
    return organisation


def member_crumbs(operator, *items: tuple[str, str]) -> list[dict]:
    """Operator, its members, then `items`."""
    return crumbs(operator, ("Adhérents", reverse("operator_members", args=[operator.slug])), *items)


def _own_to_come(organisation: Organisation, adhesion: Adhesion, today: date) -> bool:
    """An adhesion of its own that lasts, or is to come: no other is to be recorded."""
    own = adhesion.organisation_id == organisation.pk
    return own and (adhesion.until is None or adhesion.since > today)


def _adhesion(operator, organisation, adhesion: Adhesion, today: date, *, may_change: bool) -> dict:
    own = adhesion.organisation_id == organisation.pk
    facts = []
    if adhesion.college:
        facts.append({"label": "Collège", "value": adhesion.college.name})
    if adhesion.deliberation_number or adhesion.deliberation_date:
        facts.append({"label": "Délibération", "value": deliberation(adhesion)})
    if adhesion.covers_communes and own:
        covered = covered_count(adhesion=adhesion)
        note = "Celles que Halle connaît."
        facts.append({"label": "Vaut pour ses communes", "value": counted(covered, "commune"), "note": note})
    if adhesion.withdrawal_on:
        number = f", délibération {adhesion.withdrawal_number}" if adhesion.withdrawal_number else ""
        facts.append({"label": "Retrait", "value": f"reçu le {day(adhesion.withdrawal_on)}{number}"})
    address = [operator.slug, organisation.siren, adhesion.pk]
    ending = adhesion.until is not None
    return {
        "title": capitalised(adhesion_dates(adhesion)),
        "by": "" if own else adhesion.organisation.name,
        "badge": adhesion_badge(adhesion, today),
        "facts": facts,
        "amend_url": reverse("operator_member_amend", args=address) if own and may_change else "",
        "withdraw_url": reverse("operator_member_withdraw", args=address)
        if own and may_change and not ending and adhesion.since <= today
        else "",
        "cancel_url": reverse("operator_member_stay", args=address)
        if own and may_change and adhesion.withdrawal_on and adhesion.until > today
        else "",
        "last_day": day(adhesion.until - timedelta(days=1)) if ending else "",
    }


def deliberation(adhesion: Adhesion) -> str:
    """ "n° 2026-014 du 3 mars 2026", what is known of it."""
    number = f"n° {adhesion.deliberation_number}" if adhesion.deliberation_number else ""
    taken = f"du {day(adhesion.deliberation_date)}" if adhesion.deliberation_date else ""
    return f"{number} {taken}".strip()


def _invoices_url(request, operator, organisation: Organisation) -> str:
    if not request.roles & (MONEY_ROLES | {Role.AUDITOR}):
        return ""
    return f"{reverse('operator_invoices', args=[operator.slug])}?q={organisation.siren}"
