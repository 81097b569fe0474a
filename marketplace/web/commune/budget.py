"""What next year will cost an organisation, service by service, for its council."""

from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.budget import budget_of
from marketplace.web import budget_words as words
from marketplace.web.access import member_view
from marketplace.web.csv import csv_response
from marketplace.web.formats import format_cents
from tenants.spreadsheets.writing import csv_bytes


@member_view()
@require_safe
def budget(request, organisation):
    """The year after this one; as a file with `?fichier=csv`."""
    now = timezone.now()
    year = localdate(now).year + 1
    found = budget_of(organisation=organisation, year=year, now=now)
    if request.GET.get("fichier") == "csv":
        rows = words.csv_rows(organisation.name, organisation.siren, found)
        return csv_response(
            content=csv_bytes(words.COLUMNS, rows), filename=f"budget-{organisation.siren}-{year}.csv"
        )
    context = {
        "organisation": organisation,
        "year": year,
        "rows": [words.row_of(row, year) for row in found.rows],
        "net": format_cents(found.net_cents),
        "vat": format_cents(found.gross_cents - found.net_cents),
        "gross": format_cents(found.gross_cents),
        "is_whole": found.is_whole,
        "counted": words.counted_words(found),
        "how": words.HOW,
        "csv_url": f"{request.path}?fichier=csv",
        "spending_url": reverse("member_spending", args=[organisation.siren]),
    }
    return render(request, "commune/budget.html", context)
