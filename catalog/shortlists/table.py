"""Snapshots side by side, as the rows of one table: on a page while choosing, in the file once chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.finding.phrases import rating_words
from catalog.models import ClaimTopic
from catalog.pricing import format_cents, format_number, format_percent, to_cents
from catalog.pricing.quote import Quote
from tenants.days import in_words
from tenants.identifiers import grouped

UNKNOWN = "Non précisé"
POPULATIONS = {
    "municipale": "population municipale",
    "totale": "population totale",
    "dgf": "population DGF",
}


@dataclass(frozen=True)
class Cell:
    """What one service says on one line. `note` is small, below; `level` that of a claim."""

    text: str = ""
    note: str = ""
    level: str = ""
    level_label: str = ""


@dataclass(frozen=True)
class Row:
    label: str
    cells: list[Cell]


@dataclass(frozen=True)
class Calculation:
    """How one price came about. `lines`: (label, steps, amount)."""

    name: str
    lines: list[tuple[str, list[str], str]]
    totals: list[tuple[str, str]]


def rows(found: Sequence[dict], notes: Sequence[str] = ()) -> list[Row]:
    """One line a fact, one cell a snapshot: lines on which no service says anything are left out. `notes`:
    the observations on each."""
    lines: list[tuple[str, Callable[[dict], Cell]]] = [
        (price_label(found), lambda one: _price(one["price"])),
        *([("Prix des années suivantes", _following)] if _first_year_apart(found) else []),
        ("Prix par habitant", lambda one: _per_inhabitant(one["price"])),
        ("Prix public de l’éditeur", _list_price),
        ("Éditeur", lambda one: Cell(one["vendor"], f"SIREN {grouped(one['vendor_siren'])}")),
        ("Famille", lambda one: Cell(one["family"])),
        ("Pour qui", lambda one: Cell(_sentence(one["eligibility"]) or "Toutes les collectivités")),
        ("Hébergement", lambda one: Cell(one["hosting"])),
        ("Licence", lambda one: Cell(one["licence"], one["licence_spdx"])),
        ("Ouverture", lambda one: Cell(_sentence(one["connector"]))),
        ("Prérequis", lambda one: Cell(", ".join(one["prerequisites"]))),
        ("Conditions de l’opérateur", lambda one: Cell(one["terms"])),
        ("Satisfaction", lambda one: Cell(rating_words(one["rating"]["sum"], one["rating"]["count"]))),
        *((topic.label, lambda one, topic=topic: _claim(one, topic)) for topic in ClaimTopic),
    ]
    table = [Row(label, [cell(one) for one in found]) for label, cell in lines]
    if any(notes):
        table.append(Row("Nos observations", [Cell(note or "Aucune") for note in notes]))
    return [
        Row(row.label, [cell if cell.text else Cell(UNKNOWN) for cell in row.cells])
        for row in table
        if any(cell.text for cell in row.cells)
    ]


def price_label(found: Sequence[dict]) -> str:
    """What the first price of each is: that of every year unless one of them prices the first year apart."""
    return "Prix de la première année" if _first_year_apart(found) else "Prix par an"


def calculation(one: dict) -> Calculation | None:
    """The calculation of a snapshot's price; None when it has none."""
    price = one["price"]
    if "problem" in price:
        return None
    quote = Quote.from_dict(price["quote"])
    return Calculation(
        one["name"],
        [(line.label, line.steps, format_cents(line.amount_cents)) for line in quote.lines],
        _totals(price),
    )


def _totals(price: dict) -> list[tuple[str, str]]:
    gross = format_cents(price["gross_cents"])
    if price["vat_category"] != "S":
        return [("Total", gross), ("Sans TVA :", price["vat_reason"])]
    return [
        ("Total HT", format_cents(price["net_cents"])),
        (f"TVA {format_percent(Decimal(price['vat_rate']))}", format_cents(price["vat_cents"])),
        ("Total TTC", gross),
    ]


def population_words(one: dict) -> str:
    """ "860 habitants (population totale 2023)": what the price was computed from; "" when nothing was."""
    population = one["price"].get("population")
    if not population:
        return ""
    kind = POPULATIONS[population["kind"]]
    return f"{format_number(population['value'])} habitants ({kind} {population['reference_year']})"


def _price(price: dict) -> Cell:
    if "problem" in price:
        return Cell("Pas de prix", price["problem"])
    if not price["vat_cents"]:
        return Cell(format_cents(price["gross_cents"]), price["vat_reason"])
    net = format_cents(price["net_cents"])
    return Cell(f"{format_cents(price['gross_cents'])} TTC", f"{net} HT")


def _first_year_apart(found: Sequence[dict]) -> bool:
    return any(one["price"].get("following_net_cents") != one["price"].get("net_cents") for one in found)


def _following(one: dict) -> Cell:
    price = one["price"]
    if "problem" in price:
        return Cell()
    gross = price["following_net_cents"] + price["following_vat_cents"]
    return Cell(f"{format_cents(gross)} TTC" if price["vat_cents"] else format_cents(gross))


def _per_inhabitant(price: dict) -> Cell:
    population = price.get("population")
    if not population or not population["value"]:
        return Cell()
    return Cell(format_cents(to_cents(Decimal(price["gross_cents"]) / 100 / population["value"])))


def _list_price(one: dict) -> Cell:
    listed, pooled = one["list_price"], one["price"]
    if not listed or "problem" in listed:
        return Cell()
    saved = listed["gross_cents"] - pooled.get("gross_cents", listed["gross_cents"])
    share = format_percent(saved * 100 // listed["gross_cents"]) if saved > 0 else ""
    note = f"{format_cents(saved)} de moins ensemble ({share})" if saved > 0 else ""
    return Cell(_price(listed).text, note)


def _claim(one: dict, topic: str) -> Cell:
    claim = next((claim for claim in one["claims"] if claim["topic"] == topic), None)
    if claim is None:
        return Cell()
    dates = [f"déclaré le {_day(claim['made_on'])}"]
    if claim["checked_on"]:
        dates.append(f"relu le {_day(claim['checked_on'])}")
    if claim["valid_until"]:
        dates.append(f"valable jusqu’au {_day(claim['valid_until'])}")
    return Cell(claim["text"], ", ".join(dates), claim["level"], claim["level_label"])


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _day(text: str) -> str:
    return in_words(date.fromisoformat(text))
