"""What every verb about agents asks first."""

from collections.abc import Iterable
from datetime import date

from subscriptions.in_use import services_in_use
from subscriptions.models import ListedService
from tenants.models import Organisation, Role, User
from tenants.people.mandates import locked
from tenants.people.roles import NotAllowed, given_by_person
from tenants.refusals import Refused

NOT_ITS_OWN = "Votre collectivité n’a pas, ou n’a plus, ce service. Rechargez la page."
NO_GROUP = "Ce groupe n’existe plus. Rechargez la page."
NOT_LISTED = "Ce service est ouvert à tous vos agents : mettez-le d’abord sur liste."


def administered(organisation: Organisation, *, by: User) -> Organisation:
    """The organisation, its people nobody else's to change until the end of the transaction. Raises
    NotAllowed unless `by` gives the roles of its agents."""
    organisation = locked(organisation)
    if Role.AGENT not in given_by_person(person=by, organisation=organisation):
        raise NotAllowed
    return organisation


def checked_services(organisation: Organisation, sheets: Iterable[int], *, on: date) -> None:
    """Raises Refused for one that the organisation does not use that day."""
    used = {one.listing.sheet.pk for one in services_in_use(organisations=[organisation], on=on)}
    if not set(sheets) <= used:
        raise Refused(NOT_ITS_OWN)


def checked_listed(organisation: Organisation, sheets: Iterable[int]) -> None:
    """Raises Refused for one that is not on a list."""
    listed = ListedService.objects.filter(tenant=organisation).values_list("sheet", flat=True)
    if not set(sheets) <= set(listed):
        raise Refused(NOT_LISTED)
