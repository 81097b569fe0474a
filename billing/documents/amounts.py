"""Does the invoice add up? Lines, VAT per category and rate, totals (EN 16931 BR-CO-10 to 17, BR-S, E, O)."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

from billing.documents import french
from billing.documents.document import CREDIT_NOTE, DocumentLine, InvoiceDocument, VatSubtotal

# Rates in force in France, the overseas and Corsican ones included; 0 is for the categories without VAT.
_RATES = frozenset(Decimal(rate) for rate in ("20", "10", "8.5", "5.5", "2.1", "1.75", "1.05", "0.9", "13"))
_QUANTITY_DECIMALS = 4  # BR-FR-DEC-04
_PRICE_DECIMALS = 8


def amount_problems(document: InvoiceDocument) -> list[str]:
    """What does not add up, one French sentence each."""
    return [
        *_lines(document.lines),
        *_categories(document),
        *_subtotals(document),
        *_totals(document),
    ]


def _lines(lines: tuple[DocumentLine, ...]) -> Iterator[str]:
    if not lines:
        yield "La facture n’a aucune ligne."
    for line_id, count in Counter(line.id for line in lines).items():
        if count > 1:
            yield f"Deux lignes portent le même identifiant « {line_id} »."
    for line in lines:
        place = f"Ligne {line.id}{french.NARROW}:"
        if not line.name.strip():
            yield f"{place} la désignation manque."
        if _decimals(line.quantity) > _QUANTITY_DECIMALS:
            yield f"{place} la quantité a plus de quatre décimales."
        if line.unit_price < 0:
            yield f"{place} le prix unitaire est négatif{french.NARROW}; c’est la quantité qui doit l’être."
        if _decimals(line.unit_price) > _PRICE_DECIMALS:
            yield f"{place} le prix unitaire a plus de huit décimales."
        expected = french.cents(line.quantity * line.unit_price)
        if expected != line.net_cents:
            yield (
                f"{place} {french.number(line.quantity)} × {french.unit_price(line.unit_price)} "
                f"font {french.euros(expected)} et non {french.euros(line.net_cents)}."
            )
        yield from _rate_problems(line.vat_category, line.vat_rate, place)


def _categories(document: InvoiceDocument) -> Iterator[str]:
    if document.out_of_scope and any(line.vat_category != "O" for line in document.lines):
        yield "Des lignes hors champ de la TVA ne partagent pas une facture avec d’autres lignes."


def _subtotals(document: InvoiceDocument) -> Iterator[str]:
    bases: dict[tuple[str, Decimal], int] = defaultdict(int)
    for line in document.lines:
        bases[line.vat_category, line.vat_rate] += line.net_cents
    kept = Counter((subtotal.category, subtotal.rate) for subtotal in document.vat)
    if set(bases) != set(kept) or any(count > 1 for count in kept.values()):
        yield "Le tableau de TVA n’a pas exactement une ligne par catégorie et par taux."
    for subtotal in document.vat:
        base = bases.get((subtotal.category, subtotal.rate))
        yield from _subtotal(subtotal, base, credit=document.type_code == CREDIT_NOTE)


def _subtotal(subtotal: VatSubtotal, base_cents: int | None, *, credit: bool) -> Iterator[str]:
    place = f"TVA {subtotal.category} {french.percent(subtotal.rate)}{french.NARROW}:"
    if base_cents is not None and base_cents != subtotal.base_cents:
        yield (
            f"{place} la base est {french.euros(subtotal.base_cents)}, "
            f"la somme des lignes {french.euros(base_cents)}."
        )
    # Once on the sum of the lines, never line by line: 3 × 0,33 € at 20 % is 0,20 €, not 0,21 €.
    expected = french.cents(Decimal(subtotal.base_cents) / 100 * subtotal.rate / 100)
    # Several credit notes of one invoice, each rounded, never give back more tax than it had.
    allowed = (expected, expected - 1) if credit else (expected,)
    if subtotal.vat_cents not in allowed:
        yield (f"{place} {french.euros(expected)} de TVA attendus et non {french.euros(subtotal.vat_cents)}.")
    yield from _rate_problems(subtotal.category, subtotal.rate, place)
    if subtotal.category in ("E", "O") and not subtotal.reason.strip():
        yield f"{place} la raison de l’absence de TVA manque."
    if subtotal.category == "S" and (subtotal.reason or subtotal.reason_code):
        yield f"{place} une ligne taxée ne porte pas de raison d’exonération."


def _rate_problems(category: str, rate: Decimal, place: str) -> Iterator[str]:
    if category == "S":
        if rate not in _RATES:
            yield f"{place} {french.percent(rate)} n’est pas un taux de TVA français."
    elif category in ("E", "O"):
        if rate != 0:
            yield f"{place} sans TVA, le taux doit être zéro."
    else:
        yield f"{place} catégorie de TVA « {category} » inconnue."


def _totals(document: InvoiceDocument) -> Iterator[str]:
    if document.net_cents != sum(line.net_cents for line in document.lines):
        yield "Le total HT n’est pas la somme des lignes."
    if document.vat_cents != sum(subtotal.vat_cents for subtotal in document.vat):
        yield "Le total de TVA n’est pas la somme du tableau de TVA."
    if document.gross_cents != document.net_cents + document.vat_cents:
        yield "Le total TTC n’est pas le total HT plus la TVA."


def _decimals(value: Decimal) -> int:
    return max(0, -int(value.normalize().as_tuple().exponent))
