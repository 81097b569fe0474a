"""Who uses which service, for whoever acts on it: directories of vendors, an agent's own applications."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.models import ServiceSheet
from subscriptions.in_use import InUse
from subscriptions.models import Access, AccessRole, ListedService
from tenants.models import User
from tenants.tenancy import tenant_scope


@dataclass(frozen=True)
class Lists:
    """Of one service: by the number of an organisation that has it on a list, the roles of those it names."""

    named: dict[int, dict[int, AccessRole]]

    @classmethod
    def of(cls, *, organisations: Iterable[int], sheet: ServiceSheet) -> "Lists":
        """Two queries, in the organisations' scope."""
        ids = list(organisations)
        listed = ListedService.objects.filter(tenant__in=ids, sheet=sheet).values_list("tenant", flat=True)
        named: dict[int, dict[int, AccessRole]] = {tenant: {} for tenant in listed}
        found = Access.objects.filter(tenant__in=ids, sheet=sheet, closed_at__isnull=True)
        for tenant, user, role in found.values_list("tenant", "user", "role"):
            if tenant in named:
                named[tenant][user] = AccessRole(role)
        return cls(named)

    def name(self, organisation: int, person: int) -> bool:
        """Whether the person may use it there, as far as lists go."""
        return organisation not in self.named or person in self.named[organisation]

    def as_manager(self, organisation: int, person: int) -> bool:
        """Whether a list has her as its manager."""
        return self.named.get(organisation, {}).get(person) == AccessRole.MANAGER


def open_to(*, person: User, used: Iterable[InUse]) -> list[InUse]:
    """Of services that organisations of hers use, those that are hers to use there. Opens the scope it needs;
    two queries."""
    used = list(used)
    ids = {one.organisation_id for one in used}
    if not ids:
        return []
    with tenant_scope(ids):
        listed = set(ListedService.objects.filter(tenant__in=ids).values_list("tenant", "sheet"))
        mine = set(
            Access.objects.filter(tenant__in=ids, user=person, closed_at__isnull=True).values_list(
                "tenant", "sheet"
            )
        )
    shut = listed - mine
    return [one for one in used if (one.organisation_id, one.listing.sheet.pk) not in shut]
