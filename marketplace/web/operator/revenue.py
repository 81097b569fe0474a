"""What an operator has invoiced in a year: when, for which services, and what is left to collect of it."""

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.accounting.revenue import revenue_by_month, revenue_by_service, years_invoiced
from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response, plain_euros
from marketplace.web.formats import format_cents, format_number
from marketplace.web.operator.accounting_words import drawn_bars, month_name
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.spreadsheets.writing import csv_bytes

COLUMNS = ("Mois", "Facturé HT", "TVA", "Facturé TTC", "Reste à encaisser")


@operator_view(*MONEY_ROLES)
@require_safe
def revenue(request, operator):
    """A year that was invoiced, the last unless `?annee=` says another; its months with `?fichier=csv`."""
    years = years_invoiced(operator=operator)
    year = _year(request, years)
    months = revenue_by_month(operator=operator, year=year) if year else []
    amounts = [(one.net_cents, one.vat_cents, one.gross_cents, one.left_cents) for one in months]
    names = [month_name(one.first) for one in months]
    if request.GET.get("fichier") == "csv":
        rows = [[name, *map(plain_euros, cents)] for name, cents in zip(names, amounts, strict=True)]
        content = csv_bytes(COLUMNS, rows)
        return csv_response(content=content, filename=f"recettes-{operator.slug}-{year}.csv")
    total = [sum(column) for column in zip(*amounts, strict=True)]
    services = revenue_by_service(operator=operator, year=year) if year else []
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Recettes", "")),
        "year": year,
        "years": [{"value": one, "selected": one == year} for one in years],
        "columns": COLUMNS,
        "figures": [
            {"label": f"Facturé en {year}, HT", "value": format_cents(total[0])},
            {"label": "TTC", "value": format_cents(total[2])},
            {"label": "Reste à encaisser", "value": format_cents(total[3])},
        ]
        if months
        else [],
        "months": drawn_bars([(name, cents[0]) for name, cents in zip(names, amounts, strict=True)]),
        "rows": [
            {"name": name, "cells": list(map(format_cents, cents))}
            for name, cents in zip(names, amounts, strict=True)
        ],
        "total_cells": list(map(format_cents, total)),
        "services": drawn_bars([(one.service, one.net_cents) for one in services]),
        "service_rows": [
            {"name": one.service, "net": format_cents(one.net_cents), "members": format_number(one.members)}
            for one in services
        ],
        "file_url": f"{request.path}?annee={year}&fichier=csv",
    }
    return render(request, "operator/revenue.html", context)


def _year(request, years: list[int]) -> int | None:
    """None while nothing was ever invoiced."""
    typed = request.GET.get("annee")
    if typed is None:
        return years[0] if years else None
    if not typed.isascii() or not typed.isdigit() or int(typed) not in years:
        raise Http404
    return int(typed)
