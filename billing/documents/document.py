"""What an invoice says, frozen: the only input of the documents.

Amounts are integer cents, positive also on a credit note (its type code turns the sign).
Periods are half-open: `period_end` is the first day *after* the period.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

INVOICE = "380"
CREDIT_NOTE = "381"
CORRECTIVE = "384"
# CGI annexe II, article 242 nonies A: word for word.
NOTE_DEBITS = "Option pour le paiement de la taxe d’après les débits"


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """A seller or a buyer. `legal_id` is its SIREN (9 digits), `siret` its establishment (14 digits)."""

    name: str
    legal_id: str
    siret: str
    address_lines: tuple[str, ...]
    postcode: str
    city: str
    country: str = "FR"
    vat_number: str | None = None
    # The address in the e-invoicing directory: the SIREN, or SIREN_SIRET, or SIREN_SIRET_code.
    electronic_address: str = ""
    electronic_scheme: str = "0225"
    service_code: str | None = None
    contact_email: str = ""
    contact_phone: str = ""
    legal_kind: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentLine:
    """One line. `steps` are the sentences of its calculation; `unit_label` is shown beside the quantity.

    `unit_code` is UN/ECE Recommendation 20 ("C62" one, "LS" lump sum, "MON" month, "ANN" year);
    inhabitants have no code of their own: "C62" with `unit_label="habitants"`.
    """

    id: str
    name: str
    quantity: Decimal
    unit_price: Decimal
    net_cents: int
    vat_category: str
    vat_rate: Decimal
    unit_code: str = "C62"
    unit_label: str = ""
    description: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VatSubtotal:
    """The VAT of one category and rate. `reason` and `reason_code` (VATEX list) when there is no VAT."""

    category: str
    rate: Decimal
    base_cents: int
    vat_cents: int
    reason: str = ""
    reason_code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentTerms:
    """How to pay. `means` is UNTDID 4461: "30" credit transfer, and then `iban` is needed."""

    means: str = "30"
    iban: str | None = None
    bic: str | None = None
    account_name: str = ""
    reference: str = ""
    instructions: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceDocument:
    """One issued invoice ("380"), credit note ("381") or corrective invoice ("384"), in full.

    `notes` maps UNTDID 4451 codes to their text: PMT, PMD and AAB are mandatory, BAR is for the platforms
    only and not shown; NOTE_DEBITS is told under AAI. `buyer_reference` is the *code service*,
    `order_reference` the *numéro d'engagement*.
    """

    number: str
    issue_date: date
    due_date: date
    seller: Party
    buyer: Party
    period_start: date
    period_end: date
    lines: tuple[DocumentLine, ...]
    vat: tuple[VatSubtotal, ...]
    net_cents: int
    vat_cents: int
    gross_cents: int
    payment: PaymentTerms
    notes: Mapping[str, str] = field(default_factory=dict)
    type_code: str = INVOICE
    currency: str = "EUR"
    business_process: str = "S1"
    buyer_reference: str | None = None
    order_reference: str | None = None
    contract_reference: str | None = None
    preceding_number: str | None = None
    preceding_date: date | None = None
    title: str = ""

    @property
    def last_day(self) -> date:
        """The last day of the period, included: what the document shows and writes."""
        return self.period_end - timedelta(days=1)

    @property
    def out_of_scope(self) -> bool:
        """True when any line is outside VAT (category O): then no VAT number may appear at all."""
        return any(line.vat_category == "O" for line in self.lines)

    @property
    def on_debits(self) -> bool:
        """Whether the tax is due when invoiced (BT-8), by an option that a note tells."""
        return NOTE_DEBITS in self.notes.values()

    @property
    def service_code(self) -> str | None:
        """The Chorus Pro *code service* of the buyer, as BT-10."""
        return self.buyer_reference or self.buyer.service_code
