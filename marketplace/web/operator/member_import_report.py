"""What the page of an import says: how far its job is, its report, and the question it asks."""

from django.urls import reverse

from marketplace.web.file_imports import report_of, summary_of
from marketplace.web.formats import format_number, moment
from marketplace.web.operator.lists import counted
from marketplace.web.operator.member_import_words import STATE_BADGES, TABS, row_in_words
from tenants.member_imports.queries import Report
from tenants.models import ImportState, MemberImport, RowVerdict

UNDER_WAY = (ImportState.READING, ImportState.APPLYING)


def address(name: str, found: MemberImport) -> str:
    """Of a page of this import. Select `operator`."""
    return reverse(name, args=[found.operator.slug, found.public_id])


def summary(found: MemberImport) -> dict:
    """One import in a list, and at the head of its page."""
    return {
        **summary_of(found, url=address("operator_member_import", found), badges=STATE_BADGES),
        "finished": f"Terminé le {moment(found.finished_at)}." if found.finished_at else "",
    }


def progress_of(found: MemberImport) -> dict:
    """For operator/_member_import_progress.html. Before the file is understood, the number of its rows is
    unknown: the page says so and claims no share."""
    words = {
        ImportState.READING: ("Lecture du fichier", "Lecture en cours."),
        ImportState.APPLYING: ("Import des adhérents", "Import en cours."),
        ImportState.DONE: ("L’import est terminé", "L’import est terminé."),
        ImportState.REFUSED: ("Le fichier n’a pas pu être lu", "Le fichier n’a pas pu être lu."),
        ImportState.ABANDONED: ("L’import a été abandonné", "L’import a été abandonné."),
        ImportState.READY: (
            "Le fichier est lu : relisez le rapport et confirmez",
            "Le fichier est lu.",
        ),
    }[ImportState(found.state)]
    return {
        "running": found.state in UNDER_WAY,
        "measured": found.total_rows > 0,
        "done": found.done_rows,
        "total": found.total_rows,
        "progress_text": f"{format_number(found.done_rows)} sur {counted(found.total_rows, 'ligne')}",
        "progress_label": words[0],
        "announced": words[1],
        "level": "danger" if found.state == ImportState.REFUSED else "success",
        "progress_url": address("operator_member_import_progress", found),
        "url": address("operator_member_import", found),
    }


def report_in_words(request, found: MemberImport, report: Report, tab: str) -> dict:
    """The figures, how the file was read, and one page of its rows."""
    counts = report.counts
    return {
        "is_done": found.state == ImportState.DONE,
        "is_abandoned": found.state == ImportState.ABANDONED,
        **report_of(request, groups=TABS, counts=counts, active=tab, page=report.page, notes=found.notes),
        "spreadsheet": found.notes.get("spreadsheet", False),
        "rejected_count": counted(counts[RowVerdict.REJECTED], "ligne écartée", "lignes écartées"),
        "rejected_url": address("operator_member_import_rejected", found)
        if counts[RowVerdict.REJECTED]
        else "",
        "rows": [row_in_words(row) for row in report.page],
    }


def choice(found: MemberImport, report: Report) -> dict:
    """The question under a file that was read, and what each answer does."""
    new, change = report.counts[RowVerdict.NEW], report.counts[RowVerdict.CHANGE]
    consequences = []
    if new:
        consequences.append(
            f"{counted(new, 'organisation devient adhérente', 'organisations deviennent adhérentes')}, "
            "à la date que dit le fichier."
        )
    if change:
        consequences.append(
            f"{counted(change, 'adhésion est mise à jour', 'adhésions sont mises à jour')} ; une cellule "
            "vide n’efface rien."
        )
    if report.counts[RowVerdict.REJECTED]:
        consequences.append(
            "Les lignes écartées ne sont pas importées : corrigez-les et envoyez-les dans un autre fichier."
        )
    consequences.append(
        "Un import ne s’annule pas d’un bloc : ensuite, chaque adhésion se corrige dans sa fiche."
    )
    return {
        "to_confirm": found.state == ImportState.READY,
        "can_confirm": bool(new + change),
        "confirm_url": address("operator_member_import_confirm", found),
        "confirm_label": f"Importer {counted(new + change, 'ligne')}",
        "consequences": consequences,
    }
