"""Which of an operator's members have which of its services, and who lacks one."""

from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_safe

from catalog.finding.strata import STRATA
from catalog.models import Family
from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response
from marketplace.web.formats import day, format_number
from marketplace.web.operator.coverage_map import ASKED, HAVE, LACK, coverage_map
from marketplace.web.operator.coverage_words import bars, percent, stratum_options
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, crumbs, rest_of_address
from marketplace.web.operator.roles import TASK_ROLES
from subscriptions import coverage_letters
from subscriptions.coverage import ServiceCoverage, ServiceMembers, coverage_of, members_by_service
from subscriptions.coverage_letters import MAX_MESSAGE, people_of, recipients
from tenants.identifiers import grouped
from tenants.maps.parts import former_communes
from tenants.models import Operator
from tenants.models.organisation import OrganisationKind
from tenants.refusals import Refused
from tenants.spreadsheets.writing import csv_bytes, safe_cell

PAGE_SIZE = 50
GROUPS = {
    "": ("Ne l’ont pas", lambda found: found.lacking),
    "demande": ("L’ont demandé ou l’essaient", lambda found: found.under_way),
    "ont": ("L’ont", lambda found: found.having),
}
CSV_COLUMNS = ("Nom", "SIREN", "Nature", "Habitants", "Service")


@operator_view()
@require_safe
def coverage(request, operator):
    """How many members have each service of the shelf, and their share."""
    found = coverage_of(operator=operator, on=localdate(timezone.now()))
    families = {Family(family).label: count for family, count in found.families.items()}
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Couverture", "")),
        "members": counted(found.members, "adhérent"),
        "inhabitants": counted(found.inhabitants, "habitant"),
        "bars": bars(families, total=found.members),
        "rows": [
            _row(operator, row, members=found.members, inhabitants=found.inhabitants)
            for row in found.services
        ],
    }
    return render(request, "operator/coverage.html", context)


@operator_view()
@require_safe
def service(request, operator, listing):
    """One service on the map, and the members that lack it, have it or asked for it, of all sizes or of one
    stratum."""
    found, stratum = _asked(request.GET, operator, listing)
    here = reverse("operator_coverage_service", args=[operator.slug, listing])
    rest = rest_of_address(strate=stratum)
    asked = request.GET.get("etat", "")
    group = asked if asked in GROUPS else ""
    label, members_of_group = GROUPS[group]
    members = members_of_group(found)
    page = Paginator(members, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": _crumbs(operator, (found.entry.name, "")),
        "name": found.entry.name,
        "tabs": [
            {
                "label": name,
                "url": f"{here}?{rest_of_address(strate=stratum, etat=key)}".rstrip("?&"),
                "active": key == group,
                "count": format_number(len(those(found))),
            }
            for key, (name, those) in GROUPS.items()
        ],
        "group": group,
        "map": _map(found),
        "options": stratum_options(found.strata, chosen=stratum),
        "filtered": bool(stratum),
        "total": f"{label} : {counted(len(members), 'adhérent')}",
        "page": page,
        "rest": rest_of_address(strate=stratum, etat=group),
        "rows": [
            {
                "name": member.name,
                "url": reverse("operator_member", args=[operator.slug, member.siren]),
                "siren": grouped(member.siren),
                "trial": f"Essai gratuit jusqu’au {day(member.tries_until)}" if member.tries_until else "",
                "kind": capitalised(OrganisationKind(member.kind).label),
                "inhabitants": "—" if member.inhabitants is None else format_number(member.inhabitants),
            }
            for member in page
        ],
        "here": here,
        "csv_url": f"{here}adherents.csv?{rest}".rstrip("?&"),
        "write_url": f"{here}ecrire/?{rest}".rstrip("?&")
        if request.roles & TASK_ROLES and found.entry.listed and found.lacking
        else "",
    }
    return render(request, "operator/coverage_service.html", context)


@operator_view()
@require_safe
def service_csv(request, operator, listing):
    """The members that lack the service, all of them, of the stratum asked."""
    found, _ = _asked(request.GET, operator, listing)
    rows = (
        (
            safe_cell(member.name),
            member.siren,
            OrganisationKind(member.kind).label,
            "" if member.inhabitants is None else str(member.inhabitants),
            safe_cell(found.entry.name),
        )
        for member in found.lacking
    )
    filename = f"sans-{found.entry.slug}-{operator.slug}-{localdate(timezone.now())}.csv"
    return csv_response(content=csv_bytes(CSV_COLUMNS, rows), filename=filename)


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def write(request, operator, listing):
    """Says how many people would be written to, then has them written to."""
    asked = request.POST if request.method == "POST" else request.GET
    found, stratum = _asked(asked, operator, listing)
    if not found.entry.listed:
        raise Http404  # nobody can ask for it
    back = reverse("operator_coverage_service", args=[operator.slug, listing])
    query = f"?{urlencode({'strate': stratum})}" if stratum else ""
    message, error = asked.get("message", "").replace("\0", "").strip(), ""
    if request.method == "POST":
        try:
            campaign = coverage_letters.write_to_those_without(
                operator=operator,
                listing_id=listing,
                stratum=stratum,
                message=message,
                people=_number(asked.get("people", "")),
                request_key=_key(asked.get("request_key", "")),
                by=request.user,
                now=timezone.now(),
            )
        except Refused as refusal:
            error = str(refusal)
        else:
            people = counted(campaign.people, "personne va", "personnes vont")
            messages.success(request, f"{people} recevoir votre courriel.")
            return redirect(back + query)
    mandates = recipients(members=[member.pk for member in found.lacking])
    people = people_of(mandates)
    reached = len({mandate.organisation_id for mandate in mandates})
    unreached = len(found.lacking) - reached
    context = {
        "operator": operator,
        "crumbs": _crumbs(operator, (found.entry.name, back), ("Écrire", "")),
        "name": found.entry.name,
        "people": people,
        "to": counted(people, "personne"),
        "of": counted(reached, "adhérent"),
        "unreached": counted(unreached, "adhérent") if unreached else "",
        "stratum": stratum,
        "message": message,
        "error": error,
        "max_message": MAX_MESSAGE,
        "request_key": _key(asked.get("request_key", "")) if error else uuid4(),
        "back": back + query,
    }
    return render(request, "operator/coverage_write.html", context)


def _asked(asked, operator: Operator, listing: int) -> tuple[ServiceMembers, str]:
    """The members by what they have of the service, and the stratum of `asked`. 404 for a foreign one."""
    stratum = asked.get("strate", "")
    stratum = stratum if stratum in STRATA else ""
    found = members_by_service(
        operator=operator, listing_id=listing, on=localdate(timezone.now()), stratum=stratum
    )
    if found is None:
        raise Http404
    return found, stratum


def _map(found: ServiceMembers) -> dict:
    groups = {HAVE: found.having, ASKED: found.under_way, LACK: found.lacking}
    communes = {
        member.insee_code: (state, member.name)
        for state, members in groups.items()
        for member in members
        if member.insee_code
    }
    return coverage_map(
        {code: state for code, (state, _) in communes.items()},
        names={code: name for code, (_, name) in communes.items()},
        parts=former_communes(codes=communes),
    )


def _row(operator: Operator, row: ServiceCoverage, *, members: int, inhabitants: int) -> dict:
    having = len(row.having)
    return {
        "name": row.entry.name,
        "url": reverse("operator_coverage_service", args=[operator.slug, row.entry.pk]),
        "family": Family(row.entry.family).label,
        "off_shelf": not row.entry.listed,
        "having": format_number(having),
        "members": percent(having, members),
        "inhabitants": percent(row.inhabitants, inhabitants),
        "under_way": format_number(len(row.under_way)),
        "lacking": format_number(members - having - len(row.under_way)),
    }


def _crumbs(operator: Operator, *items: tuple[str, str]) -> list[dict]:
    return crumbs(operator, ("Couverture", reverse("operator_coverage", args=[operator.slug])), *items)


def _number(text: str) -> int:
    """The number confirmed; 0, which is never right, when it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _key(text: str) -> UUID:
    """The key drawn with the form; a new one when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
