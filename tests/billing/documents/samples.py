"""Whole, right invoices to start from: each test changes the one thing it is about."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from stdnum.fr import siren
from stdnum.luhn import calc_check_digit

from billing.documents import DocumentLine, InvoiceDocument, Party, PaymentTerms, VatSubtotal

REASONS = {
    "S": ("", ""),
    "E": ("Exonération de TVA, article 261 B du CGI", "VATEX-EU-132-1F"),
    "O": ("Hors champ de la TVA, article 256 B du CGI", "VATEX-EU-O"),
}
NOTES = {
    "PMT": "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement : 40 €.",
    "PMD": "Pénalités de retard : taux de la Banque centrale européenne majoré de huit points.",
    "AAB": "Pas d’escompte pour paiement anticipé.",
    "BAR": "B2B",
}


def identifiers(root: str) -> tuple[str, str, str]:
    """A SIREN, a SIRET and a VAT number with right keys, for an invented body."""
    legal_id = root + calc_check_digit(root)
    establishment = legal_id + "0001"
    return legal_id, establishment + calc_check_digit(establishment), f"FR{siren.to_tva(legal_id)}"


def seller(**changes) -> Party:
    legal_id, siret, vat_number = identifiers("25900001")
    party = Party(
        name="Syndicat mixte Numérique des Trois-Vallées",
        legal_kind="Syndicat mixte ouvert",
        legal_id=legal_id,
        siret=siret,
        vat_number=vat_number,
        address_lines=("12 rue de la Halle",),
        postcode="38000",
        city="Grenoble",
        electronic_address=legal_id,
        contact_email="facturation@trois-vallees.example",
        contact_phone="04 00 00 00 00",
    )
    return replace(party, **changes)


def buyer(**changes) -> Party:
    legal_id, siret, _ = identifiers("21380001")
    party = Party(
        name="Commune de Saint-Exemple-le-Haut",
        legal_kind="Commune",
        legal_id=legal_id,
        siret=siret,
        address_lines=("Mairie", "1 place de l’Église"),
        postcode="38999",
        city="Saint-Exemple-le-Haut",
        electronic_address=legal_id,
    )
    return replace(party, **changes)


def line(number: int = 1, **changes) -> DocumentLine:
    """A line whose amount is its quantity times its price, unless `net_cents` says otherwise."""
    values = {
        "id": str(number),
        "name": "Cantine et périscolaire",
        "quantity": Decimal(860),
        "unit_label": "habitants",
        "unit_price": Decimal("0.75"),
        "vat_category": "S",
        "vat_rate": Decimal("20.00"),
        "steps": (
            "860 habitants (population totale 2023, en vigueur au 1er janvier 2026) × 0,75 € = 645,00 €",
        ),
    } | changes
    net = (values["quantity"] * values["unit_price"] * 100).quantize(Decimal(1), ROUND_HALF_UP)
    return DocumentLine(**{"net_cents": int(net)} | values)


def subtotals(lines: tuple[DocumentLine, ...]) -> tuple[VatSubtotal, ...]:
    bases = defaultdict(int)
    for item in lines:
        bases[item.vat_category, item.vat_rate] += item.net_cents
    made = []
    for (category, rate), base in bases.items():
        vat = (Decimal(base) * rate / 100).quantize(Decimal(1), ROUND_HALF_UP)
        reason, code = REASONS.get(category, ("", ""))
        made.append(
            VatSubtotal(
                category=category,
                rate=rate,
                base_cents=base,
                vat_cents=int(vat),
                reason=reason,
                reason_code=code,
            )
        )
    return tuple(made)


def invoice(*lines: DocumentLine, **changes) -> InvoiceDocument:
    lines = lines or (line(),)
    vat = subtotals(lines)
    net = sum(item.net_cents for item in lines)
    tax = sum(item.vat_cents for item in vat)
    values = {
        "number": "F2026-0042",
        "issue_date": date(2026, 11, 21),
        "due_date": date(2026, 11, 21) + timedelta(days=30),
        "period_start": date(2026, 1, 1),
        "period_end": date(2027, 1, 1),
        "seller": seller(),
        "buyer": buyer(),
        "buyer_reference": "FINANCES",
        "order_reference": "ENG-2026-118",
        "contract_reference": "CONV-2024-07",
        "lines": lines,
        "vat": vat,
        "net_cents": net,
        "vat_cents": tax,
        "gross_cents": net + tax,
        "payment": PaymentTerms(
            iban="FR7630001007941234567890185",
            bic="BDFEFRPP",
            account_name="Syndicat mixte Numérique des Trois-Vallées",
            reference="F2026-0042",
            instructions="Paiement à 30 jours par virement au compte du comptable public.",
        ),
        "notes": NOTES,
        "title": "Services numériques mutualisés, année 2026",
    } | changes
    return InvoiceDocument(**values)


def exempt_line(number: int = 1, **changes) -> DocumentLine:
    return line(number, vat_category="E", vat_rate=Decimal(0), **changes)


def shared_line(number: int = 1, **changes) -> DocumentLine:
    """Exempt by article 261 B of the CGI: see `shared_vat`."""
    return exempt_line(number, **changes)


def shared_vat(*lines: DocumentLine) -> tuple[VatSubtotal, ...]:
    base = sum(item.net_cents for item in lines or (shared_line(),))
    reason = "Exonération de TVA, article 261 B du CGI : part exacte des dépenses communes"
    return (
        VatSubtotal(
            category="E", rate=Decimal(0), base_cents=base, vat_cents=0, reason=reason,
            reason_code="VATEX-FR-CGI261B",
        ),
    )  # fmt: skip


def out_of_scope_line(number: int = 1, **changes) -> DocumentLine:
    return line(number, vat_category="O", vat_rate=Decimal(0), **changes)


def credit_note(**changes) -> InvoiceDocument:
    values = {
        "number": "A2026-0003",
        "type_code": "381",
        "preceding_number": "F2026-0042",
        "preceding_date": date(2026, 11, 21),
        "title": "Résiliation au 30 juin 2026",
        "payment": PaymentTerms(
            iban="FR7630001007941234567890185",
            instructions="Cet avoir vient en déduction de votre prochaine facture.",
        ),
    } | changes
    return invoice(**values)


def long_invoice(count: int = 60) -> InvoiceDocument:
    """Many lines, hostile names, several rates."""
    names = (
        'Signature & parapheur <électronique> #1 *gras* _souligné_ $x$ @y `z` [w] \\n "guillemets"',
        "Rendez-vous d’état civil 🎉 – fête «\u202fdu\u202f» numérique ✅",
        "M" * 120 + " " + "désignation très longue " * 3,
        "Cantine // commentaire /* autre */ ~ = titre\n- liste\n+ numéro",
    )
    rates = (Decimal("20.00"), Decimal("5.50"))
    return invoice(
        *(
            line(
                number,
                name=names[number % 4],
                vat_rate=rates[number % 2],
                unit_price=Decimal("0.12345"),
            )
            for number in range(1, count + 1)
        )
    )
