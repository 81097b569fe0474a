"""Those who wait to join an organisation, as its people's pages show them to whoever decides."""

from collections.abc import Iterable

from django.urls import reverse

from marketplace.web.formats import day, moment
from marketplace.web.organisation.people_forms import name_of
from tenants.models import JoinRefusal, JoinRequest, JoinSource, Organisation, Role
from tenants.people.join_answers import waiting_for

REASONS = {
    JoinRefusal.UNKNOWN: "inconnu ici",
    JoinRefusal.LEFT: "ne travaille plus ici",
    JoinRefusal.NO_NEED: "n’a pas besoin de Halle",
    JoinRefusal.OTHER: "autre raison",
}


def joiners_block(organisation: Organisation, given: Iterable[str]) -> dict:
    """For organisation/_joiners.html; empty for whoever gives no role there, or when nobody waits."""
    rows = [_row(organisation, one) for one in waiting_for(organisation)] if given else []
    if not rows:
        return {}
    return {
        "rows": rows,
        "roles": [(role.value, name_of(role).capitalize()) for role in Role if role in set(given)],
        "reasons": [(reason.value, label) for reason, label in REASONS.items()],
    }


def _row(organisation: Organisation, one: JoinRequest) -> dict:
    person = one.person
    return {
        "name": str(person),
        "email": person.email if str(person) != person.email else "",
        "asked": moment(one.asked_at),
        "how": f"adresse du domaine {one.domain}"
        if one.source == JoinSource.DOMAIN
        else "compte qui donne votre SIRET",
        "left": day(one.left_at),
        "url": reverse("organisation_join_answer", args=[organisation.siren, one.public_id]),
        "id": one.pk,
    }
