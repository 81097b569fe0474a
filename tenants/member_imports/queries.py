"""What the pages of an import show."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet

from tenants.models import MemberImport, MemberImportRow, Operator, RowVerdict
from tenants.spreadsheets.imports import kept_aside
from tenants.spreadsheets.reading import RejectedRow

PAGE_SIZE = 50


@dataclass(frozen=True)
class Report:
    """One page of the rows of an import. `counts` by verdict."""

    counts: dict[str, int]
    page: Page


def imports_of(*, operator: Operator) -> QuerySet[MemberImport]:
    """The operator's imports, last first, each with who sent it."""
    return (
        MemberImport.objects.filter(operator=operator)
        .select_related("operator__organisation", "sent_by")
        .order_by("-sent_at", "-pk")
    )


def verdict_counts(member_import: MemberImport, *, applied: bool | None = None) -> dict[str, int]:
    """How many rows got each verdict, 0 for those that none got; with `applied`, only those rows."""
    rows = MemberImportRow.objects.filter(member_import=member_import)
    if applied is not None:
        rows = rows.filter(applied=applied)
    found = rows.order_by().values_list("verdict").annotate(Count("pk"))
    return dict.fromkeys(RowVerdict.values, 0) | dict(found)


def report_of(*, member_import: MemberImport, verdict: str, page: str | None) -> Report:
    """The rows with this verdict ("" for all), as the file has them."""
    counts = verdict_counts(member_import)
    rows = MemberImportRow.objects.filter(member_import=member_import).order_by("line")
    if verdict:
        rows = rows.filter(verdict=verdict)
    paginator = Paginator(rows, PAGE_SIZE)
    paginator.count = counts[verdict] if verdict else sum(counts.values())  # counted already, with the tabs
    return Report(counts, paginator.get_page(page))


def rejected_rows(*, member_import: MemberImport) -> list[RejectedRow]:
    """Every row set aside, as `spreadsheets.writing.rejected_as_csv` takes them."""
    rows = MemberImportRow.objects.filter(member_import=member_import, verdict=RowVerdict.REJECTED)
    return kept_aside(rows)
