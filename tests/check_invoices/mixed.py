"""A run of invoices of every kind, drawn from a seed: the same ones each time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from billing.documents import DocumentLine, InvoiceDocument, Party, PaymentTerms
from billing.documents.document import NOTE_DEBITS
from tests.billing.documents import samples

RATES = tuple(Decimal(rate) for rate in ("20.00", "8.50", "10.00", "5.50", "2.10"))
NAMES = (
    "Commune de Saint-Exemple-le-Haut",
    'Régie « Eaux & Forêts » <annexe> "nord"',
    "Fête 🎉 du numérique ✅ – été",
    "Communauté d’agglomération de " + "Très-Longue-Vallée-" * 8,
    "L’Haÿ-les-Roses, Œuilly & Ÿ",
    "M" * 200,
)
SERVICES = (
    "Cantine et périscolaire – habitants",
    "Signature & parapheur <électronique> #1 *gras* $x$ @y `z`",
    "Part de Sainte-Ève (40 %) de l’abonnement d’Évran : Cantine – reste à votre charge",
    "🎉 " + "désignation " * 16,
    "Régularisation 2025 du prix mutualisé",
)


def mixed(count: int, *, seed: int = 2027) -> Iterator[InvoiceDocument]:
    """`count` invoices, each kind in turn."""
    rng = Random(seed)
    kinds = list(KINDS.values())
    for rank in range(count):
        document = kinds[rank % len(kinds)](rng)
        number = f"{'A' if document.type_code == '381' else 'F'}2026-{rank + 1:05d}"
        issued = date(2026, 1, 1) + timedelta(days=rng.randrange(364))
        yield replace(
            document,
            number=number,
            issue_date=issued,
            due_date=issued + timedelta(days=rng.choice((0, 20, 30))),
            preceding_date=document.preceding_date and date(2025, 12, 31),
            buyer=_buyer(rng),
        )


def _buyer(rng: Random) -> Party:
    legal_id, siret, _ = samples.identifiers(f"2{rng.randrange(10**7):07d}")
    return samples.buyer(
        name=rng.choice(NAMES)[:200],
        legal_id=legal_id,
        siret=siret,
        electronic_address=legal_id,
        address_lines=tuple(rng.sample(("Mairie", "Bâtiment B & C", "1 place <de l’Église>", "BP 12"), 3)),
        postcode=rng.choice(("38999", "20000", "97400", "97300")),
        service_code=rng.choice((None, "FINANCES")),
    )


def _line(rng: Random, number: int, **changes) -> DocumentLine:
    quantity, price = rng.choice(
        (
            (
                Decimal(rng.randrange(1, 90_000)),
                Decimal(rng.randrange(1, 10**6)) / 10 ** rng.choice((2, 5, 8)),
            ),
            (Decimal(1), Decimal(rng.randrange(1, 10**7)) / 100),
            (Decimal(rng.randrange(1, 10**6)) / 10_000, Decimal("0.33")),
        )
    )
    return samples.line(
        number,
        name=rng.choice(SERVICES)[:200],
        quantity=quantity,
        unit_price=price,
        unit_label=rng.choice(("habitants", "forfait", "agents")),
        steps=tuple(f"Étape {step} : 1 234 × 0,75 € & <b>" for step in range(rng.randrange(4))),
        **changes,
    )


def _taxed(rng: Random) -> InvoiceDocument:
    count = rng.randrange(1, 9)
    return samples.invoice(*(_line(rng, n, vat_rate=rng.choice(RATES)) for n in range(1, count + 1)))


def _exempt(rng: Random) -> InvoiceDocument:
    lines = tuple(_line(rng, n, vat_category="E", vat_rate=Decimal(0)) for n in range(1, rng.randrange(2, 6)))
    return samples.invoice(*lines, vat=samples.shared_vat(*lines))


def _out_of_scope(rng: Random) -> InvoiceDocument:
    lines = (_line(rng, n, vat_category="O", vat_rate=Decimal(0)) for n in range(1, rng.randrange(2, 6)))
    return samples.invoice(*lines)


def _taxed_and_exempt(rng: Random) -> InvoiceDocument:
    return samples.invoice(
        _line(rng, 1, vat_rate=rng.choice(RATES)), _line(rng, 2, vat_category="E", vat_rate=Decimal(0))
    )


def _with_a_negative_line(rng: Random) -> InvoiceDocument:
    back = samples.line(2, name=SERVICES[-1], quantity=Decimal(-1), unit_price=Decimal("0.05"))
    return samples.invoice(samples.line(1, quantity=Decimal(rng.randrange(1, 900))), back)


def _on_debits(rng: Random) -> InvoiceDocument:
    return samples.invoice(_line(rng, 1), notes=samples.NOTES | {"AAI": NOTE_DEBITS})


def _three_thirds(rng: Random) -> InvoiceDocument:
    thirds = (samples.line(n, quantity=Decimal(1), unit_price=Decimal("0.33")) for n in (1, 2, 3))
    return samples.invoice(*thirds)


def _bare(rng: Random) -> InvoiceDocument:
    """No reference, no VAT number of the seller, no e-mail: the least an exempt invoice says."""
    found = _exempt(rng)
    seller = samples.seller(vat_number=None, contact_email="", contact_phone="", legal_kind="")
    bare = {"buyer_reference": None, "order_reference": None, "contract_reference": None, "title": ""}
    return replace(found, seller=seller, **bare)


def _credit(rng: Random, of: Callable[[Random], InvoiceDocument], type_code: str = "381") -> InvoiceDocument:
    payment = PaymentTerms(
        iban=samples.invoice().payment.iban, instructions="À déduire de la facture F2025-00042 & suivantes."
    )
    return replace(
        of(rng),
        type_code=type_code,
        preceding_number="F2025-00042",
        preceding_date=date(2025, 12, 31),
        payment=payment,
    )


KINDS: dict[str, Callable[[Random], InvoiceDocument]] = {
    "taxed, several rates": _taxed,
    "exempt, article 261 B": _exempt,
    "out of scope": _out_of_scope,
    "taxed and exempt": _taxed_and_exempt,
    "negative line": _with_a_negative_line,
    "on debits": _on_debits,
    "three thirds": _three_thirds,
    "bare": _bare,
    "credit note": lambda rng: _credit(rng, _taxed),
    "credit note, exempt": lambda rng: _credit(rng, _exempt),
    "credit note, out of scope": lambda rng: _credit(rng, _out_of_scope),
    "corrective": lambda rng: _credit(rng, _taxed, "384"),
}
