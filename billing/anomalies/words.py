"""A remark in French: what was found and why it matters, then what to do about it."""

from datetime import date
from decimal import Decimal

from billing.models import Anomaly, AnomalyKind
from catalog.pricing import format_cents, format_date, format_euros, format_number, format_percent

# What to do about each kind, whatever the draft.
TO_DO = {
    AnomalyKind.SIRET: "Donnez son SIRET dans sa fiche d’adhérent.",
    AnomalyKind.COMMITMENT: "Demandez-le à l’adhérent, puis écrivez-le ici : il servira aussi aux factures "
    "suivantes.",
    AnomalyKind.SERVICE_CODE: "L’adhérent le donne dans « Mon organisation », « Établissements et Chorus "
    "Pro ».",
    AnomalyKind.VAT: "Décidez du régime sur la page de la TVA : les projets sont alors calculés de nouveau.",
    AnomalyKind.NEGATIVE: "Mettez ce projet de côté : ce qui est dû à l’adhérent se rend par un avoir.",
    AnomalyKind.UNSOUND: "Corrigez la fiche de l’adhérent ou vos réglages, puis vérifiez de nouveau.",
    AnomalyKind.CLOSED: "Vérifiez à qui envoyer la facture, ou mettez-la de côté.",
    AnomalyKind.CEILING: "Vérifiez l’abonnement : un avenant manque peut-être.",
    AnomalyKind.CHANGED: "Vérifiez ce qui a changé dans le calcul du projet.",
    AnomalyKind.TIER: "Vérifiez le nombre d’habitants du groupe.",
    AnomalyKind.POPULATION: "Vérifiez la population dans la fiche de l’adhérent.",
    AnomalyKind.ZERO: "Vérifiez qu’une facture à zéro est voulue, ou mettez-la de côté.",
    AnomalyKind.FIRST: "Relisez le premier calcul fait pour cet adhérent.",
}


def sentence(anomaly: Anomaly) -> str:
    """What was found in this draft, and why."""
    return _SENTENCES[AnomalyKind(anomaly.kind)](anomaly)


def _siret(anomaly: Anomaly) -> str:
    return "Le SIRET du siège n’est pas connu : la facture n’arriverait nulle part."


def _commitment(anomaly: Anomaly) -> str:
    if anomaly.facts["several"]:
        return "Ses lignes portent des numéros d’engagement différents, et une facture n’en porte qu’un."
    return "Son établissement demande un numéro d’engagement, et aucun n’est donné."


def _service_code(anomaly: Anomaly) -> str:
    if anomaly.facts["several"]:
        return "Ses lignes portent des codes service différents, et une facture n’en porte qu’un."
    return "Chorus Pro demande un code service pour cet établissement, et aucun n’est connu."


def _vat(anomaly: Anomaly) -> str:
    return anomaly.facts["why"] or "Une ligne est sans TVA, et rien ne dit pourquoi."


def _negative(anomaly: Anomaly) -> str:
    return "Le total est négatif : une facture demande un paiement, elle n’en rend pas."


def _unsound(anomaly: Anomaly) -> str:
    return " ".join(anomaly.facts["problems"])


def _closed(anomaly: Anomaly) -> str:
    since = format_date(date.fromisoformat(anomaly.facts["since"]))
    successor = anomaly.facts["successor"]
    to_whom = f" ; {successor} lui a succédé" if successor else ""
    return f"Cette organisation n’existe plus depuis le {since}{to_whom} : son SIRET est fermé."


def _ceiling(anomaly: Anomaly) -> str:
    billed, months, yearly = (anomaly.facts[name] for name in ("billed", "months", "yearly"))
    return (
        f"{anomaly.facts['service']} : {format_cents(billed)} pour {months} mois, quand le prix approuvé est "
        f"de {format_cents(yearly)} par an."
    )


def _changed(anomaly: Anomaly) -> str:
    before, after = anomaly.before_cents, anomaly.after_cents
    verb, gap = ("augmente", after - before) if after > before else ("baisse", before - after)
    percent = (Decimal(gap) * 100 / abs(before)).quantize(Decimal("0.1")) if before else None
    share = f" ({format_percent(percent)})" if percent else ""
    return f"À abonnements et mois égaux, le montant {verb} de {format_cents(gap)}{share} sur un an."


def _tier(anomaly: Anomaly) -> str:
    facts = anomaly.facts
    prices = (format_euros(Decimal(facts[name])) for name in ("price_before", "price_after"))
    groups = (format_number(facts[name]) for name in ("group_before", "group_after"))
    return "Le groupe passe de {} à {} habitants".format(
        *groups
    ) + ", et le prix unitaire de {} à {}.".format(*prices)


def _population(anomaly: Anomaly) -> str:
    before, after = anomaly.facts["before"], anomaly.facts["after"]
    return (
        f"{_people(after)}, quand la dernière facture comptait {_people(before)}. "
        "Un nouveau millésime change rarement autant."
        if after["reference_year"] != before["reference_year"] and after["kind"] == before["kind"]
        else f"{_people(after)}, quand la dernière facture comptait {_people(before)}."
    )


def _people(population: dict) -> str:
    return (
        f"{format_number(population['value'])} habitants (population {population['kind']} "
        f"{population['reference_year']})"
    )


def _zero(anomaly: Anomaly) -> str:
    return "Le total est nul : il n’y a rien à payer."


def _first(anomaly: Anomaly) -> str:
    return "C’est la première facture que vous envoyez à cet adhérent."


_SENTENCES = {
    AnomalyKind.SIRET: _siret,
    AnomalyKind.COMMITMENT: _commitment,
    AnomalyKind.SERVICE_CODE: _service_code,
    AnomalyKind.VAT: _vat,
    AnomalyKind.NEGATIVE: _negative,
    AnomalyKind.UNSOUND: _unsound,
    AnomalyKind.CLOSED: _closed,
    AnomalyKind.CEILING: _ceiling,
    AnomalyKind.CHANGED: _changed,
    AnomalyKind.TIER: _tier,
    AnomalyKind.POPULATION: _population,
    AnomalyKind.ZERO: _zero,
    AnomalyKind.FIRST: _first,
}
