"""One invoice becomes legal: number, copies of the parties, settlement. One transaction."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils.timezone import localdate

from billing import tasks
from billing.documents import content_problems
from billing.documents.document import NOTE_DEBITS
from billing.files import document_of
from billing.models import (
    Channel,
    Invoice,
    InvoiceLine,
    InvoiceState,
    InvoiceType,
    LedgerEntry,
    NumberCounter,
    Settlement,
    SettlementState,
)
from billing.vat import on_debits, undecided
from tenants import audit
from tenants.models import Operator, Organisation
from tenants.models.operator import IssuerKind

# Wording of the compulsory notes (EN 16931 BT-22; French rules BR-FR-05, CCP D2192-35, L2192-13).
NOTE_PMT = "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement\u202f: 40\u00a0€."
NOTE_PMD = (
    "En cas de retard de paiement, des intérêts moratoires sont dus de plein droit, au taux de la Banque "
    "centrale européenne en vigueur au premier jour du semestre, majoré de huit points."
)
NOTE_AAB = "Pas d’escompte pour paiement anticipé."
_REFERENCES = ("commitment_number", "service_code")
GIVE_BACK = "Le prestataire de paiement ne connaît pas cet avoir : déduisez-le ou remboursez-le vous-même."


def missing_mentions(operator: Operator) -> list[str]:
    """What this issuer's invoices could not say, in French; empty when all is there."""
    organisation = operator.organisation
    needed = {
        "le SIRET": organisation.siret,
        "l’adresse": organisation.address and organisation.postcode and organisation.city,
        "l’IBAN": operator.iban,
    }
    return [name for name, value in needed.items() if not value]


def issue(*, invoice_id: int, operator: Operator, now: datetime) -> bool:
    """Issues one draft inside the caller's transaction; False when it was issued already.

    The counter row is locked until the commit: the next number can only be read once this one is
    certain, so numbers have no gap (CGI annexe II art. 242 nonies A). Both parties are locked as well: a
    move of their head office is wholly before this invoice, and on it, or wholly after.
    """
    _hold_parties(invoice_id, operator)
    invoice = (
        Invoice.objects.select_for_update(of=("self",), no_key=True)
        .select_related("tenant", "corrects")
        .prefetch_related(Prefetch("lines", _referring()), "tenant__establishments__services")
        .filter(pk=invoice_id, state=InvoiceState.DRAFT)
        .first()
    )
    if invoice is None:
        return False
    today = localdate(now)
    sequence = _next_number(operator=operator, series=invoice.series, year=today.year)
    _complete(invoice, operator=operator, today=today, sequence=sequence)
    invoice.save()
    settlement = _settlement(invoice, operator=operator, now=now)
    settlement.save(force_insert=True)
    audit.record(
        tenant=invoice.tenant,
        actor=None,
        what="invoice.issued",
        sentence=_ISSUED[invoice.type_code].format(operator=operator.short_name, number=invoice.number),
        subject_id=invoice.public_id,
        now=now,
        details={"gross_cents": invoice.gross_cents},
    )
    tasks.make_file.defer(invoice_id=invoice.pk)
    if settlement.state == SettlementState.PENDING:
        tasks.push_settlement.defer(settlement_id=settlement.pk)
    return True


def _referring() -> QuerySet[InvoiceLine]:
    """Lines with what `_shared` reads of them: an issue reads nothing else, and a subscription is long."""
    of_the_entry = ("tenant_id", "facts", *(f"subscription__{name}" for name in ("tenant_id", *_REFERENCES)))
    return InvoiceLine.objects.select_related("entry__subscription").only(
        "invoice_id", *(f"entry__{name}" for name in of_the_entry)
    )


def _hold_parties(invoice_id: int, operator: Operator) -> None:
    """Until the commit, nobody changes the establishments of either party."""
    buyer = Invoice.objects.filter(pk=invoice_id).values("tenant_id")
    parties = Organisation.objects.filter(Q(pk=operator.organisation_id) | Q(pk__in=buyer)).order_by("pk")
    # In a second statement than the one that reads the establishments: it must see what was committed while
    # this one waited.
    list(parties.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


_ISSUED = {
    InvoiceType.INVOICE: "{operator} a émis la facture {number}.",
    InvoiceType.CREDIT_NOTE: "{operator} a émis l’avoir {number}.",
}


def _settlement(invoice: Invoice, *, operator: Operator, now: datetime) -> Settlement:
    """How an invoice just issued is to be settled. A public issuer's accountant collects it, or reduces the
    titre. The payment provider is told of invoices only: a person gives a private issuer's credit back."""
    public = operator.issuer_kind == IssuerKind.PUBLIC
    by_hand = invoice.is_credit_note and not public
    state = SettlementState.PROPOSED if public else SettlementState.PENDING
    return Settlement(
        tenant_id=invoice.tenant_id,
        invoice=invoice,
        channel=Channel.TITRE if public else Channel.STRIPE,
        state=SettlementState.NEEDS_PERSON if by_hand else state,
        problem=GIVE_BACK if by_hand else "",
        changed_at=now,
    )


def _complete(invoice: Invoice, *, operator: Operator, today: date, sequence: int) -> None:
    """Fills in memory all that an issued invoice says beyond its lines."""
    invoice.state = InvoiceState.ISSUED
    invoice.year, invoice.sequence = today.year, sequence
    invoice.number = f"{invoice.series}{today.year}-{sequence:05d}"
    invoice.issue_date = today
    # Nobody has to pay a credit note.
    invoice.due_date = today if invoice.is_credit_note else due_date(operator=operator, issued=today)
    invoice.seller = seller_copy(operator, on=today, with_vat_number=not invoice.out_of_scope)
    invoice.buyer = {
        **party_copy(invoice.tenant, on=today, with_vat_number=not invoice.out_of_scope),
        "order_reference": _shared(invoice, "commitment_number"),
    }
    if service_code := _shared(invoice, "service_code"):
        invoice.buyer["service_code"] = service_code
    invoice.payment = payment_copy(operator, number=invoice.number)
    if invoice.is_credit_note:
        invoice.payment["instructions"] = credit_instructions(operator, invoice.corrects)
    invoice.notes = {"PMT": NOTE_PMT, "PMD": NOTE_PMD, "AAB": NOTE_AAB}
    if on_debits(line.entry for line in invoice.lines.all()):
        invoice.notes["AAI"] = NOTE_DEBITS


def _shared(invoice: Invoice, name: str) -> str:
    """The commitment number (numéro d’engagement), or the service code, when all lines share one: an invoice
    carries one only."""
    said = {_reference(line.entry, name) for line in invoice.lines.all()} - {None}
    return said.pop() if len(said) == 1 else ""


def _reference(entry: LedgerEntry, name: str) -> str | None:
    """The subscriber's, or that of whoever pays a part for it; None where the entry does not say."""
    if share := entry.facts.get("share"):
        return share[name]
    return getattr(entry.subscription, name) if entry.tenant_id == entry.subscription.tenant_id else None


def unsound_drafts(*, drafts: QuerySet[Invoice], operator: Operator, now: datetime) -> list[str]:
    """What would make a draft be refused once issued, in French, member by member; empty when all are sound.

    Asked before any number is given: a numbered invoice can only be cancelled by a credit note.
    """
    return [
        f"{draft.tenant.name} : {problem}"
        for draft, found in problems_of_drafts(drafts=drafts, operator=operator, now=now)
        for problem in found
    ]


def problems_of_drafts(
    *, drafts: QuerySet[Invoice], operator: Operator, now: datetime
) -> Iterator[tuple[Invoice, list[str]]]:
    """Each draft that would be refused once issued, and why, in French."""
    drafts = drafts.select_related("tenant", "operator", "corrects").prefetch_related(
        "lines__entry__subscription", "tenant__establishments__services"
    )
    unknown = undecided(drafts)
    for draft in drafts.iterator(chunk_size=500):
        _complete(draft, operator=operator, today=localdate(now), sequence=1)
        found = [*content_problems(document_of(draft)), *_chorus_problems(draft), *unknown.get(draft.pk, [])]
        if found:
            yield draft, found


def _chorus_problems(invoice: Invoice) -> list[str]:
    """What Chorus Pro would refuse: an invoice without the service code that its receiver wants."""
    seat = invoice.tenant.seat_on(invoice.issue_date)
    if seat is None or not seat.service_code_required or invoice.buyer["service_code"]:
        return []
    return [
        "Chorus Pro demande un code service, et aucun n’est connu. L’adhérent peut le donner dans "
        "« Mon organisation », « Établissements et Chorus Pro »."
    ]


def _next_number(*, operator: Operator, series: str, year: int) -> int:
    key = {"operator": operator, "series": series, "year": year}
    NumberCounter.objects.bulk_create([NumberCounter(**key)], ignore_conflicts=True)
    counter = NumberCounter.objects.select_for_update(of=("self",), no_key=True).get(**key)
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last


def due_date(*, operator: Operator, issued: date) -> date:
    """Public buyers pay within thirty days (CCP R2192-10), or sooner if the operator says so."""
    return issued + timedelta(days=operator.payment_days)


def party_copy(organisation: Organisation, *, on: date, with_vat_number: bool) -> dict:
    """A party as it is now, copied, with the SIRET of its head office on the day `on`. An out-of-scope
    invoice carries no VAT number (EN 16931 BR-O-02)."""
    seat = organisation.seat_on(on)
    service = seat.default_service if seat else None
    return {
        "name": organisation.name,
        "siren": organisation.siren,
        "siret": seat.siret if seat else "",
        "vat_number": organisation.vat_number if with_vat_number else "",
        "address": organisation.address,
        "postcode": organisation.postcode,
        "city": organisation.city,
        "kind": organisation.get_kind_display(),
        "service_code": service.code if service else "",
    }


def seller_copy(operator: Operator, *, on: date, with_vat_number: bool) -> dict:
    """The issuer, with whom to ask."""
    return {
        **party_copy(operator.organisation, on=on, with_vat_number=with_vat_number),
        "kind": operator.get_legal_kind_display(),
        "contact_email": operator.contact_email,
        "contact_phone": operator.contact_phone,
    }


def payment_copy(operator: Operator, *, number: str) -> dict:
    """How to pay: to the public accountant for a public issuer, to the bank account otherwise."""
    if operator.issuer_kind == IssuerKind.PUBLIC:
        instructions = (
            "À régler au comptable public après réception de l’avis des sommes à payer, "
            "par virement sur le compte du Trésor ci-dessus."
        )
    else:
        instructions = "À régler par virement, en rappelant le numéro de la facture."
    return {
        "iban": operator.iban,
        "bic": operator.bic,
        "account_name": operator.organisation.name,
        "reference": number,
        "instructions": instructions,
    }


def credit_instructions(operator: Operator, corrected: Invoice) -> str:
    """What becomes of a credit note: the public accountant reduces the titre of the invoice it corrects."""
    if operator.issuer_kind == IssuerKind.PUBLIC:
        return (
            f"Le comptable public réduit d’autant le titre de la facture {corrected.number}. "
            "Si elle est déjà payée, la somme vous est remboursée."
        )
    return (
        f"À déduire de la facture {corrected.number}. Si elle est déjà payée, la somme vous est remboursée "
        "ou vient en déduction de la suivante."
    )
