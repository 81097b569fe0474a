"""Reads for pages: contested lines, with the facts behind them."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from billing.models import ContestState, Invoice, LineContest
from tenants.members.search import member_matches
from tenants.models import Operator

PAGE_SIZE = 25
TO_ANSWER, ANSWERED = "repondre", "closes"
GROUPS = {TO_ANSWER: Q(state=ContestState.OPEN), ANSWERED: ~Q(state=ContestState.OPEN)}


@dataclass(frozen=True)
class ContestList:
    """A page of contests, `counts` by group of GROUPS, for the same search."""

    page: Page
    counts: dict[str, int]


def contests_to_answer(*, operator: Operator) -> QuerySet[LineContest]:
    """Those that wait for the operator."""
    return LineContest.objects.filter(operator=operator, state=ContestState.OPEN)


def operator_contests(*, operator: Operator, search: str, group: str, page: str | None) -> ContestList:
    """A page of one group of GROUPS: those to answer from the oldest on, those answered from the newest.
    Each has its member, its line with its invoice and its entry. Two queries."""
    found = LineContest.objects.filter(member_matches(search), operator=operator)
    counts = found.aggregate(**{name: Count("pk", filter=which) for name, which in GROUPS.items()})
    order = ("opened_at", "pk") if group == TO_ANSWER else ("-closed_at", "-pk")
    rows = found.filter(GROUPS[group]).select_related("tenant", "line__invoice").order_by(*order)
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = counts[group]  # counted already, with the tabs
    return ContestList(paginator.get_page(page), counts)


def contest_for_operator(*, operator: Operator) -> QuerySet[LineContest]:
    """To fetch one, with its facts and what became of it."""
    return LineContest.objects.filter(operator=operator).select_related(
        "tenant", "opened_by", "line__invoice", "line__entry", "credit_note"
    )


def contests_of(*, invoice: Invoice) -> dict[int, LineContest]:
    """By line id, the last contest of each line of an invoice, with its credit note. One query."""
    found = LineContest.objects.filter(line__invoice=invoice).select_related("credit_note")
    return {one.line_id: one for one in found.order_by("opened_at", "pk")}
