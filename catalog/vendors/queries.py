"""Reads for the pages about vendors."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet, Value

from catalog.models import (
    ApplicationState,
    ListingState,
    Vendor,
    VendorApplication,
    VendorDeclaration,
    VendorTerms,
)
from catalog.vendors.terms import terms_to_agree
from tenants.models import User
from tenants.models.organisation import PlainName


def pending_applications() -> QuerySet[VendorApplication]:
    """What the platform has to decide, oldest first."""
    return VendorApplication.objects.filter(state=ApplicationState.PENDING).order_by("sent_at", "pk")


def applications_of(*, user: User) -> QuerySet[VendorApplication]:
    """What this person asked for, newest first."""
    return VendorApplication.objects.filter(applicant=user).order_by("-sent_at", "-pk")


def vendors(*, search: str = "", state: str = "") -> QuerySet[Vendor]:
    """All vendors by name, with `services` and `shelves` (listings on a shelf) counted."""
    rows = (
        Vendor.objects.select_related("organisation")
        .annotate(
            services=Count("sheets", distinct=True),
            shelves=Count(
                "partner__stockrecords__listings",
                filter=Q(partner__stockrecords__listings__state=ListingState.LISTED),
                distinct=True,
            ),
        )
        .order_by("organisation__plain_name", "pk")
    )
    if state:
        rows = rows.filter(state=state)
    digits = "".join(search.split())
    if digits.isdigit():
        return rows.filter(organisation__siren__startswith=digits[:9])
    if search:
        rows = rows.filter(organisation__plain_name__contains=PlainName(Value(search[:100])))
    return rows


@dataclass(frozen=True)
class Duties:
    """What a vendor still has to do for its own side to be in order."""

    terms: VendorTerms | None  # the version to agree to, None when it is done
    declaration_year: int | None  # the year to declare for, None when it is done


def duties(*, vendor: Vendor, on: date) -> Duties:
    """What the vendor still owes that day. Three queries at the most."""
    declared = VendorDeclaration.objects.filter(vendor=vendor, year=on.year).exists()
    return Duties(terms=terms_to_agree(vendor=vendor, on=on), declaration_year=None if declared else on.year)
