"""What an organisation spent, year by year and service by service, beside communes of its size."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.models import SpendingNorm
from billing.spending import YearSpent, spent_by
from catalog.pricing.money import round_half_up, round_ratio
from marketplace.web.access import member_view
from marketplace.web.commune.words import plural
from marketplace.web.formats import format_cents, format_number
from marketplace.web.public.shelf_words import stratum_words

TENTHS = 10  # the lengths that a bar may have: halle-bars__bar--0 to 10


@member_view()
@require_safe
def spending(request, organisation):
    """Each year that was invoiced, the latest first."""
    years = spent_by(organisation=organisation)
    dearest = max((one.gross_cents for one in years), default=0)
    context = {
        "organisation": organisation,
        "years": [_year(one, dearest) for one in years],
        "figures": _figures(years[0]) if years else [],
    }
    return render(request, "commune/spending.html", context)


def _year(spent: YearSpent, dearest: int) -> dict:
    most = max((net for _, net in spent.services), default=0)
    return {
        "year": spent.year,
        "bar": _bar(spent.gross_cents, dearest),
        "gross": format_cents(spent.gross_cents),
        "net": format_cents(spent.net_cents),
        "vat": format_cents(spent.vat_cents),
        "each": _each(spent),
        "services": [
            {"name": name, "bar": _bar(net, most), "amount": format_cents(net)}
            for name, net in spent.services
        ],
    }


def _bar(cents: int, most: int) -> int:
    return max(0, round_ratio(cents * TENTHS, most)) if most > 0 else 0


def _each(spent: YearSpent) -> str:
    return "" if spent.per_inhabitant is None else format_cents(spent.per_inhabitant)


def _figures(spent: YearSpent) -> list[dict]:
    """For components/key_figures.html."""
    count = plural(len(spent.services), "service")
    figures = [
        {
            "label": f"Facturé en {spent.year}",
            "value": format_cents(spent.gross_cents),
            "note": f"TTC, {count}",
        }
    ]
    if spent.inhabitants:
        known = f"{format_number(spent.inhabitants)} habitants (population municipale au 1er janvier)"
        figures.append({"label": "Par habitant", "value": _each(spent), "note": known})
    if spent.alike:
        figures.append(_alike(spent.alike))
    return figures


def _alike(norm: SpendingNorm) -> dict:
    services = plural(norm.median_services, "service")
    whom = f"{format_number(norm.communes)} communes {stratum_words(norm.stratum)}, {services}"
    return {
        "label": "Communes de votre taille, par habitant",
        "value": format_cents(round_half_up(norm.median_cents)),
        "note": f"la moitié dépense moins, l’autre plus ({whom})",
    }
