"""Who may read the documents that prove claims."""

from django.db.models import QuerySet

from catalog.claims.queries import BEFORE_OPERATOR
from catalog.models import Claim, Listing, ListingState, SheetFile
from tenants.models import Role, User
from tenants.people.roles import OPERATOR_ROLES


def proves_on_a_shelf(file: SheetFile) -> bool:
    """Whether it proves the last word on a service that members of some operator read today."""
    return _proved(file).filter(sheet__product__in=_offered(Listing.objects, ListingState.LISTED)).exists()


def concerns_checker(file: SheetFile, user: User) -> bool:
    """Whether this person may have to check what it proves: the platform's staff, and the people of operators
    that have the service on their shelf or under review."""
    if user.is_staff:
        return _proved(file).exists()
    operators = (
        user.memberships.in_force()
        .filter(role__in=OPERATOR_ROLES | {Role.AUDITOR}, organisation__operator__isnull=False)
        .values("organisation__operator")
    )
    listings = _offered(Listing.objects.filter(operator__in=operators), *BEFORE_OPERATOR)
    return _proved(file).filter(sheet__product__in=listings).exists()


def _proved(file: SheetFile) -> QuerySet[Claim]:
    return Claim.objects.current().filter(evidence_file=file)


def _offered(listings: QuerySet[Listing], *states: str) -> QuerySet:
    return listings.filter(state__in=states).values("offer__product")
