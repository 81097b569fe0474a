"""The platform publishes the vendors' terms: a new version is a new row, from a day on."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.utils.timezone import localdate

from catalog.models import VendorTerms
from tenants.constraints import violated
from tenants.refusals import Refused

TAKEN = {
    "catalog_vendorterms_version_key": ("Cette version existe déjà : choisissez un autre nom.", "version"),
    "catalog_vendorterms_in_force_from_key": (
        "Une version entre déjà en vigueur ce jour-là : choisissez un autre jour.",
        "in_force_from",
    ),
}


class TermsRefused(Refused):
    """This version cannot be published."""


def versions() -> QuerySet[VendorTerms]:
    """Every version, newest first, with how many vendors `agreed`."""
    return VendorTerms.objects.annotate(agreed=Count("agreements")).order_by("-in_force_from")


def publish_terms(*, version: str, in_force_from: date, text: str, now: datetime) -> VendorTerms:
    """A version in force from that day on, today at the earliest: nobody agrees backwards.

    Vendors agree to it before they submit again. Raises TermsRefused.
    """
    if in_force_from < localdate(now):
        raise TermsRefused("Choisissez aujourd’hui ou un jour à venir.", "in_force_from")
    try:
        with transaction.atomic():
            return VendorTerms.objects.create(
                version=version.strip(), in_force_from=in_force_from, text=text.strip()
            )
    except IntegrityError as error:
        if violated(error) not in TAKEN:
            raise
        raise TermsRefused(*TAKEN[violated(error)]) from None
