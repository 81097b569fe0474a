"""What a vendor says of itself, and the platform's power to stop it."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import transaction

from catalog.finding import indexing
from catalog.models import Listing, Vendor, VendorState
from tenants import audit
from tenants.models import User
from tenants.operators.settings import clean_phone
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope

PROFILE = ("presentation", "website", "contact_email", "contact_phone")
MAX_PRESENTATION = 2000


class ProfileRefused(Refused):
    """One of PROFILE cannot be kept as typed."""


class StateRefused(Refused):
    """The vendor is not in the state this needs; somebody was faster."""


@transaction.atomic
def change_profile(*, vendor: Vendor, profile: dict[str, str], by: User, now: datetime) -> Vendor:
    """Keeps what buyers read of the vendor; the same again writes nothing. Raises ProfileRefused."""
    clean = {name: profile[name].strip() for name in PROFILE}
    if len(clean["presentation"]) > MAX_PRESENTATION:
        raise ProfileRefused(f"{MAX_PRESENTATION} caractères au plus.", "presentation")
    try:
        clean["contact_phone"] = clean_phone(clean["contact_phone"])
    except ValueError as error:
        raise ProfileRefused(str(error), "contact_phone") from None
    for name, validate, words in (
        ("website", URLValidator(schemes=["https", "http"]), "Écrivez l’adresse en entier : https://…"),
        ("contact_email", validate_email, "Cette adresse de courriel est incomplète."),
    ):
        try:
            if clean[name]:
                validate(clean[name])
        except ValidationError:
            raise ProfileRefused(words, name) from None
    vendor = Vendor.objects.select_for_update(no_key=True).get(pk=vendor.pk)
    changes = {n: [getattr(vendor, n), clean[n]] for n in PROFILE if getattr(vendor, n) != clean[n]}
    if not changes:
        return vendor
    for name in changes:
        setattr(vendor, name, clean[name])
    vendor.save(update_fields=list(changes))
    labels = ", ".join(str(Vendor._meta.get_field(name).verbose_name) for name in changes)
    audit.record(
        tenant=vendor.organisation,
        actor=by,
        what="vendor.profile_changed",
        sentence=f"{{actor}} a modifié la présentation de l’éditeur : {labels}.",
        subject_id=vendor.pk,
        now=now,
        # An address may be a person's: the log says that it changed, not what it is.
        details={"fields": list(changes)},
    )
    return vendor


@transaction.atomic
def suspend(*, vendor: Vendor, reason: str, by: User, now: datetime) -> None:
    """Takes all its services off every shelf, until `resume`; subscriptions in force go on.

    Raises StateRefused ("reason" when none is given).
    """
    reason = reason.strip()
    if not reason:
        raise StateRefused("Dites pourquoi : l’éditeur lit ce motif.", "reason")
    _move(vendor, VendorState.ACTIVE, VendorState.SUSPENDED, suspension_reason=reason[:500])
    _record(vendor, by, now, "suspended", "{actor} a suspendu l’éditeur.", {"reason": reason})


@transaction.atomic
def resume(*, vendor: Vendor, by: User, now: datetime) -> None:
    """Puts its services back where they stood. Raises StateRefused."""
    _move(vendor, VendorState.SUSPENDED, VendorState.ACTIVE, suspension_reason="")
    _record(vendor, by, now, "resumed", "{actor} a rétabli l’éditeur.", {})


def _move(vendor: Vendor, before: VendorState, after: VendorState, **fields) -> None:
    if Vendor.objects.filter(pk=vendor.pk, state=before).update(state=after, **fields) != 1:
        raise StateRefused("L’état de cet éditeur vient de changer. Rechargez la page.")
    listings = Listing.objects.filter(offer__partner=vendor.partner_id).values_list("pk", flat=True)
    indexing.refresh(listings=list(listings))


def _record(vendor: Vendor, by: User, now: datetime, what: str, sentence: str, details: dict) -> None:
    # The platform's staff acts from outside the vendor's door.
    with tenant_scope([vendor.organisation_id]):
        audit.record(
            tenant=vendor.organisation,
            actor=by,
            what=f"vendor.{what}",
            sentence=sentence,
            subject_id=vendor.pk,
            now=now,
            details=details,
        )
