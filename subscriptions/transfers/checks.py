"""What a transfer of contract must be: who may take over, what passes together, from which day."""

from collections.abc import Sequence
from datetime import date

from catalog.models import Listing, Vendor, VendorState
from catalog.vendors.passing import sharing_files
from catalog.vendors.terms import terms_to_agree
from subscriptions.models import FrameworkLot, Subscription
from tenants.identifiers import clean_siren, grouped
from tenants.models import Operator
from tenants.refusals import Refused

# Papers come late, a merger is announced early. Further away, a slip of the keyboard.
MAX_DAYS = 366


class TransferRefused(Refused):
    """It cannot be so; `field` names what to mend."""


class WrongTransferState(TransferRefused):
    """It was signed, abandoned or carried out meanwhile."""


def vendor_of(siren: str, *, on: date) -> Vendor:
    """The vendor of this SIREN, who may take contracts over on that day. Raises BadIdentifier or
    TransferRefused."""
    number = clean_siren(siren)
    found = Vendor.objects.select_related("organisation").filter(organisation__siren=number).first()
    if found is None:
        raise TransferRefused(
            f"Aucun éditeur de Halle n’a le SIREN {grouped(number)}. Invitez-le à s’inscrire à la page "
            "« Vous éditez un service ? », puis revenez.",
            "siren",
        )
    check_vendor(found, on=on)
    return found


def check_vendor(vendor: Vendor, *, on: date) -> None:
    """Raises TransferRefused."""
    name = vendor.organisation.name
    if vendor.state != VendorState.ACTIVE:
        raise TransferRefused(f"{name} est suspendu par la plateforme : il ne peut rien reprendre.", "siren")
    if vendor.organisation.is_closed(on=on):
        raise TransferRefused(f"{name} n’existe plus à cette date.", "siren")
    if terms_to_agree(vendor=vendor, on=on) is not None:
        raise TransferRefused(
            f"{name} n’a pas accepté les conditions des éditeurs en vigueur : demandez-le-lui d’abord.",
            "siren",
        )


def check_parties(from_vendor: Vendor, to_vendor: Vendor) -> None:
    """Raises TransferRefused."""
    if from_vendor == to_vendor:
        raise TransferRefused(
            f"{to_vendor.organisation.name} tient déjà ce contrat. Si seul son siège a déménagé, c’est un "
            "changement de SIRET : son administrateur l’enregistre à la page « Mon organisation ».",
            "siren",
        )


def check_day(effective_on: date, today: date) -> None:
    """Raises TransferRefused."""
    if abs((effective_on - today).days) > MAX_DAYS:
        raise TransferRefused(
            "Cette date est à plus d’un an d’aujourd’hui. Vérifiez l’année.", "effective_on"
        )


def check_services(operator: Operator, from_vendor: Vendor, listings: Sequence[Listing]) -> None:
    """They are this vendor's at this operator; a lot, or a file, is never left between two vendors. Raises
    TransferRefused."""
    if not listings:
        raise TransferRefused("Cochez au moins un service.", "services")
    for listing in listings:
        if listing.operator_id != operator.pk or listing.vendor != from_vendor:
            raise TransferRefused(
                f"« {listing.sheet.name} » n’est plus un service de {from_vendor.organisation.name} chez "
                "vous.",
                "services",
            )
    chosen = {listing.pk for listing in listings}
    lots = FrameworkLot.objects.filter(vehicle__operator=operator, listings__in=chosen).distinct()
    for lot in lots.prefetch_related("listings__offer__product__sheet").order_by("pk"):
        left = [
            one.sheet.name
            for one in lot.listings.all()
            if one.pk not in chosen and one.sheet.vendor_id == from_vendor.pk
        ]
        if left:
            raise TransferRefused(
                f"« {lot} » est un seul contrat : transférez aussi {_listed(left)}.", "services"
            )
    shared = sharing_files(sheets=[listing.sheet for listing in listings], vendor=from_vendor)
    if shared:
        raise TransferRefused(
            "Ces fiches montrent les mêmes images ou documents que "
            f"{_listed([one.name for one in shared])} : transférez-les ensemble, ou demandez à "
            "l’éditeur de joindre d’autres fichiers.",
            "services",
        )


def holding_operators(listings: Sequence[Listing]) -> list[int]:
    """The operators for which one of these listings is a contract: on the shelf, or with something open. For
    a worker, who sees every tenant."""
    open_at = set(
        Subscription.objects.open().filter(listing__in=listings).values_list("operator", flat=True).distinct()
    )
    on_shelf = {listing.operator_id for listing in listings if listing.state in ("listed", "suspended")}
    return sorted(open_at | on_shelf)


def _listed(names: list[str]) -> str:
    quoted = [f"« {name} »" for name in sorted(names)]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} et {quoted[-1]}"
