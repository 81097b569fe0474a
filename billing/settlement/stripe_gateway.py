"""The payment provider (Stripe-compatible API), through dj-stripe. The only module that calls it.

Amounts are our own, to the cent: the provider computes no price, no discount and no tax. Every request
carries an idempotency key derived from our row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import stripe
from djstripe.enums import InvoiceStatus
from djstripe.models import Customer
from djstripe.models import Invoice as StripeInvoice
from djstripe.settings import djstripe_settings

from billing.models import Invoice, Settlement
from catalog.pricing import format_percent

# A provider that hangs must not hold a worker.
stripe.default_http_client = stripe.RequestsClient(timeout=20)

PAYMENT_SETTINGS = {
    "payment_method_types": ["customer_balance"],
    "payment_method_options": {
        "customer_balance": {
            "funding_type": "bank_transfer",
            "bank_transfer": {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "FR"}},
        }
    },
}


class GatewayError(Exception):
    """The provider refused: asking again changes nothing. `str()` in French."""


class GatewayUnreachable(Exception):
    """No answer, or an error on its side: what was done there is unknown."""


@dataclass(frozen=True)
class Mirrored:
    """The provider's invoice. `final` once it may be paid, `paid` once it was."""

    external_id: str
    payment_url: str
    final: bool
    paid: bool


def find_invoice(settlement: Settlement) -> Mirrored | None:
    """The provider's invoice made for this settlement earlier, or None. Raises GatewayUnreachable."""
    customer = Customer.objects.filter(subscriber_id=settlement.tenant_id).first()
    if customer is None:
        return None
    found = _call(stripe.Invoice.list, customer=customer.id, limit=100)
    for candidate in found.auto_paging_iter():
        if _metadata(candidate).get("halle_key") == settlement.key:
            return _mirrored(candidate)
    return None


def mirror_invoice(settlement: Settlement) -> Mirrored:
    """Creates, fills and finalises the provider's invoice. Raises GatewayError or GatewayUnreachable.

    Called again after an interruption, the same keys make the provider answer what it did the first time.
    """
    invoice, key = settlement.invoice, settlement.key
    customer = _customer(settlement)
    draft = _call(
        stripe.Invoice.create,
        customer=customer.id,
        collection_method="send_invoice",
        days_until_due=max((invoice.due_date - invoice.issue_date).days, 1),
        auto_advance=False,
        currency="eur",
        number=invoice.number,
        payment_settings=PAYMENT_SETTINGS,
        metadata={
            "halle_key": key,
            "halle_number": invoice.number,
            # Whose it is, should our own record of it be lost.
            "halle_operator": invoice.operator.organisation.siren,
        },
        idempotency_key=key,
    )
    for position, (description, cents) in enumerate(_items(invoice)):
        _call(
            stripe.InvoiceItem.create,
            customer=customer.id,
            invoice=draft.id,
            amount=cents,
            currency="eur",
            description=description,
            idempotency_key=f"{key}:item:{position}",
        )
    final = _call(stripe.Invoice.finalize_invoice, draft.id, idempotency_key=f"{key}:finalize")
    StripeInvoice.sync_from_stripe_data(final)
    return _mirrored(final)


def _items(invoice: Invoice) -> list[tuple[str, int]]:
    """Our lines, then one item per VAT subtotal: their sum is our gross total."""
    lines = [(line.name, line.net_cents) for line in invoice.lines.order_by("position")]
    vat = [
        (f"TVA {format_percent(Decimal(row['rate']))}", row["vat_cents"])
        for row in invoice.vat
        if row["vat_cents"]
    ]
    return lines + vat


def _customer(settlement: Settlement) -> Customer:
    try:
        customer, _ = Customer.get_or_create(
            subscriber=settlement.invoice.tenant, livemode=djstripe_settings.STRIPE_LIVE_MODE
        )
    except stripe.StripeError as error:
        raise _translated(error) from error
    return customer


def _call(method, *args, **kwargs):
    try:
        return method(*args, api_key=djstripe_settings.STRIPE_SECRET_KEY, **kwargs)
    except stripe.StripeError as error:
        raise _translated(error) from error


def _translated(error: stripe.StripeError) -> Exception:
    final = stripe.InvalidRequestError | stripe.AuthenticationError | stripe.PermissionError
    if isinstance(error, final):
        return GatewayError("Le prestataire de paiement a refusé la facture.")
    return GatewayUnreachable("Le prestataire de paiement ne répond pas.")


def _metadata(candidate) -> dict:
    return dict(candidate.metadata or {})


def _mirrored(external) -> Mirrored:
    return Mirrored(
        external_id=external.id,
        payment_url=external.hosted_invoice_url or "",
        final=external.status != InvoiceStatus.draft,
        paid=external.status == InvoiceStatus.paid,
    )


def is_paid(external_id: str) -> bool:
    """Whether the provider itself says that this invoice is paid. Raises GatewayUnreachable."""
    return _call(stripe.Invoice.retrieve, external_id).status == InvoiceStatus.paid


@dataclass(frozen=True)
class Told:
    """What the provider says of one of its invoices, in cents. `key` and `operator` (a SIREN) are what we
    wrote on it, empty on one that is not ours; `moved_at` is its last change of state."""

    external_id: str
    key: str
    operator: str
    customer: str
    customer_name: str
    number: str
    status: str
    total_cents: int
    paid_cents: int
    moved_at: datetime

    @property
    def draft(self) -> bool:
        return self.status == InvoiceStatus.draft

    @property
    def open(self) -> bool:
        return self.status == InvoiceStatus.open

    @property
    def paid(self) -> bool:
        return self.status == InvoiceStatus.paid

    @property
    def void(self) -> bool:
        return self.status == InvoiceStatus.void


@dataclass(frozen=True)
class ToldRefund:
    """Money that the provider gave back, in cents. `payment` is what it gives back."""

    external_id: str
    amount_cents: int
    at: datetime
    payment: dict


def all_invoices() -> Iterator[Told]:
    """Every invoice of the account, newest first, page by page. Raises GatewayError, GatewayUnreachable."""
    for one in _pages(stripe.Invoice.list):
        metadata, moves = _metadata(one), one.status_transitions
        moments = (one.created, moves.finalized_at, moves.paid_at, moves.voided_at)
        yield Told(
            external_id=one.id,
            key=metadata.get("halle_key", ""),
            operator=metadata.get("halle_operator", ""),
            customer=one.customer,
            customer_name=one.customer_name or "",
            number=one.number or "",
            status=one.status,
            total_cents=one.total,
            paid_cents=one.amount_paid,
            moved_at=_moment(max(moment for moment in moments if moment)),
        )


def all_refunds() -> Iterator[ToldRefund]:
    """Every refund that succeeded, newest first. Raises GatewayError, GatewayUnreachable."""
    for one in _pages(stripe.Refund.list):
        if one.status == "succeeded":
            kind = "payment_intent" if one.payment_intent else "charge"
            payment = {"type": kind, kind: one.payment_intent or one.charge}
            yield ToldRefund(one.id, one.amount, _moment(one.created), payment)


def invoice_paid_by(payment: dict) -> str:
    """The id of the provider's invoice that a payment settled, empty when it settled none. Raises
    GatewayError, GatewayUnreachable."""
    found = _call(stripe.InvoicePayment.list, payment=payment, limit=1).data
    return found[0].invoice if found else ""


def subscriber_of(customer: str) -> int | None:
    """The organisation (its id) that is this customer of the provider; None when it is none of ours."""
    return Customer.objects.filter(id=customer).values_list("subscriber", flat=True).first()


def _pages(listing) -> Iterator:
    try:
        yield from listing(limit=100, api_key=djstripe_settings.STRIPE_SECRET_KEY).auto_paging_iter()
    except stripe.StripeError as error:
        raise _translated(error) from error


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
