"""An organisation reads who it is, where Chorus Pro finds it, to whom it adheres, what its prices rest on."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from marketplace.web.access import organisation_view
from marketplace.web.context import place_of
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.member import deliberation
from marketplace.web.operator.members import adhesion_badge, adhesion_dates
from marketplace.web.organisation.seat_words import SeatDoor, seat_moves
from marketplace.web.organisation.words import establishment_facts, identity_facts, population_rows
from tenants.head_offices import moves_of
from tenants.identifiers import phone
from tenants.members.card import adhesions_of, establishments_of, populations_of
from tenants.models import Adhesion, Organisation, Role, Territory
from tenants.models.territory import PopulationKind, TerritoryKind

# Who says where invoices go.
ADDRESS_ROLES = frozenset(
    {Role.ORG_ADMIN, Role.SECRETARY, Role.FINANCE, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN}
)


@organisation_view()
@require_safe
def home(request, organisation):
    """Whatever it is here: member, operator, vendor."""
    today = localdate(timezone.now())
    may_edit = bool(request.roles & ADDRESS_ROLES)
    adhesions = list(adhesions_of(organisation=organisation))
    context = {
        "organisation": organisation,
        "crumbs": organisation_crumbs(request, organisation),
        "kind": capitalised(organisation.get_kind_display()),
        "identity": identity_facts(organisation),
        "establishments": [
            {**establishment_facts(place), "url": _url(organisation, place.siret) if may_edit else ""}
            for place in establishments_of(organisation=organisation)
        ],
        "seat_moves": seat_moves(
            moves_of(organisation=organisation),
            SeatDoor.own(organisation),
            may_read=may_edit,
            may_change=may_edit,
        ),
        "seat_url": SeatDoor.own(organisation).url() if may_edit else "",
        "new_url": reverse("organisation_establishment_new", args=[organisation.siren]) if may_edit else "",
        "populations": _populations(organisation, adhesions, today),
        "adhesions": [_adhesion(organisation, adhesion, today) for adhesion in adhesions],
        "covered": _covered(organisation, adhesions, today),
    }
    return render(request, "organisation/home.html", context)


def organisation_crumbs(request, organisation: Organisation, *items: tuple[str, str]) -> list[dict]:
    """For components/breadcrumb.html: the person's first page there, "Mon organisation", then `items`."""
    door = place_of(organisation, min(request.roles))
    here = reverse("organisation_home", args=[organisation.siren]) if items else ""
    return [
        {"label": door["label"], "url": door["url"]},
        {"label": "Mon organisation", "url": here},
        *({"label": label, "url": url} for label, url in items),
    ]


def _url(organisation: Organisation, siret: str) -> str:
    return reverse("organisation_establishment", args=[organisation.siren, siret])


def _populations(organisation: Organisation, adhesions: list[Adhesion], today) -> list[dict]:
    """Each kind, with the operators whose statutes count by it."""
    used: dict[str, list[str]] = {}
    for adhesion in adhesions:
        if _in_force(adhesion, today):
            used.setdefault(adhesion.operator.population_kind, []).append(adhesion.operator.short_name)
    populations = populations_of(organisation=organisation, on=today)
    rows = population_rows(populations)
    for row, population in zip(rows, populations, strict=True):
        names = " et ".join(sorted(set(used.get(population.kind, []))))
        row["used"] = f"Population de référence de {names}" if names else ""
    return rows


def _adhesion(organisation: Organisation, adhesion: Adhesion, today) -> dict:
    operator = adhesion.operator
    own = adhesion.organisation_id == organisation.pk
    facts = []
    if not own:
        facts.append({"label": "Par", "value": adhesion.organisation.name})
    if adhesion.college:
        facts.append({"label": "Collège", "value": adhesion.college.name})
    if own and (adhesion.deliberation_number or adhesion.deliberation_date):
        facts.append({"label": "Délibération", "value": deliberation(adhesion)})
    facts.append(
        {
            "label": "Prix calculés par défaut sur la",
            "value": str(PopulationKind(operator.population_kind).label),
        }
    )
    contact = [operator.contact_name, phone(operator.contact_phone)]
    return {
        "operator": operator.short_name,
        "title": capitalised(adhesion_dates(adhesion)),
        "badge": adhesion_badge(adhesion, today),
        "facts": facts,
        "contact": " – ".join(filter(None, contact)),
        "email": operator.contact_email,
    }


def _covered(organisation: Organisation, adhesions: list[Adhesion], today) -> dict | None:
    """The communes that its own adhesions cover on that day."""
    operators = sorted(
        adhesion.operator.short_name
        for adhesion in adhesions
        if adhesion.organisation_id == organisation.pk
        and adhesion.covers_communes
        and _in_force(adhesion, today)
    )
    if not operators or organisation.territory_id is None:
        return None
    communes = Territory.objects.filter(
        epci=organisation.territory_id, kind=TerritoryKind.COMMUNE, ended_on__isnull=True
    ).order_by("name_key", "code")
    return {"operators": " et ".join(operators), "names": [commune.name for commune in communes]}


def _in_force(adhesion: Adhesion, today) -> bool:
    return adhesion.since <= today and (adhesion.until is None or adhesion.until > today)
