"""The list of an operator's members: searched, filtered, leafed through, exported."""

from datetime import date, timedelta

from django.core.paginator import Paginator
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response
from marketplace.web.formats import day
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, crumbs, rest_of_address, typed
from marketplace.web.operator.member_forms import MemberFilterForm, filters_of
from marketplace.web.operator.roles import TASK_ROLES
from tenants.identifiers import grouped
from tenants.members.listing import IN_FORCE, PAGE_SIZE, MemberFilters, member_page, member_rows
from tenants.models import College, Organisation, Role
from tenants.spreadsheets.writing import csv_bytes, safe_cell

CSV_COLUMNS = (
    "Nom",
    "SIREN",
    "Nature",
    "Département",
    "Collège",
    "Adhère depuis le",
    "Jusqu’au (inclus)",
    "Couverte par",
    "Numéro de la délibération",
    "Date de la délibération",
)


@operator_view(with_members=False)
@require_safe
def member_list(request, operator):
    """Members of the day by name, and the communes that an intercommunality's adhesion covers."""
    today = localdate(timezone.now())
    filters, colleges = _asked(request, operator)
    found = member_page(operator=operator, filters=filters, on=today, number=_number(request))
    rest = _rest(filters)
    searching = filters != MemberFilters()
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Adhérents", "")),
        "actions": _actions(request, operator),
        "form": MemberFilterForm(filters, colleges),
        "page": Paginator(range(found.count), PAGE_SIZE).page(found.number),
        "rest": rest,
        "total": counted(found.count, "organisation"),
        "filtered": searching,
        "csv_url": f"{reverse('operator_members_csv', args=[operator.slug])}?{rest}".rstrip("?&"),
        "rows": [_row(operator, member, today) for member in found.members],
    }
    return render(request, "operator/members.html", context)


@operator_view(with_members=False)
@require_safe
def members_csv(request, operator):
    """The same members, all of them.

    UTF-8 with a byte order mark, semicolons, lines ended by CRLF; days as DD/MM/YYYY, the last day of an
    adhesion counted in. A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    today = localdate(timezone.now())
    filters, _ = _asked(request, operator)
    members = member_rows(operator=operator, filters=filters, on=today)
    return csv_response(
        content=csv_bytes(CSV_COLUMNS, (_csv_row(member) for member in members)),
        filename=f"adherents-{operator.slug}-{today}.csv",
    )


def adhesion_badge(adhesion, today: date) -> dict:
    """Where an adhesion is on that day, for components/badge.html."""
    if adhesion.since > today:
        return {"state": "neutral", "label": "À venir"}
    if adhesion.until is None:
        return {"state": "success", "label": "En cours"}
    if adhesion.until <= today:
        return {"state": "neutral", "label": "Terminée"}
    return {"state": "warning", "label": "Retrait demandé" if adhesion.withdrawal_on else "Bientôt terminée"}


def adhesion_dates(adhesion) -> str:
    """ "depuis le 1er janvier 2025", "du 1er janvier 2020 au 31 décembre 2024": the last day counted in."""
    if adhesion.until is None:
        return f"depuis le {day(adhesion.since)}"
    return f"du {day(adhesion.since)} au {day(adhesion.until - timedelta(days=1))}"


def place_of(organisation: Organisation) -> str:
    """ "Ille-et-Vilaine (35)", or where its letters go."""
    territory = organisation.territory
    if territory and territory.departement:
        return f"{territory.departement_name} ({territory.departement})"
    return f"{organisation.postcode} {organisation.city}".strip()


def _asked(request, operator) -> tuple[MemberFilters, list[College]]:
    colleges = list(College.objects.filter(operator=operator).order_by("name", "pk"))
    return filters_of(request, colleges, typed(request)), colleges


def _number(request) -> int:
    """The page of the address, 1 when it is none. Few digits: PostgreSQL's numbers have an end."""
    number = request.GET.get("page", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 1


def _rest(filters: MemberFilters) -> str:
    return rest_of_address(
        q=filters.search,
        etat="" if filters.state == IN_FORCE else filters.state,
        college=filters.college,
        kind=filters.kind,
        departement=filters.departement,
    )


def _actions(request, operator) -> list[dict]:
    imports = {
        "label": "Importer une liste",
        "url": reverse("operator_member_imports", args=[operator.slug]),
        "style": "secondary",
    }
    if not request.roles & TASK_ROLES:
        return [imports] if Role.AUDITOR in request.roles else []
    url = reverse("operator_member_new", args=[operator.slug])
    return [{"label": "Ajouter un adhérent", "url": url, "style": "primary"}, imports]


def _row(operator, member: Organisation, today: date) -> dict:
    own = member.own
    college = own.college if own else None
    return {
        "name": member.name,
        "url": reverse("operator_member", args=[operator.slug, member.siren]),
        "siren": grouped(member.siren),
        "kind": capitalised(member.get_kind_display()),
        "place": place_of(member),
        "college": college.name if college else "—",
        "since": capitalised(adhesion_dates(own)) if own else f"Par {member.covering}",
        "badge": adhesion_badge(own, today) if own else {"state": "info", "label": "Couverte"},
    }


def _csv_row(member: Organisation) -> list[str]:
    own = member.own
    last_day = own.until - timedelta(days=1) if own and own.until else None
    texts = (
        member.name,
        member.siren,
        member.get_kind_display(),
        place_of(member),
        own.college.name if own and own.college else "",
        _typed_day(own.since if own else None),
        _typed_day(last_day),
        member.covering or "",
        own.deliberation_number if own else "",
        _typed_day(own.deliberation_date if own else None),
    )
    return [safe_cell(text) for text in texts]


def _typed_day(value: date | None) -> str:
    return f"{value:%d/%m/%Y}" if value else ""
