"""An import of titres in words: its states, its rows, its columns, its model file."""

from billing.collecting.rows import COLUMNS, REMARK, TitreRow
from billing.models import TitreImportRow, TitreImportState, TitreRowState
from marketplace.web.formats import day, format_cents
from marketplace.web.operator.forms import capitalised
from tenants.spreadsheets.writing import csv_bytes

STATE_BADGES = {
    TitreImportState.READY: "warning",
    TitreImportState.TAKING: "info",
    TitreImportState.DONE: "success",
    TitreImportState.ABANDONED: "neutral",
}
ROW_BADGES = {
    TitreRowState.WAITING: "info",
    TitreRowState.DOUBTFUL: "warning",
    TitreRowState.REFUSED: "danger",
    TitreRowState.TAKEN: "success",
}
# The tabs of a report: address → (label, state).
TABS = {
    "toutes": ("Toutes", ""),
    "ecartees": ("Écartées", TitreRowState.REFUSED),
    "a-verifier": ("À vérifier", TitreRowState.DOUBTFUL),
    "a-reprendre": ("À reprendre", TitreRowState.WAITING),
    "reprises": ("Reprises", TitreRowState.TAKEN),
}
_LONGEST_CELLS = 120
_MEANINGS = {
    "exercice": ("L’année budgétaire du titre.", "Avec le titre"),
    "bordereau": ("Le numéro du bordereau.", "Avec le titre"),
    "number": ("Le numéro du titre, ou de la réduction pour un avoir.", "Avec le titre"),
    "reference": ("Le numéro de notre facture ou de notre avoir, par exemple F2026-00012.", "Oui"),
    "amount": ("Le montant TTC du titre, en euros. Il doit être celui de la facture.", "Oui"),
    "paid_on": ("Le jour du paiement, par exemple 31/12/2026.", "Avec un paiement"),
    "paid": ("Ce que ce paiement a encaissé. Un autre paiement est une autre ligne.", "Avec un paiement"),
}
_EXAMPLE = {
    "exercice": f"{REMARK} 2026",
    "bordereau": "14",
    "number": "123",
    "reference": "F2026-00012 (cette ligne n’est pas lue)",
    "amount": "309,60",
    "paid_on": "31/12/2026",
    "paid": "309,60",
}


def columns() -> list[dict]:
    """What each column of the file is for."""
    return [
        {"name": column.label, "meaning": _MEANINGS[column.field][0], "needed": _MEANINGS[column.field][1]}
        for column in COLUMNS
    ]


def model_csv() -> bytes:
    """The model file: all the columns, and an example that is not read."""
    return csv_bytes([column.label for column in COLUMNS], [[_EXAMPLE[c.field] for c in COLUMNS]])


def row_in_words(row: TitreImportRow) -> dict:
    """For the table of a report. What was understood of a row, or its cells when nothing was."""
    cells = " ; ".join(cell for cell in row.raw if cell.strip())
    facts = []
    if row.data:
        said = TitreRow.of_json(row.data)
        if said.number:
            facts.append(f"Titre {said.exercice}-{said.number}, bordereau {said.bordereau}")
        if said.paid_cents:
            facts.append(f"{format_cents(said.paid_cents)} payés le {day(said.paid_on)}")
    return {
        "line": row.line,
        "name": row.data["reference"] if row.data else "Ligne non comprise",
        "under": format_cents(row.data["amount_cents"])
        if row.data
        else (cells if len(cells) <= _LONGEST_CELLS else f"{cells[:_LONGEST_CELLS]}…"),
        "badge": {
            "state": ROW_BADGES[TitreRowState(row.state)],
            "label": capitalised(row.get_state_display()),
        },
        "problems": row.problems,
        "facts": facts,
    }
