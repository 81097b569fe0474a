"""An import of titres in words: its states, its rows, its columns, its model file."""

from billing.collecting.rows import TitreRow
from billing.models import TitreImportRow, TitreImportState, TitreRowState
from marketplace.web.file_imports import row_of
from marketplace.web.formats import day, format_cents
from tenants.spreadsheets.imports import REMARK

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
MEANINGS = {
    "exercice": ("L’année budgétaire du titre.", "Avec le titre"),
    "bordereau": ("Le numéro du bordereau.", "Avec le titre"),
    "number": ("Le numéro du titre, ou de la réduction pour un avoir.", "Avec le titre"),
    "reference": ("Le numéro de notre facture ou de notre avoir, par exemple F2026-00012.", "Oui"),
    "amount": ("Le montant TTC du titre, en euros. Il doit être celui de la facture.", "Oui"),
    "paid_on": ("Le jour du paiement, par exemple 31/12/2026.", "Avec un paiement"),
    "paid": ("Ce que ce paiement a encaissé. Un autre paiement est une autre ligne.", "Avec un paiement"),
}
EXAMPLE = {
    "exercice": f"{REMARK} 2026",
    "bordereau": "14",
    "number": "123",
    "reference": "F2026-00012 (cette ligne n’est pas lue)",
    "amount": "309,60",
    "paid_on": "31/12/2026",
    "paid": "309,60",
}


def row_in_words(row: TitreImportRow) -> dict:
    """For the table of a report. What was understood of a row, or its cells when nothing was."""
    facts = []
    if row.data:
        said = TitreRow.of_json(row.data)
        if said.number:
            facts.append(f"Titre {said.exercice}-{said.number}, bordereau {said.bordereau}")
        if said.paid_cents:
            facts.append(f"{format_cents(said.paid_cents)} payés le {day(said.paid_on)}")
    return row_of(
        row,
        badge=ROW_BADGES[TitreRowState(row.state)],
        state=row.get_state_display(),
        name=row.data.get("reference", ""),
        under=format_cents(row.data["amount_cents"]) if row.data else "",
        facts=facts,
    )
