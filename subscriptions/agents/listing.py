"""A service of an organisation is put on a list, or opened again to all its agents."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.models import ServiceSheet
from subscriptions import signals
from subscriptions.agents.by_groups import groups_on_list, settle
from subscriptions.agents.checks import administered, checked_listed, checked_services
from subscriptions.agents.writing import close
from subscriptions.in_use import services_in_use
from subscriptions.models import Access, AccessRole, ClosedBecause, GroupService, ListedService
from tenants import audit
from tenants.models import Membership, Organisation, Role, User
from tenants.people.roles import MEMBER_ROLES
from tenants.refusals import Refused

NO_GROUP_ON_IT = "Aucun groupe n’est sur cette liste : mettez-en un d’abord, depuis la page du groupe."


@transaction.atomic
def put_on_list(*, organisation: Organisation, sheet: ServiceSheet, by: User, now: datetime) -> ListedService:
    """From now on only those named use this service. Nobody loses anything by it: whoever has a mandate there
    is named first, whoever administers the organisation as manager of the service.

    The same again changes nothing. Raises NotAllowed, and Refused for a service that it does not have.
    """
    organisation = administered(organisation, by=by)
    checked_services(organisation, [sheet.pk], on=localdate(now))
    found = ListedService.objects.filter(tenant=organisation, sheet=sheet).first()
    if found is not None:
        return found
    listed = ListedService.objects.create(tenant=organisation, sheet=sheet, since=now, listed_by=by)
    mandates = Membership.objects.open().filter(organisation=organisation, role__in=MEMBER_ROLES)
    held: dict[int, set[str]] = {}
    for user, role in mandates.order_by("user").values_list("user", "role"):
        held.setdefault(user, set()).add(role)
    Access.objects.bulk_create(
        Access(
            tenant=organisation,
            user_id=user,
            sheet=sheet,
            role=AccessRole.MANAGER if Role.ORG_ADMIN in roles else AccessRole.USER,
            opened_at=now,
            opened_by=by,
        )
        for user, roles in held.items()
    )
    _record(organisation, sheet, by, now, "listed", "a mis sur liste l’accès au service")
    signals.accesses_changed.send(Access, organisation=organisation, sheets={sheet.pk}, now=now)
    return listed


@transaction.atomic
def open_to_all(*, organisation: Organisation, sheet: ServiceSheet, by: User, now: datetime) -> None:
    """Whoever has a mandate there uses this service, as before there was a list. Nothing is changed when
    there is none. Raises NotAllowed."""
    organisation = administered(organisation, by=by)
    deleted, _ = ListedService.objects.filter(tenant=organisation, sheet=sheet).delete()
    if not deleted:
        return
    GroupService.objects.filter(tenant=organisation, sheet=sheet).delete()
    accesses = Access.objects.filter(tenant=organisation, sheet=sheet)
    close(accesses, by=by, because=ClosedBecause.OPENED_TO_ALL, now=now)
    _record(organisation, sheet, by, now, "opened_to_all", "a ouvert à tous les agents le service")
    signals.accesses_changed.send(Access, organisation=organisation, sheets={sheet.pk}, now=now)


@transaction.atomic
def keep_groups_only(*, organisation: Organisation, sheet: ServiceSheet, by: User, now: datetime) -> int:
    """Takes back what was given by name of a service to whoever uses it: from now on the groups on its list
    say who does. Whoever manages it by name stays. How many lose it; the same again changes nothing.

    Raises NotAllowed, and Refused for a service that is on no list, or on one without a group.
    """
    organisation = administered(organisation, by=by)
    checked_listed(organisation, [sheet.pk])
    if not groups_on_list(organisation=organisation, sheet=sheet.pk):
        raise Refused(NO_GROUP_ON_IT)
    open_ones = Access.objects.filter(tenant=organisation, sheet=sheet, closed_at__isnull=True)
    named = open_ones.filter(group=None, role=AccessRole.USER)
    people = list(named.values_list("user", flat=True))
    if not people:
        return 0
    close(named, by=by, because=ClosedBecause.TAKEN, now=now)
    settle(organisation=organisation, people=people, by=by, now=now)
    _record(organisation, sheet, by, now, "groups_only", "a laissé aux seuls groupes la liste du service")
    signals.accesses_changed.send(Access, organisation=organisation, sheets={sheet.pk}, now=now)
    return len(people) - open_ones.filter(user__in=people).count()


def services_of(organisation: Organisation, *, on) -> dict[int, str]:
    """The names of the services that it uses that day, its own and those that its intercommunality gives it,
    by the number of their sheet and in their order."""
    used = services_in_use(organisations=[organisation], on=on)
    return {one.listing.sheet.pk: one.name for one in used}


def _record(
    organisation: Organisation, sheet: ServiceSheet, by: User, now: datetime, did: str, verb: str
) -> None:
    audit.record(
        tenant=organisation,
        actor=by,
        what=f"membership.service_{did}",
        sentence=f"{{actor}} {verb} « {sheet.name} ».",
        subject_id=sheet.pk,
        now=now,
    )
