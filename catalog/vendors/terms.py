"""What a vendor agrees to, version after version, and whether it may submit services."""

from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.models import TermsAgreement, Vendor, VendorState, VendorTerms
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused


class NoTerms(Refused):
    """The platform has published no terms yet."""


class TermsChanged(Refused):
    """What was read is no longer what is in force."""

    def __init__(self, terms: VendorTerms):
        super().__init__(
            f"Une nouvelle version des conditions ({terms.version}) est en vigueur. "
            "Relisez-la, puis acceptez.",
            "terms",
        )


class MayNotSubmit(Refused):
    """The vendor's own side is not in order."""


def terms_in_force(*, on: date) -> VendorTerms:
    """The version a vendor agrees to on that day. Raises NoTerms."""
    terms = VendorTerms.objects.filter(in_force_from__lte=on).order_by("-in_force_from").first()
    if terms is None:
        raise NoTerms("La plateforme n’a pas encore publié ses conditions pour les éditeurs.")
    return terms


def terms_to_agree(*, vendor: Vendor, on: date) -> VendorTerms | None:
    """The version in force that day that the vendor has not agreed to; None when nothing is due."""
    try:
        terms = terms_in_force(on=on)
    except NoTerms:
        return None
    return None if vendor.agreements.filter(terms=terms).exists() else terms


@transaction.atomic
def agree(*, vendor: Vendor, version: str, by: User, now: datetime) -> TermsAgreement:
    """Agrees to the version in force; twice is once.

    Raises TermsChanged when `version`, the one that was read, is no longer in force, and NoTerms.
    """
    terms = terms_in_force(on=localdate(now))
    if terms.version != version:
        raise TermsChanged(terms)
    agreement, made = TermsAgreement.objects.get_or_create(
        vendor=vendor, terms=terms, defaults={"agreed_by": by, "agreed_at": now}
    )
    if made:
        audit.record(
            tenant=vendor.organisation,
            actor=by,
            what="vendor.terms_agreed",
            sentence=f"{{actor}} a accepté les conditions des éditeurs, {terms}.",
            subject_id=vendor.pk,
            now=now,
            details={"version": terms.version},
        )
    return agreement


def may_submit(*, vendor: Vendor, on: date) -> None:
    """Nothing when the vendor may put services before operators. Raises MayNotSubmit with what to do."""
    if vendor.state != VendorState.ACTIVE:
        raise MayNotSubmit(
            "Votre référencement est suspendu par la plateforme : aucune fiche ne peut être proposée."
        )
    if terms_to_agree(vendor=vendor, on=on) is not None:
        raise MayNotSubmit(
            "Acceptez d’abord les conditions des éditeurs en vigueur, "
            "à la page « Conditions et déclaration »."
        )
