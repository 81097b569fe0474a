"""An invoice as the templates show it: lines with their calculation, VAT, totals, parties."""

from decimal import Decimal

from billing.collecting.queries import Collected, collected
from billing.models import Invoice, SettlementState
from marketplace.web.formats import day, format_cents, format_percent
from marketplace.web.operator.forms import capitalised
from tenants.identifiers import grouped

SETTLEMENT_BADGES = {
    SettlementState.PENDING: "neutral",
    SettlementState.STARTED: "info",
    SettlementState.PUSHED: "info",
    SettlementState.PROPOSED: "info",
    SettlementState.PAID: "success",
    SettlementState.NEEDS_PERSON: "warning",
}


def invoice_breakdown(invoice: Invoice) -> dict:
    """For components/price_breakdown.html, from the invoice's own copies. `invoice.lines` in order."""
    taxed = [row for row in invoice.vat if row["category"] == "S"]
    untaxed = [row for row in invoice.vat if row["category"] != "S"]
    only_untaxed = not taxed and len(untaxed) == 1
    return {
        "lines": [
            {"label": line.name, "steps": line.steps, "amount": format_cents(line.net_cents)}
            for line in invoice.lines.all()
        ],
        "total_ht": format_cents(invoice.net_cents),
        "vat_lines": [] if only_untaxed else [_vat_line(row) for row in [*taxed, *untaxed]],
        "vat_note": untaxed[0]["reason"] if only_untaxed else "",
        "total_ttc": format_cents(invoice.gross_cents),
        "total_label": "Total de l’avoir" if invoice.is_credit_note else "",
    }


def _vat_line(row: dict) -> dict:
    base, vat = format_cents(row["base_cents"]), format_cents(row["vat_cents"])
    if row["category"] == "S":
        return {"label": f"TVA {format_percent(Decimal(row['rate']))} sur {base}", "amount": vat}
    return {"label": f"Sans TVA sur {base} ({row['reason']})", "amount": vat}


def party(copy: dict) -> list[dict]:
    """For components/facts.html: a party as it was copied on the invoice."""
    facts = [
        {"label": "Nom", "value": copy["name"], "note": copy["kind"]},
        {"label": "SIRET", "value": grouped(copy["siret"]) or "—"},
        {"label": "Adresse", "value": f"{copy['address']}, {copy['postcode']} {copy['city']}"},
    ]
    if copy["vat_number"]:
        facts.append({"label": "Numéro de TVA", "value": copy["vat_number"]})
    if copy["service_code"]:
        facts.append({"label": "Code service", "value": copy["service_code"]})
    if copy.get("order_reference"):
        facts.append({"label": "Numéro d’engagement", "value": copy["order_reference"]})
    return facts


def iban_in_words(iban: str) -> str:
    """ "FR76 1007 1750 …": by four, and may go to the next line."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


def settlement_badge(settlement) -> dict:
    """{state, label} for components/badge.html."""
    return {
        "state": SETTLEMENT_BADGES[settlement.state],
        "label": capitalised(settlement.in_words),
    }


def asks_person(settlement) -> bool:
    """Whether nothing goes on by itself any more: the provider refused the invoice."""
    return settlement.state == SettlementState.NEEDS_PERSON and not settlement.invoice.is_credit_note


def titre_facts(found: Collected) -> list[dict]:
    """For components/facts.html: the titre that the finance software issued, and what was paid on it."""
    facts = [{"label": "Chez le comptable public", "value": str(found.titre)}] if found.titre else []
    return facts + [
        {"label": "Paiement reçu", "value": format_cents(payment.cents), "note": day(payment.on)}
        for payment in found.payments
    ]


def settlement_facts(invoice: Invoice) -> list[dict]:
    """For components/facts.html: how the invoice is to be collected and how far that has come. `invoice` as
    `billing.collecting.queries.with_collected` reads it."""
    settlement = invoice.settlement
    facts = [{"label": "Moyen", "value": capitalised(settlement.get_channel_display())}]
    facts += titre_facts(collected(invoice))
    if settlement.external_id:
        facts.append({"label": "Référence du prestataire", "value": settlement.external_id})
    if settlement.payment_url:
        facts.append(
            {
                "label": "Page de paiement",
                "value": "Ouvrir la page de paiement",
                "url": settlement.payment_url,
            }
        )
    facts.append({"label": "État depuis le", "value": day(settlement.changed_at)})
    if settlement.paid_at:
        facts.append(
            {
                "label": "Réglé le" if settlement.invoice.is_credit_note else "Payée le",
                "value": day(settlement.paid_at),
            }
        )
    return facts
