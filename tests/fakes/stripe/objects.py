"""Stripe's objects, built with every field its specification requires and the ones dj-stripe reads.

Amounts are integer cents, times are Unix seconds. `judge.wrong_answers` holds these shapes against the
specification, so a field missing here fails a test.
"""

from .store import new_id

API_VERSION = "2026-08-26.dahlia"
ACCOUNT_ID = "acct_1HalleFakeAccount00"


def account():
    """The account behind the API key: what `GET /v1/account` answers."""
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_profile": {"name": "Halle – compte de démonstration", "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "FR",
        "created": 1767225600,
        "default_currency": "eur",
        "details_submitted": True,
        "email": "paiements@halle.example",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
            "card_payments": {"decline_on": {"avs_failure": True, "cvc_failure": True}},
            "dashboard": {"display_name": "Halle (démonstration)", "timezone": "Europe/Paris"},
            "payments": {"statement_descriptor": "HALLE"},
        },
        "type": "standard",
    }


def listing(url, data, *, has_more=False):
    """A proper `list` object; the SDK refuses to page through anything else."""
    return {"object": "list", "url": url, "data": data, "has_more": has_more}


def customer(params, *, now):
    """A new customer; `params` are the caller's, already decoded."""
    settings = params.get("invoice_settings") or {}
    return {
        "id": new_id("cus"),
        "object": "customer",
        "address": params.get("address"),
        "balance": 0,
        "created": now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "email": params.get("email"),
        "invoice_prefix": params.get("invoice_prefix") or new_id("x")[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": settings.get("footer"),
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "name": params.get("name"),
        "next_invoice_sequence": 1,
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales") or [],
        "shipping": None,
        "tax_exempt": params.get("tax_exempt") or "none",
        "test_clock": None,
    }


def invoice_item(params, *, amount, quantity, now):
    """A new invoice item of `amount` cents; pending until attached to an invoice."""
    period = params.get("period") or {}
    return {
        "id": new_id("ii"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": params["currency"].lower(),
        "customer": params["customer"],
        "date": now,
        "description": params.get("description"),
        "discountable": params.get("discountable", "true") == "true",
        "discounts": [],
        "invoice": params.get("invoice"),
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "net_amount": amount,
        "parent": None,
        "period": {"start": int(period.get("start", now)), "end": int(period.get("end", now))},
        "pricing": None,
        "proration": False,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": None,
    }


def line(item):
    """The invoice line that shows an invoice item."""
    return {
        "id": "il_" + item["id"].removeprefix("ii_"),
        "object": "line_item",
        "amount": item["amount"],
        "currency": item["currency"],
        "description": item["description"],
        "discount_amounts": [],
        "discountable": item["discountable"],
        "discounts": [],
        "invoice": item["invoice"],
        "livemode": False,
        "metadata": item["metadata"],
        "parent": {
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": False,
                "proration_details": None,
                "subscription": None,
            },
            "subscription_item_details": None,
        },
        "period": item["period"],
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": item["quantity"],
        "quantity_decimal": item["quantity_decimal"],
        "subtotal": item["amount"],
        "taxes": [],
    }


def invoice(params, *, payer, now):
    """A new, empty draft invoice to `payer` (a customer object)."""
    return {
        "id": (invoice_id := new_id("in")),
        "object": "invoice",
        "account_country": "FR",
        "account_name": "Halle (démonstration)",
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": params.get("auto_advance") == "true",
        "automatic_tax": {
            "enabled": False,
            "liability": None,
            "status": None,
            "disabled_reason": None,
            "provider": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": params.get("collection_method") or "charge_automatically",
        "created": now,
        "currency": (params.get("currency") or "eur").lower(),
        "custom_fields": params.get("custom_fields") or None,
        "customer": payer["id"],
        "customer_address": payer["address"],
        "customer_email": payer["email"],
        "customer_name": payer["name"],
        "customer_phone": payer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": payer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": params.get("description"),
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": params.get("footer"),
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listing(f"/v1/invoices/{invoice_id}/lines", []),
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "next_payment_attempt": None,
        "number": params.get("number"),
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
            **(params.get("payment_settings") or {}),
        },
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": dict.fromkeys(
            ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
        ),
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def balance_transaction(paid_invoice, *, now):
    """The money of a transfer that settled `paid_invoice`."""
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": paid_invoice["amount_paid"],
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": paid_invoice["currency"],
        "description": f"Virement – facture {paid_invoice['number']}",
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": paid_invoice["amount_paid"],
        "reporting_category": "charge",
        "source": None,
        "status": "available",
        "type": "payment",
    }


def invoice_payment(paid_invoice, *, now):
    """What links `paid_invoice` to the payment that settled it."""
    return {
        "id": new_id("inpay"),
        "object": "invoice_payment",
        "amount_overpaid": 0,
        "amount_paid": paid_invoice["amount_paid"],
        "amount_requested": paid_invoice["amount_due"],
        "created": now,
        "currency": paid_invoice["currency"],
        "invoice": paid_invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": new_id("pi")},
        "status": "paid",
        "status_transitions": {"canceled_at": None, "paid_at": now},
    }


def refund(payment, *, amount, status, now):
    """`amount` cents of `payment` (an invoice payment) given back."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": None,
        "created": now,
        "currency": payment["currency"],
        "metadata": {},
        "payment_intent": payment["payment"]["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def event(kind, subject, *, now, request_id=None, idempotency_key=None):
    """An event carrying a copy of `subject` as it is at this moment."""
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": subject},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": request_id, "idempotency_key": idempotency_key},
        "type": kind,
    }
