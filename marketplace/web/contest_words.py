"""A contested line, and the facts behind a line, in the words of both sides."""

from datetime import date, timedelta
from fractions import Fraction

from billing.models import ContestState, InvoiceLine, LedgerEntry, LineContest
from catalog.pricing import Population, month_in_words, months_in_words
from marketplace.web.formats import day, format_cents, format_number
from marketplace.web.public.territory_words import source_words

BADGES = {
    ContestState.OPEN: ("warning", "Contestée", "clock"),
    ContestState.ACCEPTED: ("success", "Contestation acceptée", "success"),
    ContestState.REFUSED: ("neutral", "Contestation refusée", "neutral"),
    ContestState.WITHDRAWN: ("neutral", "Contestation retirée", "neutral"),
}


def badge(contest: LineContest) -> dict:
    """For components/badge.html."""
    state, label, icon = BADGES[ContestState(contest.state)]
    return {"state": state, "label": label, "icon": icon}


def sentences(contest: LineContest) -> list[str]:
    """What was said and answered, for either side."""
    said = [f"Le {day(contest.opened_at)} : {contest.get_reason_display()}. « {contest.text} »"]
    match contest.state:
        case ContestState.ACCEPTED:
            said.append(
                f"Acceptée le {day(contest.closed_at)} : {format_cents(contest.accepted_cents)} HT rendus."
            )
        case ContestState.REFUSED:
            said.append(f"Refusée le {day(contest.closed_at)}.")
        case ContestState.WITHDRAWN:
            said.append(f"Retirée le {day(contest.closed_at)}.")
    if contest.answer:
        said.append(f"Réponse de l’opérateur : « {contest.answer} »")
    return said


def line_facts(entry: LedgerEntry) -> list[dict]:
    """For components/facts.html: all that a line was computed from, as it was frozen with it."""
    facts = entry.facts
    last_day = entry.period_end - timedelta(days=1)
    found = [{"label": "Période", "value": f"du {day(entry.period_start)} au {day(last_day)}"}]
    if rhythm := facts.get("rhythm"):
        owed = months_in_words(Fraction(rhythm["months"]))
        found.append({"label": "Part de l’année", "value": f"{owed} sur 12"})
    elif months := facts.get("months"):
        found.append({"label": "Mois facturés", "value": format_number(months)})
    if usage := facts.get("usage"):  # whose price knows no population
        found.append(_usage(usage))
    elif population := facts.get("population"):
        found.append(_population(population))
    if (pooled := facts.get("pooled_population")) is not None:
        found.append({"label": "Population du groupe", "value": f"{format_number(pooled)} habitants"})
    if (communes := facts.get("member_communes")) is not None:
        found.append({"label": "Communes membres", "value": format_number(communes)})
    if (agents := facts.get("agents")) is not None:
        found.append({"label": "Agents", "value": format_number(agents), **_seats(facts.get("seats"))})
    if (budget := facts.get("budget")) is not None:
        found.append({"label": "Budget", "value": f"{format_number(budget)} € par an"})
    for name, count in sorted(facts.get("units", {}).items()):
        found.append({"label": f"Quantité ({name})", "value": format_number(count)})
    if "on" in facts:
        found.append({"label": "Faits connus au", "value": day(date.fromisoformat(facts["on"]))})
    if share := facts.get("share"):
        found.append(
            {
                "label": "Part",
                "value": f"{share['payer']}, pour {share['subscriber']} ({share['words']})",
                "note": share["rests_on"],
            }
        )
    found.append({"label": "Calculé le", "value": day(entry.recorded_at)})
    return found


def _seats(seats: dict | None) -> dict:
    if not seats:
        return {}
    counted = month_in_words(date.fromisoformat(seats["month"]))
    return {"note": f"Comptés en {counted}, d’après les accès ouverts."}


def _usage(usage: dict) -> dict:
    """What was used in a month, and by how many events of the service it is known."""
    events = usage["events"]
    told = f"{format_number(events)} relevés envoyés" if events > 1 else "un relevé envoyé"
    included = f", dont {format_number(usage['included'])} compris au plus" if usage["included"] else ""
    month = month_in_words(date.fromisoformat(usage["month"]))
    return {
        "label": f"Usage d’{month}" if month[0] in "ao" else f"Usage de {month}",
        "value": f"{format_number(usage['quantity'])}{included}",
        "note": f"Unité « {usage['unit']} », d’après {told} par le service.",
    }


def _population(facts: dict) -> dict:
    population = Population(**{**facts, "in_force_from": date.fromisoformat(facts["in_force_from"])})
    if population.value is None:
        return {"label": "Population", "value": "inconnue", "note": source_words(population.source)}
    return {
        "label": "Population",
        "value": f"{format_number(population.value)} habitants",
        "note": f"{population.name()}. Source : {source_words(population.source)}",
    }


def contestable(line: InvoiceLine) -> bool:
    """Whether a line of an issued invoice may be contested: one that bills something."""
    return line.net_cents > 0
