"""What an organisation spent, year by year and service by service, beside communes of its size."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing import spending_file
from billing.models import SpendingNorm
from billing.spending import YearSpent, spent_by
from catalog.pricing.money import round_half_up, round_ratio
from marketplace.web.access import member_view
from marketplace.web.commune.words import plural
from marketplace.web.formats import day, format_cents, format_number
from marketplace.web.public.shelf_words import stratum_words

COMPARED = (
    "Les communes comparées achètent elles aussi par Halle. La médiane partage : la moitié dépense moins par "
    "habitant, l’autre plus. Aucune n’est nommée."
)
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


@member_view()
@require_safe
def report(request, organisation):
    """The same for the council, on paper: a PDF drawn up on demand, of which nothing is kept."""
    years = spent_by(organisation=organisation)
    if not years:
        raise Http404
    today = localdate(timezone.now())
    data = spending_file.render(content=_report(organisation, years, today), dated=today)
    headers = {
        "Content-Disposition": f'attachment; filename="depenses-{organisation.siren}-{today}.pdf"',
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(data, content_type="application/pdf", headers=headers)


def _report(organisation, years: list[YearSpent], today) -> dict:
    """For `billing.spending_file`."""
    dearest = max(one.gross_cents for one in years)
    return {
        "title": "Services numériques mutualisés : nos dépenses",
        "organisation": organisation.name,
        "lead": f"Ce qui nous a été facturé, avoirs déduits, au {day(today)}.",
        "figures": [{"note": "", **figure} for figure in _figures(years[0], whose="notre")],
        "years": [
            {
                "name": str(one.year),
                "share": _share(one.gross_cents, dearest),
                "cells": [
                    *map(format_cents, (one.net_cents, one.vat_cents, one.gross_cents)),
                    _each(one) or "population inconnue",
                ],
            }
            for one in years
        ],
        "services": [
            {
                "title": f"Par service en {one.year}",
                "rows": [
                    {
                        "name": name,
                        "share": _share(net, max(cents for _, cents in one.services)),
                        "cells": [format_cents(net)],
                    }
                    for name, net in one.services
                ],
            }
            for one in years
        ],
        "notes": [
            "Une année compte les factures datées de cette année : celles que son budget paie.",
            "Par habitant : population municipale en vigueur au 1er janvier de l’année (Insee).",
            *([COMPARED] if years[0].alike else []),
        ],
    }


def _share(cents: int, most: int) -> float:
    """How long its bar is drawn, of 1. No amount is computed from it."""
    return max(0, cents) / most if most > 0 else 0


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


def _figures(spent: YearSpent, *, whose: str = "votre") -> list[dict]:
    """For components/key_figures.html; `whose` size communes are compared by, as the reader says."""
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
        figures.append(_alike(spent.alike, whose))
    return figures


def _alike(norm: SpendingNorm, whose: str) -> dict:
    services = plural(norm.median_services, "service")
    whom = f"{format_number(norm.communes)} communes {stratum_words(norm.stratum)}, {services}"
    return {
        "label": f"Communes de {whose} taille, par habitant",
        "value": format_cents(round_half_up(norm.median_cents)),
        "note": f"la moitié dépense moins, l’autre plus ({whom})",
    }
