"""Signed transfers take effect, by a worker, who sees every tenant: each wholly, in one transaction."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.models import Listing, Vendor
from catalog.vendors.passing import lock_listings, pass_sheet
from subscriptions import tasks
from subscriptions.models import (
    ContractTransfer,
    FrameworkLot,
    LotSuccession,
    Subscription,
    TransferNotice,
    TransferredService,
    TransferSide,
    TransferState,
    VendorAccess,
)
from subscriptions.transfers.checks import holding_operators
from subscriptions.transfers.operations import move
from tenants import audit


def apply_due(*, now: datetime) -> int:
    """Carries out the transfers whose day has come; how many. One waits for the other operators that have
    contracts for the same services: a service has one vendor. Run twice, it does nothing more."""
    due = ContractTransfer.objects.filter(state=TransferState.SIGNED, effective_on__lte=localdate(now))
    pairs = sorted(set(due.values_list("from_vendor", "to_vendor")))
    return sum(_apply_pair(from_vendor, to_vendor, now) for from_vendor, to_vendor in pairs)


@transaction.atomic
def _apply_pair(from_vendor: int, to_vendor: int, now: datetime) -> int:
    transfers = list(
        ContractTransfer.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            "operator__organisation",
            "from_vendor__organisation",
            "from_vendor__partner",
            "to_vendor__organisation",
            "to_vendor__partner",
        )
        .filter(
            from_vendor=from_vendor,
            to_vendor=to_vendor,
            state=TransferState.SIGNED,
            effective_on__lte=localdate(now),
        )
        .order_by("pk")
    )
    sheets = {
        transfer.pk: set(transfer.services.values_list("listing__offer__product__sheet", flat=True))
        for transfer in transfers
    }
    # Held until the commit: a request that was being made is finished, and passes too.
    listings = lock_listings(sheets=set().union(*sheets.values()))
    held = {one.sheet.pk: one.sheet for one in listings if one.sheet.vendor_id == from_vendor}
    ready = _ready([one for one in transfers if sheets[one.pk] <= held.keys()], sheets, listings)
    if not ready:
        return 0
    passing = {pk: held[pk] for transfer in ready for pk in sheets[transfer.pk]}
    at = {transfer.operator_id: transfer for transfer in ready}
    old, new = ready[0].from_vendor, ready[0].to_vendor
    for sheet in passing.values():
        pass_sheet(sheet=sheet, to=new, now=now)
    gone = [one for one in listings if one.sheet.pk in passing]
    _succeed(gone, old, new, now)
    for listing in gone:
        _hand_over(listing, at.get(listing.operator_id), old, new, now)
    for transfer in ready:
        move(transfer, to=TransferState.IN_FORCE, settled_at=now)
        TransferredService.objects.filter(transfer=transfer).update(is_open=False)
        _record(transfer, now)
        tasks.tell_transfer.defer(transfer_id=transfer.pk)
    return len(ready)


def _ready(
    transfers: list[ContractTransfer], sheets: dict[int, set[int]], listings: list[Listing]
) -> list[ContractTransfer]:
    """Those for whose every service each operator with contracts has a signed transfer, itself ready."""
    by_sheet: dict[int, list[Listing]] = {}
    for listing in listings:
        by_sheet.setdefault(listing.sheet.pk, []).append(listing)
    needed = {pk: set(holding_operators(those)) for pk, those in by_sheet.items()}
    ready = list(transfers)
    while True:
        signed = {(transfer.operator_id, sheet) for transfer in ready for sheet in sheets[transfer.pk]}
        kept = [
            transfer
            for transfer in ready
            if all((operator, sheet) in signed for sheet in sheets[transfer.pk] for operator in needed[sheet])
        ]
        if len(kept) == len(ready):
            return kept
        ready = kept


def _succeed(gone: Iterable[Listing], old: Vendor, new: Vendor, now: datetime) -> None:
    """The new vendor has the old one's place in the lots that hold these listings."""
    today = localdate(now)
    lots = FrameworkLot.objects.filter(listings__in=list(gone)).distinct()
    holding = [
        lot
        for lot in lots.prefetch_related("holders", "successions").order_by("pk")
        if old.pk
        in {
            *(one.vendor_id for one in lot.holders.all()),
            *(one.successor_id for one in lot.successions.all()),
        }
    ]
    LotSuccession.objects.bulk_create(
        LotSuccession(lot=lot, holder=old, successor=new, since=today) for lot in holding
    )


def _hand_over(
    listing: Listing, transfer: ContractTransfer | None, old: Vendor, new: Vendor, now: datetime
) -> None:
    """What is open passes; what was closed before stays with the old vendor."""
    subscriptions = list(
        Subscription.objects.open()
        .filter(listing=listing)
        .select_for_update(of=("self",), no_key=True)
        .select_related("tenant", "operator")
        .order_by("pk")
    )
    VendorAccess.objects.filter(subscription__in=subscriptions, tenant=old.organisation_id).update(
        tenant=new.organisation_id
    )
    if transfer is None:
        return  # an operator that had neither a shelf nor a subscription for it: nobody to tell
    said = {
        "transfer": transfer,
        "service_name": listing.sheet.name,
        "operator_name": transfer.operator.short_name,
        "from_name": old.organisation.name,
        "to_name": new.organisation.name,
        "since": localdate(now),
    }
    parties = ((TransferSide.OLD, old), (TransferSide.NEW, new))
    TransferNotice.objects.bulk_create(
        [
            *(
                TransferNotice(
                    tenant_id=vendor.organisation_id, side=side, subscriptions=len(subscriptions), **said
                )
                for side, vendor in parties
            ),
            *(
                TransferNotice(
                    tenant_id=one.tenant_id, side=TransferSide.SUBSCRIBER, subscription=one, **said
                )
                for one in subscriptions
            ),
        ]
    )
    for one in subscriptions:
        audit.record(
            tenant=one.tenant,
            actor=None,
            what="subscription.vendor_replaced",
            sentence=f"{new.organisation.name} a remplacé {old.organisation.name} pour {one.service_name}.",
            subject_id=one.public_id,
            now=now,
            changes={"vendor": [old.organisation.siren, new.organisation.siren]},
        )


def _record(transfer: ContractTransfer, now: datetime) -> None:
    old, new = transfer.from_vendor.organisation, transfer.to_vendor.organisation
    for tenant in (transfer.operator.organisation, old, new):
        audit.record(
            tenant=tenant,
            actor=None,
            what="transfer.in_force",
            sentence=f"Chez {transfer.operator.short_name}, {new.name} a repris les contrats de {old.name}.",
            subject_id=transfer.public_id,
            now=now,
        )
