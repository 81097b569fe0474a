"""The thresholds of public procurement in force on a day, and what they ask of an amount (CCP, part two)."""

from collections.abc import Mapping
from datetime import date

from catalog.pricing import format_cents
from subscriptions.models import Threshold, ThresholdCode
from tenants.days import in_words

InForce = Mapping[str, Threshold]


def in_force(*, on: date) -> dict[str, Threshold]:
    """The row in force that day for each code, without those that have none yet. One query."""
    rows = Threshold.objects.filter(in_force_from__lte=on).order_by("in_force_from")
    return {row.code: row for row in rows}


def reaches(code: ThresholdCode, amount_cents: int, thresholds: InForce) -> bool:
    """Whether an amount net of tax is at or above a threshold; False while it has no row."""
    row = thresholds.get(code)
    return row is not None and amount_cents >= row.amount_cents


def told(code: ThresholdCode, thresholds: InForce) -> str:
    """ "60 000,00 € HT, seuil en vigueur depuis le 1er avril 2026"."""
    row = thresholds[code]
    return f"{format_cents(row.amount_cents)} HT, seuil en vigueur depuis le {in_words(row.in_force_from)}"


def competition(amount_cents: int, thresholds: InForce) -> str:
    """What a contract of that amount, net of tax, asks of whoever awards it: one French sentence.

    R2122-8 below the first threshold, then L2123-1 with R2131-12, then L2124-1."""
    if reaches(ThresholdCode.EU, amount_cents, thresholds):
        return (
            "une procédure formalisée est obligatoire, avec un avis au Journal officiel de l’Union "
            f"européenne et au BOAMP, à partir de {told(ThresholdCode.EU, thresholds)} (articles L2124-1 et "
            "R2131-16)"
        )
    if reaches(ThresholdCode.ADVERTISING, amount_cents, thresholds):
        return (
            "une procédure adaptée convient, avec un avis au BOAMP ou dans un journal d’annonces légales à "
            f"partir de {told(ThresholdCode.ADVERTISING, thresholds)} (articles L2123-1 et R2131-12)"
        )
    if reaches(ThresholdCode.DIRECT, amount_cents, thresholds):
        return (
            "une procédure adaptée convient, avec une publicité dont l’acheteur choisit les modalités à "
            f"partir de {told(ThresholdCode.DIRECT, thresholds)} (articles L2123-1 et R2131-12)"
        )
    if ThresholdCode.DIRECT in thresholds:
        return (
            "le marché peut être passé sans publicité ni mise en concurrence en dessous de "
            f"{told(ThresholdCode.DIRECT, thresholds)} (article R2122-8)"
        )
    return "la procédure dépend de son montant (articles L2120-1 et R2120-1)"
