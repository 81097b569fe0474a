"""What next year will cost each member of an operator."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from billing.budget import Budget, budgets_at, members_to_budget
from marketplace.web import budget_words as words
from marketplace.web.access import operator_view
from marketplace.web.csv import csv_response
from marketplace.web.formats import format_cents
from marketplace.web.operator.lists import counted, crumbs, rest_of_address, typed
from marketplace.web.operator.roles import MONEY_ROLES
from tenants.identifiers import grouped
from tenants.models import Organisation
from tenants.spreadsheets.writing import csv_bytes

PAGE_SIZE = 25
TITLE = "Budgets à venir"


@operator_view(*MONEY_ROLES)
@require_safe
def budget_list(request, operator):
    """A page of members with what their subscriptions will cost; that page as a file, service by service,
    with `?fichier=csv`."""
    now = timezone.now()
    year = localdate(now).year + 1
    search = typed(request)
    members = members_to_budget(operator=operator, year=year, search=search)
    page = Paginator(members, PAGE_SIZE).get_page(request.GET.get("page"))
    found = list(
        zip(page, budgets_at(operator=operator, members=list(page), year=year, now=now), strict=True)
    )
    if request.GET.get("fichier") == "csv":
        rows = [row for member, one in found for row in words.csv_rows(member.name, member.siren, one)]
        name = f"budgets-{operator.slug}-{year}-page-{page.number}.csv"
        return csv_response(content=csv_bytes(words.COLUMNS, rows), filename=name)
    rest = rest_of_address(q=search)
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, "")),
        "title": TITLE,
        "year": year,
        "search": search,
        "page": page,
        "rest": rest,
        "total": counted(page.paginator.count, "adhérent"),
        "rows": [_row(member, one) for member, one in found],
        "counted": next((said for _, one in found if (said := words.counted_words(one))), ""),
        "how": words.HOW,
        "csv_url": f"{request.path}?{rest}page={page.number}&fichier=csv",
    }
    return render(request, "operator/budgets.html", context)


def _row(member: Organisation, budget: Budget) -> dict:
    without = sum(1 for row in budget.rows if row.problem)
    return {
        "name": member.name,
        "siren": grouped(member.siren),
        "subscriptions": counted(len(budget.rows), "abonnement"),
        "problem": f"dont {counted(without, 'sans prix', 'sans prix')}" if without else "",
        "net": format_cents(budget.net_cents),
        "gross": format_cents(budget.gross_cents),
    }
