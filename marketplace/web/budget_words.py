"""A budget to come in words, and as a file: the same for a member and for its operator."""

from billing.budget import Budget, BudgetRow
from marketplace.web.csv import plain_euros
from marketplace.web.formats import format_cents, format_number
from marketplace.web.price_views import POPULATION_WORDS
from tenants.spreadsheets.writing import safe_cell

COLUMNS = (
    "Organisation", "SIREN", "Service", "Opérateur", "Année", "HT (EUR)", "TVA (EUR)", "TTC (EUR)",
    "Population retenue", "D’autres en paient une part", "Une année au tarif publié (EUR, HT)", "Sans prix",
)  # fmt: skip
HOW = (
    "Chaque contrat est calculé comme il sera facturé, tel qu’il est connu aujourd’hui : options, avenants "
    "et révisions décidés, fins annoncées. Un contrat sans fin connue est supposé continuer.",
    "N’y sont pas : les demandes qui ne sont pas encore ouvertes, les révisions dont l’indice n’est pas "
    "encore publié, et ce qu’une organisation paie pour les abonnements des autres.",
)


def counted_words(budget: Budget) -> str:
    """Which population is counted, where that of the year is not published yet; "" where it is."""
    if budget.counted_before is None:
        return ""
    return (
        f"Les populations de {budget.year} ne sont pas encore publiées : le calcul prend celles "
        f"en vigueur en {budget.counted_before}. Refaites-le en janvier."
    )


def row_of(row: BudgetRow, year: int) -> dict:
    """For the table of services."""
    return {
        "service": row.subscription.service_name,
        "operator": row.subscription.operator.short_name,
        "net": format_cents(row.net_cents),
        "vat": format_cents(row.gross_cents - row.net_cents),
        "gross": format_cents(row.gross_cents),
        "populations": population_words(row),
        "shared": row.shared,
        "published": ""
        if row.published_cents is None
        else f"Au tarif publié pour {year}, une année coûterait {format_cents(row.published_cents)} HT : "
        "votre contrat garde son prix.",
        "problem": row.problem,
    }


def population_words(row: BudgetRow) -> str:
    """ "1 234 habitants (population municipale 2023)"; "" for a price that rests on none."""
    return " ; ".join(
        f"{format_number(one.value)} habitants ({POPULATION_WORDS[one.kind].lower()} {one.reference_year}, "
        f"en vigueur en {one.in_force_from.year})"
        for one in row.populations
        if one.value is not None
    )


def csv_rows(name: str, siren: str, budget: Budget) -> list[list[str]]:
    """Under COLUMNS, one row a subscription."""
    return [
        [
            safe_cell(name),
            siren,
            safe_cell(row.subscription.service_name),
            safe_cell(row.subscription.operator.short_name),
            str(budget.year),
            "" if row.problem else plain_euros(row.net_cents),
            "" if row.problem else plain_euros(row.gross_cents - row.net_cents),
            "" if row.problem else plain_euros(row.gross_cents),
            population_words(row),
            "oui" if row.shared else "",
            plain_euros(row.published_cents),
            safe_cell(row.problem),
        ]
        for row in budget.rows
    ]
