"""What surrounds a grid, checked: its first day, its VAT, its free trial."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.grids.refusals import TermsInvalid
from catalog.models import MOST_TRIAL_DAYS, Listing, PriceGrid, ShelfRules, VatCategory
from tenants.models import Operator
from tenants.models.operator import VatRegime

YEARS_AHEAD = 5
MAX_REASON, MAX_NOTE = 200, 500
LOWEST_RATE = Decimal("0.9")

# What an operator's own VAT position says of its prices. The reason is printed on invoices (BT-120).
PROPOSED = {
    VatRegime.OUT_OF_SCOPE: (
        VatCategory.OUT_OF_SCOPE,
        Decimal(0),
        "Activité hors champ de la TVA, article 256 B du CGI",
    ),
    VatRegime.EXEMPT: (VatCategory.EXEMPT, Decimal(0), "Exonération de TVA, article 261 B du CGI"),
    VatRegime.FRANCHISE: (VatCategory.EXEMPT, Decimal(0), "TVA non applicable, article 293 B du CGI"),
    VatRegime.STANDARD: (VatCategory.STANDARD, Decimal(20), ""),
}


@dataclass(frozen=True)
class GridTerms:
    """All that a draft holds. `definition` and `list_definition` are what `catalog.pricing.parse_grid` reads;
    `vat_rate` is in percent; `trial_days` None where the service may not be tried."""

    definition: dict[str, Any]
    effective_from: date
    vat_category: str
    vat_rate: Decimal = Decimal(0)
    vat_reason: str = ""
    list_definition: dict[str, Any] | None = None
    note: str = ""
    trial_days: int | None = None

    @classmethod
    def of(cls, grid: PriceGrid) -> "GridTerms":
        return cls(**{name: getattr(grid, name) for name in cls.__dataclass_fields__})


def checked(terms: GridTerms, *, listing: Listing, today: date) -> GridTerms:
    """The terms with their texts tidied. Raises TermsInvalid; whether the day is free is checked when the
    draft is published."""
    reason, note = " ".join(terms.vat_reason.split()), " ".join(terms.note.split())
    errors = {}
    if terms.effective_from.year > today.year + YEARS_AHEAD:
        errors["effective_from"] = f"Vérifiez l’année : {today.year + YEARS_AHEAD} au plus."
    elif message := january_only(terms.effective_from, operator=listing.operator):
        errors["effective_from"] = message
    if terms.vat_category not in VatCategory.values:
        errors["vat_category"] = "Choisissez le régime de TVA."
    elif terms.vat_category == VatCategory.STANDARD:
        reason = ""
        if not LOWEST_RATE <= terms.vat_rate <= 100:
            errors["vat_rate"] = "Écrivez le taux en pour cent, par exemple 20."
        elif terms.vat_rate != round(terms.vat_rate, 2):
            errors["vat_rate"] = "Deux décimales au plus."
    elif not reason:
        errors["vat_reason"] = "Dites pourquoi il n’y a pas de TVA : ce motif figure sur les factures."
    if len(reason) > MAX_REASON:
        errors["vat_reason"] = f"C’est trop long : {MAX_REASON} caractères au plus."
    if terms.trial_days is not None and not 1 <= terms.trial_days <= MOST_TRIAL_DAYS:
        errors["trial_days"] = f"Écrivez un nombre de jours, de 1 à {MOST_TRIAL_DAYS}, ou rien sans essai."
    if len(note) > MAX_NOTE:
        errors["note"] = f"C’est trop long : {MAX_NOTE} caractères au plus."
    if errors:
        raise TermsInvalid(errors)
    taxed = terms.vat_category == VatCategory.STANDARD
    return GridTerms(
        definition=terms.definition,
        list_definition=terms.list_definition,
        effective_from=terms.effective_from,
        vat_category=terms.vat_category,
        vat_rate=terms.vat_rate if taxed else Decimal(0),
        vat_reason=reason,
        note=note,
        trial_days=terms.trial_days,
    )


def january_only(day: date, *, operator: Operator) -> str:
    """Why this first day is refused by the operator's own rules, "" when it is not."""
    if (day.month, day.day) == (1, 1) or not january_rule(operator):
        return ""
    return (
        f"Vos règles n’appliquent de nouveaux tarifs qu’au 1er janvier : par exemple le 01/01/{day.year + 1}."
    )


def january_rule(operator: Operator) -> bool:
    """Whether this operator's grids start on 1 January only."""
    return ShelfRules.objects.filter(operator=operator, grids_from_january=True).exists()


def proposed_vat(*, operator: Operator, on: date) -> tuple[str, Decimal, str]:
    """Category, rate in percent and reason that the operator's VAT position of that day suggests; the
    standard category at 20 % when it has told none."""
    position = operator.vat_on(on)
    return PROPOSED[VatRegime(position.regime) if position else VatRegime.STANDARD]
