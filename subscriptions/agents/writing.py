"""Accesses are opened and closed here, and nowhere else. Who may is for the verbs to check."""

from collections.abc import Mapping
from datetime import datetime

from catalog.models import ServiceSheet
from subscriptions.models import Access, AccessRole
from tenants.models import Organisation, User


def open_for(
    *, organisation: Organisation, person: User, roles: Mapping[int, str], by: User, now: datetime
) -> None:
    """Writes accesses given by name, by the number of the service's sheet."""
    Access.objects.bulk_create(
        Access(
            tenant=organisation,
            user=person,
            sheet_id=sheet,
            role=AccessRole(role),
            opened_at=now,
            opened_by=by,
        )
        for sheet, role in roles.items()
    )


def close(accesses, *, by: User, because: str, now: datetime) -> None:
    """Closes those of these that are open."""
    accesses.filter(closed_at__isnull=True).update(closed_at=now, closed_by=by, closed_because=because)


def worded(roles: Mapping[int, str]) -> list[str]:
    """For the log: "Cantinelle (gère)", by name; services are no personal data. One query."""
    names = dict(ServiceSheet.objects.filter(pk__in=roles).values_list("pk", "name"))
    return sorted(f"{names[sheet]} ({AccessRole(role).label})" for sheet, role in roles.items() if role)
