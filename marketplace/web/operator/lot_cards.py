"""One lot as the page of its vehicle shows it: its terms of the day, what is ordered, its amendments."""

from datetime import date, timedelta
from decimal import Decimal

from django.urls import reverse

from marketplace.web.formats import day, format_cents, format_number, format_percent
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted
from subscriptions.lot_amending import Step, may_amend, steps_of
from subscriptions.lot_letters import PERCENTS
from subscriptions.models import AMENDED, FrameworkLot, LotTermsModel
from subscriptions.transfers.queries import holder_words

NEARLY_FULL = min(PERCENTS)  # a letter has said so
LABELS = {
    "ceiling_cents": "Maximum",
    "ends_on": "Dernier jour",
    "duration_reason": "Motif de la durée",
    "renewals": "Reconductions",
    "revision_formula": "Révision des prix",
}


def period(first: date | None, end: date | None) -> str:
    """ "du 1er janvier 2026 au 31 décembre 2029", the last day counted in; "sans limite" without either."""
    last = end and end - timedelta(days=1)
    if first and last:
        return f"du {day(first)} au {day(last)}"
    if first:
        return f"depuis le {day(first)}"
    return f"jusqu’au {day(last)}" if last else "sans limite"


def lot_card(operator, lot: FrameworkLot, *, on: date) -> dict:
    """What one lot is that day, with what may be done to it."""
    address = [operator.slug, lot.vehicle_id, lot.number]
    percent = lot.percent(on=on)
    return {
        "number": lot.number,
        "bar": f"commande-{lot.number}",
        "title": str(lot),
        "badge": _badge(lot, on=on),
        "percent": percent,
        "text": f"{format_percent(Decimal(percent))} du maximum",
        "facts": _facts(lot, on=on),
        "published": lot.published_on is not None,
        "steps": [_step(operator, lot, step, on=on) for step in steps_of(lot)],
        "may_amend": may_amend(lot, on=on),
        "edit_label": f"Modifier le lot {lot.number}",
        "publish_label": f"Publier le lot {lot.number}",
        "amend_label": f"Modifier le lot {lot.number} par avenant",
        "edit_url": reverse("operator_lot_edit", args=address),
        "publish_url": reverse("operator_lot_publish", args=address),
        "amend_url": reverse("operator_lot_amend", args=address),
    }


def _facts(lot: FrameworkLot, *, on: date) -> list[dict]:
    terms, binding = lot.terms_on(on), lot.binding_cents(on=on)
    facts = [
        {"label": "Montant maximum", "value": f"{format_cents(terms.ceiling_cents)} HT"},
        {"label": "Commandé", "value": f"{format_cents(lot.ordered_cents)} HT"},
        {
            "label": "Reste à commander",
            "value": f"{format_cents(lot.left_cents(on=on))} HT",
            "note": "" if binding == terms.ceiling_cents else "dans le maximum plus bas qu’un avenant a fixé",
        },
        {"label": "Validité", "value": capitalised(period(lot.starts_on, terms.ends_on))},
        {
            "label": "Titulaires",
            "value": ", ".join(holder_words(lot, held) for held in lot.holders.all()) or "aucun",
        },
        {
            "label": "Services",
            "value": ", ".join(listing.sheet.name for listing in lot.listings.all()) or "aucun",
        },
        {"label": "Acheteurs désignés", "value": counted(lot.buyer_count, "acheteur")},
        {"label": "Reconductions", "value": format_number(terms.renewals)},
        {"label": "Révision des prix", "value": terms.revision_formula or "prix fermes"},
    ]
    if terms.duration_reason:
        facts.append({"label": "Motif de la durée", "value": terms.duration_reason})
    if lot.notice_reference:
        facts.append({"label": "Avis", "value": lot.notice_reference})
    if lot.published_on:
        facts.append({"label": "Avis publié le", "value": day(lot.published_on)})
    return facts


def _step(operator, lot: FrameworkLot, step: Step, *, on: date) -> dict:
    one = step.amendment
    changes = [
        {"label": LABELS[name], "before": _said(step.before, name), "after": _said(one, name)}
        for name in AMENDED
        if getattr(step.before, name) != getattr(one, name)
    ]
    return {
        "title": str(one),
        "since": day(one.effective_on),
        "coming": one.effective_on > on,
        "changes": changes,
        "ground": capitalised(one.get_ground_display()),
        "reason": one.reason,
        "label": f"{one} (PDF)",
        "url": reverse("operator_lot_paper", args=[operator.slug, lot.vehicle_id, lot.number, one.number]),
    }


def _said(terms: LotTermsModel, name: str) -> str:
    value = getattr(terms, name)
    match name:
        case "ceiling_cents":
            return f"{format_cents(value)} HT"
        case "ends_on":
            return day(value - timedelta(days=1))
        case "renewals":
            return format_number(value)
        case "revision_formula":
            return value or "prix fermes"
        case _:
            return value or "aucun"


def _badge(lot: FrameworkLot, *, on: date) -> dict:
    if lot.published_on is None:
        return {"state": "info", "label": "En préparation"}
    if lot.terms_on(on).ends_on <= on:
        return {"state": "neutral", "label": "Terminé"}
    if lot.left_cents(on=on) <= 0:
        return {"state": "danger", "label": "Maximum atteint"}
    if lot.percent(on=on) >= NEARLY_FULL:
        return {"state": "warning", "label": "Bientôt au maximum"}
    if lot.starts_on > on:
        return {"state": "info", "label": "À venir"}
    return {"state": "success", "label": "Ouvert aux commandes"}
