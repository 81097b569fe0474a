"""What the pages of all imports of files share: the columns, the model file, the report and its rows."""

from collections.abc import Mapping, Sequence

from django.core.paginator import Page
from django.db.models import Model

from marketplace.web.formats import format_number, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, rest_of_address, tabs
from tenants.spreadsheets.reading import Column
from tenants.spreadsheets.writing import csv_bytes

NOT_UNDERSTOOD = "Ligne non comprise"
_LONGEST_CELLS = 120


def columns_in_words(columns: Sequence[Column], meanings: Mapping[str, tuple[str, str]]) -> list[dict]:
    """For components/file_columns.html. `meanings`: by field, what it says, whether it must be filled in."""
    return [
        {"name": column.label, "meaning": meanings[column.field][0], "needed": meanings[column.field][1]}
        for column in columns
    ]


def model_csv(columns: Sequence[Column], example: Mapping[str, str]) -> bytes:
    """The model file: all the columns, and an example, a remark (`spreadsheets.imports.REMARK`)."""
    return csv_bytes(
        [column.label for column in columns], [[example.get(column.field, "") for column in columns]]
    )


def summary_of(found: Model, *, url: str, badges: Mapping[str, str]) -> dict:
    """An import, whichever: for components/past_imports.html, and at the head of its page."""
    return {
        "file_name": found.file_name,
        "url": url,
        "sent": f"Envoyé le {moment(found.sent_at)} par {found.sent_by}.",
        "state": capitalised(found.get_state_display()),
        "badge": badges[found.state],
    }


def report_of(
    request,
    *,
    groups: Mapping[str, tuple[str, str]],
    counts: Mapping[str, int],
    active: str,
    page: Page,
    notes: dict,
) -> dict:
    """The figures, how the file was read (`spreadsheets.imports.notes_of`), and the head and foot of
    components/import_rows.html. `groups`: address of a tab → its label and the state of its rows, "" for
    all; `counts` by state."""
    shown = {name: counts[state] if state else sum(counts.values()) for name, (_, state) in groups.items()}
    return {
        "figures": [
            {"label": label, "value": format_number(counts[state])}
            for label, state in groups.values()
            if state
        ],
        "read_as": [
            {"label": "Codage des caractères", "value": notes.get("encoding", "—")},
            {"label": "Séparateur", "value": capitalised(notes.get("separator", "—"))},
            {"label": "Colonnes ignorées", "value": ", ".join(notes.get("ignored", [])) or "Aucune"},
        ],
        "row_tabs": tabs(
            request,
            labels={name: label for name, (label, _) in groups.items()},
            counts=shown,
            active=active,
            search="",
        ),
        "total_rows": counted(shown[active], "ligne"),
        "page": page,
        "rest": rest_of_address(etat=active),
    }


def row_of(
    row: Model,
    *,
    badge: str,
    state: str,
    name: str,
    under: str,
    facts: Sequence[str],
    changes: Sequence[dict] = (),
) -> dict:
    """A kept row for components/import_rows.html: `name` and what is `under` it, or its cells when nothing of
    it was understood."""
    cells = " ; ".join(cell for cell in row.raw if cell.strip())
    if len(cells) > _LONGEST_CELLS:
        cells = f"{cells[:_LONGEST_CELLS]}…"
    return {
        "line": row.line,
        "name": name or NOT_UNDERSTOOD,
        "under": under if row.data else cells,
        "badge": {"state": badge, "label": capitalised(state)},
        "problems": row.problems,
        "facts": facts,
        "changes": changes,
    }
