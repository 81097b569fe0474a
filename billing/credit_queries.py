"""Reads for the pages of an operator's staff about credit notes that wait to be issued."""

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from billing.models import Invoice, InvoiceState
from billing.review import with_lines
from tenants.models import Operator

PAGE_SIZE = 25


def credit_notes_to_issue(*, operator: Operator) -> QuerySet[Invoice]:
    """The drafts, those of the oldest invoices first, each with its member and the invoice it corrects."""
    return (
        _credit_notes(operator)
        .filter(state=InvoiceState.DRAFT)
        .order_by("corrects__issue_date", "tenant__plain_name", "pk")
    )


def page_to_issue(*, operator: Operator, page: str | None) -> Page:
    """A page of them, each with its lines. Three queries."""
    found = credit_notes_to_issue(operator=operator).prefetch_related(with_lines())
    return Paginator(found, PAGE_SIZE).get_page(page)


def credit_note(*, operator: Operator) -> QuerySet[Invoice]:
    """To fetch one, draft or issued, with its lines and their entries."""
    return _credit_notes(operator).prefetch_related(with_lines())


def _credit_notes(operator: Operator) -> QuerySet[Invoice]:
    return (
        Invoice.objects.credit_notes()
        .of_operator(operator)
        .select_related("tenant", "corrects", "operator__organisation")
    )
