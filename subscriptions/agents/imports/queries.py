"""What the pages of an import of agents show."""

from django.db.models import Count, QuerySet

from subscriptions.models import AgentImport, AgentImportRow, AgentRowState
from tenants.models import Organisation
from tenants.spreadsheets.imports import kept_aside
from tenants.spreadsheets.reading import RejectedRow


def imports_of(*, organisation: Organisation) -> QuerySet[AgentImport]:
    """The last first, each with who sent it."""
    found = AgentImport.objects.filter(tenant=organisation).select_related("sent_by", "tenant")
    return found.order_by("-sent_at", "-pk")


def counts_of_rows(agent_import: AgentImport) -> dict[str, int]:
    """How many rows are in each state, 0 for those in which none is; as noted when they were deleted."""
    if agent_import.forgotten_at is not None:
        return dict.fromkeys(AgentRowState.values, 0) | agent_import.notes.get("counts", {})
    rows = AgentImportRow.objects.filter(agent_import=agent_import).order_by()
    return dict.fromkeys(AgentRowState.values, 0) | dict(rows.values_list("state").annotate(Count("pk")))


def rows_of(*, agent_import: AgentImport, state: str) -> QuerySet[AgentImportRow]:
    """Those in this state ("" for all), as the file has them."""
    rows = AgentImportRow.objects.filter(agent_import=agent_import).order_by("line")
    return rows.filter(state=state) if state else rows


def refused_rows(*, agent_import: AgentImport) -> list[RejectedRow]:
    """Every row set aside, as `spreadsheets.writing.rejected_as_csv` takes them."""
    rows = rows_of(agent_import=agent_import, state=AgentRowState.REFUSED)
    return kept_aside(rows)
