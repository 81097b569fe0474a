"""Versions of a grid in words."""

from datetime import date, timedelta

from catalog.models import GridState, PriceGrid, VatCategory
from catalog.pricing import GridInvalid, describe_sections, parse_grid
from marketplace.web import price_views
from marketplace.web.formats import day, format_percent, moment
from tenants.days import days_in_words
from tenants.models import Role

EDITORS = frozenset({Role.CURATOR, Role.OPERATOR_ADMIN})
INCOMPLETE = "Ce brouillon est encore incomplet."


def parsed(definition: dict | None):
    """The grid, None when there is none or it is incomplete."""
    if not definition:
        return None
    try:
        return parse_grid(definition)
    except GridInvalid:
        return None


def sections(grid) -> list[dict]:
    """A tariff for every size, under its headings."""
    if grid is None:
        return []
    return [{"heading": section.heading, "rows": section.rows} for section in describe_sections(grid)]


def badge(grid: PriceGrid, today: date) -> dict:
    """Where a version is on that day."""
    if grid.state == GridState.DRAFT:
        return {"state": "warning", "label": "Brouillon"}
    if grid.state == GridState.WITHDRAWN:
        return {"state": "neutral", "label": "Retiré"}
    if grid.effective_from > today:
        return {"state": "info", "label": "À venir"}
    if grid.effective_until and grid.effective_until <= today:
        return {"state": "neutral", "label": "Terminé"}
    return {"state": "success", "label": "En vigueur"}


def period(grid: PriceGrid) -> str:
    """ "à partir du 1er janvier 2027", "du 1er janvier au 31 décembre 2026": the last day counted in."""
    if grid.effective_until is None or grid.state != GridState.PUBLISHED:
        return f"à partir du {day(grid.effective_from)}"
    return f"du {day(grid.effective_from)} au {day(grid.effective_until - timedelta(days=1))}"


def summary(grid: PriceGrid) -> str:
    """The tariff in one line."""
    found = parsed(grid.definition)
    if found is None:
        return INCOMPLETE
    rows = [row for section in describe_sections(found) for row in section.rows]
    return rows[0] if len(rows) == 1 else f"{rows[0]} ; {rows[1]}{'…' if len(rows) > 2 else ''}"


def vat(grid: PriceGrid) -> str:
    """ "20 %", or why there is none."""
    if grid.vat_category == VatCategory.STANDARD:
        return format_percent(grid.vat_rate)
    return f"{grid.get_vat_category_display()} : {grid.vat_reason}"


def facts(grid: PriceGrid) -> list[dict]:
    """What surrounds a version, for components/facts.html."""
    found = [
        {"label": "En vigueur", "value": period(grid)},
        {"label": "TVA", "value": vat(grid)},
    ]
    if grid.option:
        found.insert(0, {"label": "Option", "value": grid.option})
    if usage := price_views.usage_words(grid.definition):
        found.append({"label": "À l’usage", "value": " ; ".join(usage)})
    if rhythm := price_views.rhythm_words(grid.definition):
        found.append({"label": "Factures", "value": rhythm})
    if grid.trial_days:
        found.append({"label": "Essai gratuit", "value": days_in_words(grid.trial_days)})
    if grid.note:
        found.append({"label": "Note", "value": grid.note})
    if grid.published_at:
        by = f", par {grid.published_by}" if grid.published_by else ""
        found.append({"label": "Publié", "value": f"{moment(grid.published_at)}{by}"})
    return found
