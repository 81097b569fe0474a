"""A run of the vendors' kit and its report, in words: the same for the vendor and for an operator."""

from marketplace.web.formats import day, moment
from provisioning.kit.checks import IN_WORDS, State
from provisioning.kit.reports import rows
from provisioning.kit.table import CHECKS
from provisioning.models import Endpoint, KitRun
from provisioning.models.endpoint import PROOF_LASTS, ConnectorKind

BADGES = {
    State.PASSED: "success",
    State.FAILED: "danger",
    State.NOT_CONCERNED: "neutral",
    State.NOT_PLAYED: "warning",
}


def connection_state(endpoint: Endpoint | None) -> dict:
    """{badge, label, text} of how the services of an offer are opened."""
    if endpoint is None or endpoint.connector == ConnectorKind.MANUAL:
        return {
            "badge": "neutral",
            "label": "À la main",
            "text": "Chaque ouverture est une tâche de l’opérateur, qui s’adresse à l’éditeur.",
        }
    if endpoint.connector != ConnectorKind.OSB:
        return {
            "badge": "info",
            "label": str(endpoint.get_connector_display()).capitalize(),
            "text": "Ce service est raccordé d’une autre façon, qui n’a pas de banc d’essai.",
        }
    if endpoint.mismatch:
        return {
            "badge": "danger",
            "label": "Ouvertures arrêtées",
            "text": f"{endpoint.mismatch} Les services ouverts le restent ; chaque nouvelle ouverture attend "
            "une personne.",
        }
    if endpoint.proof is None or not endpoint.is_proved:
        return {
            "badge": "warning",
            "label": "À la main en attendant le banc d’essai",
            "text": "Un courtier est déclaré. Ses services s’ouvriront tout seuls quand il aura réussi le "
            "banc d’essai tel qu’il est réglé aujourd’hui.",
        }
    return {
        "badge": "success",
        "label": "Automatique",
        "text": f"Le banc d’essai est réussi depuis le {day(endpoint.proof.at)}. Il vaut pour toute mise au "
        f"catalogue jusqu’au {day(endpoint.proof.at + PROOF_LASTS)} ; ce qui est au catalogue le reste.",
    }


def run_row(run: KitRun, endpoint: Endpoint, url: str) -> dict:
    """One run in a list."""
    report = getattr(run, "report", None)
    if report is None:
        return {"when": moment(run.asked_at), "url": url, "badge": "info", "label": "En cours", "note": ""}
    return {
        "when": moment(report.at),
        "url": url,
        "badge": "success" if report.passed else "danger",
        "label": f"{'Réussi' if report.passed else 'Non réussi'}, {report.score} %",
        "note": "" if report.configuration == endpoint.configuration else "le réglage a changé depuis",
    }


def progress(run: KitRun, *, url: str, progress_url: str) -> dict:
    """For vendor/_kit_progress.html."""
    running = run.finished_at is None
    label = "Banc d’essai en cours" if running else "Le banc d’essai est terminé"
    return {
        "running": running,
        "progress_label": label,
        "progress_text": f"{run.done} points sur {len(CHECKS)}",
        "done": min(run.done, len(CHECKS)),
        "max": len(CHECKS),
        "url": url,
        "progress_url": progress_url,
        "announced": "" if running else label,
    }


def report_words(run: KitRun, endpoint: Endpoint) -> dict | None:
    """A report for components/kit_report.html; None while the run is under way."""
    kept = getattr(run, "report", None)
    if kept is None:
        return None
    report = kept.told
    found = [
        {
            "title": check.title,
            "level": "obligatoire" if check.required else "conseillé",
            "badge": BADGES[result.state],
            "state": IN_WORDS[result.state],
            "seen": result.seen,
            "mend": check.mend if result.state == State.FAILED else "",
            "section": check.section,
        }
        for check, result in rows(report)
    ]
    return {
        "passed": kept.passed,
        # The report says nothing of a catalogue that has changed since.
        "verdict": "Réussi, mais le catalogue de l’éditeur ne convient plus."
        if kept.passed and endpoint.mismatch
        else report.verdict,
        "when": moment(kept.at),
        "version": kept.version,
        "outdated": kept.configuration != endpoint.configuration,
        "left": report.left,
        "to_mend": [row for row in found if row["mend"]],
        "rows": found,
    }
