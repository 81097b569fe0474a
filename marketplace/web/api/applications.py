"""The services of an operator's hall and which of them an organisation has, as the State's application
switcher asks (suitenumerique/st-deploycenter 042bbfc, `core/api/viewsets/lagaufre.py`): its widgets are
pointed at Halle without being changed. `operator` is the slug; `id` that of the service.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.models import Listing
from marketplace.web.api.answers import READ_ONLY, answer, open_to_scripts, read_only, written
from marketplace.web.api.tell import service_url
from subscriptions.in_use import services_in_use
from tenants.identifiers import SIREN_DIGITS, SIRET_DIGITS
from tenants.models import Operator, Organisation
from tenants.models.organisation import OrganisationKind

NO_OPERATOR = "Indiquez l’opérateur (operator) : l’adresse de sa halle."
MALFORMED = {
    "siret": "Un SIRET compte 14 chiffres.",
    "siren": "Un SIREN compte 9 chiffres.",
    "insee": "Un code INSEE de commune compte 5 caractères.",
}
LENGTHS = {"siret": SIRET_DIGITS, "siren": SIREN_DIGITS, "insee": 5}
UNKNOWN_OPERATOR = "Aucune halle n’a cette adresse."
NOBODY = "Aucune organisation n’a cet identifiant."


class Wrong(Exception):
    """What was asked cannot be answered: a status, and a French sentence."""

    def __init__(self, status: int, sentence: str):
        self.status = status
        super().__init__(sentence)


@login_not_required
def lagaufre_services(request):
    """The services, those of the organisation first. Of an organisation nothing is said unless the operator
    shows its members' applications: the answer is then the one without an organisation."""
    if request.method not in READ_ONLY:
        return open_to_scripts(read_only())
    try:
        body = _told(request.GET)
    except Wrong as wrong:
        said = written({"error": str(wrong), "services": []})
        response = HttpResponse(said, content_type="application/json", status=wrong.status)
        response["Cache-Control"] = "no-store"
        return open_to_scripts(response)
    return open_to_scripts(answer(request, written(body)))


def _told(asked) -> dict:
    if not asked.get("operator"):
        raise Wrong(400, NO_OPERATOR)
    operator = Operator.objects.filter(slug=asked["operator"]).first()
    if operator is None:
        raise Wrong(404, UNKNOWN_OPERATOR)
    organisation = _organisation(asked)
    services = [_service(operator, row) for row in Listing.objects.on_shelf_of(operator).for_cards()]
    services.sort(key=lambda one: one["name"].casefold())
    if organisation is None or not operator.shows_applications:
        return {"services": services}
    used = services_in_use(organisations=[organisation], on=localdate(timezone.now()))
    held = {one.listing.sheet.slug: one for one in used if one.listing.operator_id == operator.pk}
    listed = {one["id"] for one in services}
    # No longer offered, and still used.
    services += [_service(operator, one.listing) for slug, one in held.items() if slug not in listed]
    for service in services:
        service["subscribed"] = service["id"] in held
        if service["subscribed"]:
            service["url"] = held[service["id"]].url or service["url"]
    return {
        "organization": {
            "name": organisation.name,
            "type": organisation.kind,
            "siret": organisation.siret or None,
        },
        "services": sorted(services, key=lambda one: not one["subscribed"]),
    }


def _organisation(asked) -> Organisation | None:
    """The one that is named by the first of these, None when none is. Raises Wrong."""
    name = next((name for name in LENGTHS if asked.get(name)), None)
    if name is None:
        return None
    value = "".join(asked[name].split()).upper()
    if len(value) != LENGTHS[name] or not value.isascii() or not value.isalnum():
        raise Wrong(400, MALFORMED[name])
    found = {
        "siret": {"establishments__siret": value},
        "siren": {"siren": value},
        "insee": {"kind": OrganisationKind.COMMUNE, "territory__code": value, "closed_on": None},
    }[name]
    organisation = Organisation.objects.filter(**found).first()
    if organisation is None:
        raise Wrong(404, NOBODY)
    return organisation


def _service(operator: Operator, listing: Listing) -> dict:
    return {
        "id": listing.sheet.slug,
        "name": listing.shown.name,
        "url": service_url(operator.slug, listing.sheet.slug),
        "maturity": "stable",
        "logo": None,
    }
