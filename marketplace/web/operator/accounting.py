"""For an operator's accountant: who owes since when, what should come in, and the files of its sales."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.accounting.aged import BUCKETS, aged_balance, cash_in, totals
from billing.accounting.codes import accounts_on
from billing.accounting.fec import NO_ACCOUNTS, export_fec
from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response
from marketplace.web.formats import day, format_cents
from marketplace.web.operator.accounting_files import balance_csv, journal_csv, journal_xlsx
from marketplace.web.operator.accounting_words import drawn_bars, month_name
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.identifiers import grouped
from tenants.models.operator import IssuerKind
from tenants.refusals import Refused

PAGE_SIZE = 50
YEARS_SHOWN = 10
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@operator_view(*MONEY_ROLES)
@require_safe
def accounting(request, operator):
    """The aged balance with its picture, the forecast, and what can be downloaded (`?fichier=`)."""
    now = timezone.now()
    today = localdate(now)
    if wanted := request.GET.get("fichier"):
        return _download(request, operator, wanted, now)
    members = aged_balance(operator=operator, on=today)
    everybody = totals(members)
    page = Paginator(members, PAGE_SIZE).get_page(request.GET.get("page"))
    months = cash_in(operator=operator, on=today)
    private = operator.issuer_kind == IssuerKind.PRIVATE
    late = everybody.total - everybody.cents["not_due"]
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, ("Comptabilité", "")),
        "today": day(today),
        "figures": [
            {"label": "Reste à encaisser", "value": format_cents(everybody.total)},
            {"label": "Dont échéance passée", "value": format_cents(late)},
            {"label": "Adhérents qui doivent", "value": str(len(members))},
        ],
        "owed": bool(members),
        "buckets": list(BUCKETS.values()),
        "bars": drawn_bars([(BUCKETS[name], cents) for name, cents in everybody.cents.items()]),
        "page": page,
        "rows": [
            {
                "name": member.name,
                "siren": grouped(member.siren),
                "cents": [format_cents(cents) if cents else "" for cents in member.cents.values()],
                "total": format_cents(member.total),
            }
            for member in page
        ],
        "total_cells": [format_cents(cents) for cents in (*everybody.cents.values(), everybody.total)],
        "balance_url": f"{request.path}?fichier=balance",
        "months": drawn_bars([(month_name(month.first), month.cents) for month in months]),
        "years": [
            {"value": year, "selected": year == today.year}
            for year in range(today.year, today.year - YEARS_SHOWN, -1)
        ],
        "private": private,
        "accounts_url": reverse("operator_accounts", args=[operator.slug]) if private else "",
        "missing": NO_ACCOUNTS if private and accounts_on(operator=operator, day=today) is None else "",
    }
    return render(request, "operator/accounting.html", context)


def _download(request, operator, wanted: str, now) -> HttpResponse:
    today = localdate(now)
    if wanted == "balance":
        content = balance_csv(aged_balance(operator=operator, on=today))
        return csv_response(content=content, filename=f"balance-agee-{operator.slug}-{today}.csv")
    year = _year(request, today.year)
    name = f"journal-ventes-{operator.slug}-{year}"
    if wanted == "journal":
        return csv_response(content=journal_csv(operator, year), filename=f"{name}.csv")
    if wanted == "tableur":
        return _attached(journal_xlsx(operator, year), f"{name}.xlsx", XLSX)
    if wanted == "fec" and operator.issuer_kind == IssuerKind.PRIVATE:
        try:
            name, content = export_fec(operator=operator, year=year, by=request.user, now=now)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("operator_accounting", operator=operator.slug)
        return _attached(content, name, "text/plain; charset=ISO-8859-15")
    raise Http404


def _year(request, current: int) -> int:
    typed = request.GET.get("annee", str(current))
    if not typed.isascii() or not typed.isdigit() or not 2000 <= int(typed) <= current + 1:
        raise Http404
    return int(typed)


def _attached(content: bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=kind, headers=headers)
