"""An import of members in words: its state, its rows, its columns, its model file."""

from datetime import date

from marketplace.web.file_imports import row_of
from marketplace.web.formats import day
from tenants.identifiers import grouped
from tenants.models import ImportState, MemberImportRow, RowVerdict
from tenants.models.organisation import OrganisationKind
from tenants.spreadsheets.imports import REMARK

STATE_BADGES = {
    ImportState.READING: "info",
    ImportState.READY: "warning",
    ImportState.APPLYING: "info",
    ImportState.DONE: "success",
    ImportState.REFUSED: "danger",
    ImportState.ABANDONED: "neutral",
}
VERDICT_BADGES = {
    RowVerdict.NEW: "success",
    RowVerdict.CHANGE: "info",
    RowVerdict.SAME: "neutral",
    RowVerdict.REJECTED: "danger",
}
# The tabs of a report: address → (label, verdict).
TABS = {
    "toutes": ("Toutes", ""),
    "ecartees": ("Écartées", RowVerdict.REJECTED),
    "nouvelles": ("Nouvelles adhésions", RowVerdict.NEW),
    "mises-a-jour": ("Mises à jour", RowVerdict.CHANGE),
    "deja-a-jour": ("Déjà à jour", RowVerdict.SAME),
}
CHANGED = {
    "college": "Collège",
    "deliberation_date": "Date de la délibération",
    "deliberation_number": "Numéro de la délibération",
    "email": "Courriel",
    "seat": "SIRET du siège",
    "siret": "Établissement",
    "service_code": "Code service Chorus",
    "commitment_required": "Engagement obligatoire",
}
MEANINGS = {
    "siret": (
        "Les 14 chiffres du siège, ou d’un établissement. Les espaces sont acceptés.",
        "Oui, ou le SIREN",
    ),
    "siren": ("Les 9 chiffres, si vous n’avez pas le SIRET.", "Oui, ou le SIRET"),
    "name": (
        "Sert à créer une organisation que le registre des communes et intercommunalités ne connaît pas. "
        "Les autres gardent leur nom officiel.",
        "Pour une association, un syndicat, un CCAS…",
    ),
    "kind": (
        f"Pour une organisation à créer : {', '.join(OrganisationKind.labels)}. Sans rien, "
        "« autre organisme public ».",
        "Non",
    ),
    "college": ("Le nom d’un de vos collèges, écrit comme dans vos réglages.", "Non"),
    "since": (
        "Le premier jour de l’adhésion, par exemple 01/09/2026. Pour une adhésion déjà enregistrée, "
        "sa date connue.",
        "Oui",
    ),
    "deliberation_date": ("Le jour de la délibération, écrit de la même façon.", "Non"),
    "deliberation_number": ("Celui qui figure en tête de l’acte.", "Non"),
    "service_code": ("Le service qui reçoit vos factures dans Chorus Pro.", "Non"),
    "commitment_required": (
        "« oui » si une facture sans numéro d’engagement est refusée, sinon « non ».",
        "Non",
    ),
    "email": (
        "Une adresse pour écrire à l’organisation. Une adresse déjà connue n’est pas remplacée.",
        "Non",
    ),
}
EXAMPLE = {
    "siret": f"{REMARK} 21750001600019",
    "name": "Commune de Paris (exemple : cette ligne n’est pas lue)",
    "kind": "commune",
    "since": "01/09/2026",
    "deliberation_date": "30/06/2026",
    "deliberation_number": "2026-041",
    "service_code": "COMPTA",
    "commitment_required": "non",
    "email": "mairie@exemple.fr",
}


def row_in_words(row: MemberImportRow) -> dict:
    """For the table of a report. What was understood of a row, or its cells when nothing was."""
    member = row.data.get("member")
    changes = {} if row.problems else row.data.get("changes", {})
    return row_of(
        row,
        badge=VERDICT_BADGES[RowVerdict(row.verdict)],
        state=row.get_verdict_display(),
        name=row.data["name"] if member else "",
        under=grouped(member["siret"] or member["siren"]) if member else "",
        facts=_facts(row) if member and not row.problems else [],
        changes=[_change(name, *change) for name, change in changes.items()],
    )


def _facts(row: MemberImportRow) -> list[str]:
    if row.verdict != RowVerdict.NEW:
        return []
    member = row.data["member"]
    college = f", collège « {member['college']} »" if member["college"] else ""
    facts = [f"Adhère à partir du {day(date.fromisoformat(member['since']))}{college}."]
    if row.data["new_organisation"]:
        facts.append("Halle ne connaissait pas encore cette organisation : elle est créée.")
    return facts


def _change(name: str, before: object, after: object) -> dict:
    return {"label": CHANGED[name], "before": _shown(name, before), "after": _shown(name, after)}


def _shown(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if not value:
        return "rien"
    if name in ("seat", "siret"):
        return grouped(str(value))
    return day(date.fromisoformat(str(value))) if name == "deliberation_date" else str(value)
