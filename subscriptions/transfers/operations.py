"""The verbs of a transfer of contract: prepare it, sign it, abandon it."""

from collections.abc import Sequence
from datetime import date, datetime

from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.models import Listing, Vendor
from subscriptions import tasks
from subscriptions.models import (
    TRANSFER_MOVES,
    ContractTransfer,
    TransferBasis,
    TransferredService,
    TransferState,
)
from subscriptions.transfers import checks
from subscriptions.transfers.checks import TransferRefused, WrongTransferState
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator, User
from tenants.uploads import problem_with_pdf

MAX_REASON = 500


@transaction.atomic
def prepare(
    *,
    operator: Operator,
    from_vendor: Vendor,
    listings: Sequence[Listing],
    siren: str,
    basis: str,
    reason: str,
    effective_on: date,
    evidence: File,
    by: User,
    now: datetime,
) -> ContractTransfer:
    """Another vendor (`siren`) is to take over these services of `from_vendor`: the amendment may be drawn
    up. Nothing passes yet. `evidence` is an uploaded PDF of at most 10 MB. The scope holds the operator.

    Raises TransferRefused (its `field` is one of these arguments), or BadIdentifier for what is no SIREN.
    """
    today, reason = localdate(now), " ".join(reason.split())
    to_vendor = checks.vendor_of(siren, on=max(effective_on, today))
    checks.check_parties(from_vendor, to_vendor)
    checks.check_day(effective_on, today)
    if basis not in TransferBasis.values:
        raise TransferRefused("Choisissez pourquoi le contrat peut passer à un autre éditeur.", "basis")
    if not reason:
        raise TransferRefused("Indiquez le motif, par exemple « Rachat de Tartempion SAS ».", "reason")
    if len(reason) > MAX_REASON:
        raise TransferRefused(f"Ce motif est trop long : {MAX_REASON} caractères au plus.", "reason")
    if problem := problem_with_pdf(evidence, what="le justificatif"):
        raise TransferRefused(problem, "evidence")
    checks.check_services(operator, from_vendor, listings)
    transfer = ContractTransfer(
        tenant_id=operator.organisation_id,
        operator=operator,
        from_vendor=from_vendor,
        to_vendor=to_vendor,
        basis=basis,
        reason=reason,
        effective_on=effective_on,
        prepared_by=by,
        prepared_at=now,
    )
    transfer.evidence.save("justificatif.pdf", evidence, save=False)
    transfer.save(force_insert=True)
    try:
        with transaction.atomic():
            TransferredService.objects.bulk_create(
                TransferredService(tenant_id=transfer.tenant_id, transfer=transfer, listing=listing)
                for listing in listings
            )
    except IntegrityError as error:
        if violated(error) != "transferred_service_one_open":
            raise
        raise TransferRefused(
            "Un transfert est déjà préparé pour l’un de ces services : signez-le, ou abandonnez-le.",
            "services",
        ) from None
    _record(transfer, by, now, "prepared", "a préparé le transfert")
    return transfer


@transaction.atomic
def sign(*, transfer: ContractTransfer, file: File, by: User, now: datetime) -> None:
    """The amendment is signed by the three parties: the transfer takes effect on its day, by a worker, once
    every other operator that has contracts for the same services has signed too.

    `file` is the signed amendment, an uploaded PDF of at most 10 MB. What was true when it was prepared must
    still be. Raises TransferRefused, WrongTransferState.
    """
    if problem := problem_with_pdf(file, what="l’avenant signé"):
        raise TransferRefused(problem, "file")
    row = _locked(transfer)
    today = localdate(now)
    checks.check_vendor(row.to_vendor, on=max(row.effective_on, today))
    listings = [one.listing for one in row.services.select_related("listing__offer__product__sheet__vendor")]
    checks.check_services(row.operator, row.from_vendor, listings)
    row.signed_file.save("avenant.pdf", file, save=False)
    move(row, to=TransferState.SIGNED, signed_file=row.signed_file.name, signed_by=by, signed_at=now)
    _record(row, by, now, "signed", "a enregistré l’avenant signé du transfert")
    tasks.apply_transfers.defer()


@transaction.atomic
def abandon(*, transfer: ContractTransfer, by: User, now: datetime) -> None:
    """It will not happen. Raises WrongTransferState once it took effect."""
    row = _locked(transfer)
    move(row, to=TransferState.CANCELLED, settled_at=now)
    TransferredService.objects.filter(transfer=row).update(is_open=False)
    _record(row, by, now, "cancelled", "a abandonné le transfert")


def move(transfer: ContractTransfer, *, to: TransferState, **fields) -> None:
    """Conditional update along the table of moves. Raises WrongTransferState."""
    before = TransferState(transfer.state)
    if (before, to) not in TRANSFER_MOVES or (
        ContractTransfer.objects.filter(pk=transfer.pk, state=before).update(state=to, **fields) != 1
    ):
        raise WrongTransferState(f"Impossible : ce transfert est « {before.label} ». Rechargez la page.")
    transfer.state = to


def _locked(transfer: ContractTransfer) -> ContractTransfer:
    rows = ContractTransfer.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related(
        "operator__organisation", "from_vendor__organisation", "to_vendor__organisation"
    ).get(pk=transfer.pk)


def _record(transfer: ContractTransfer, by: User | None, now: datetime, what: str, deed: str) -> None:
    audit.record(
        tenant=transfer.operator.organisation,
        actor=by,
        what=f"transfer.{what}",
        sentence=f"{{actor}} {deed} des contrats de {transfer.from_vendor.organisation.name} à "
        f"{transfer.to_vendor.organisation.name}.",
        subject_id=transfer.public_id,
        now=now,
    )
