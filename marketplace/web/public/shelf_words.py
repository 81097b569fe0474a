"""The words of a shelf: what its filters, its orders and its badges are called."""

from catalog.finding.asked import FREE, PROPRIETARY, Asked, Band, Local, Sort
from catalog.finding.strata import stratum_bounds
from catalog.models import ClaimLevel, Connector, Family
from marketplace.web.formats import format_number

TOPICS = {
    "rgpd": "Données personnelles (RGPD)",
    "hosting": "Hébergement",
    "rgaa": "Accessibilité",
    "rgesn": "Écoconception",
    "environment": "Environnement",
    "licence": "Logiciel libre",
    "reversibility": "Réversibilité",
    "data_act": "Sortie du contrat",
    "sla": "Engagement de service",
    "homologation": "Homologation",
    "interoperability": "Interopérabilité",
    "sign_in": "ProConnect, FranceConnect",
}
LEVELS = {
    ClaimLevel.VERIFIED: "Vérifiées par un opérateur",
    ClaimLevel.DOCUMENTED: "Au moins documentées",
    ClaimLevel.DECLARED: "Même seulement déclarées",
}
# The icon of a badge says the level too, its word always.
LEVEL_BADGES = {
    ClaimLevel.VERIFIED: ("success", "vérifié"),
    ClaimLevel.DOCUMENTED: ("info", "documenté"),
    ClaimLevel.DECLARED: ("neutral", "déclaré"),
}
CONNECTORS = {
    Connector.OSB: "Automatique (Open Service Broker)",
    Connector.WEBHOOK: "Automatique (webhook)",
    Connector.TERRAFORM: "Automatique (Terraform)",
    Connector.MANUAL: "Par l’opérateur ou l’éditeur",
}
LICENCES = {FREE: "Logiciel libre", PROPRIETARY: "Logiciel propriétaire"}
LOCAL = {Local.DEPARTEMENT: "Éditeur de mon département", Local.REGION: "Éditeur de ma région"}
SORTS = {
    Sort.RECOMMENDED: "Recommandés",
    Sort.PRICE: "Prix",
    Sort.NAME: "Nom",
    Sort.RATING: "Satisfaction",
    Sort.NEWEST: "Nouveautés",
}
USED_ALIKE = "Choisi par des communes comme la mienne"
FOR_ME = "Seulement pour ma commune"
FEW = 3  # below, no number is given


def band_words(band: Band) -> str:
    """ "Moins de 200 €", "De 200 à 500 €", "500 € et plus"."""
    low, high = (format_number((cents or 0) // 100) for cents in (band.low, band.high))
    if not band.low:
        return f"Moins de {high}\u00a0€" if band.high is not None else "Tous les prix"
    return f"{low}\u00a0€ et plus" if band.high is None else f"De {low} à {high}\u00a0€"


def stratum_words(stratum: str) -> str:
    """ "de 500 à 999 habitants"."""
    low, high = stratum_bounds(stratum)
    if not low:
        return f"de moins de {format_number(high + 1)} habitants"
    if high is None:
        return f"de {format_number(low)} habitants et plus"
    return f"de {format_number(low)} à {format_number(high)} habitants"


def used_words(count: int, stratum: str) -> str:
    """ "Choisi par 12 communes de 500 à 999 habitants"; "" for none."""
    if not count:
        return ""
    who = f"{format_number(count)} communes" if count >= FEW else "quelques communes"
    return f"Choisi par {who} {stratum_words(stratum)}"


def chosen_words(asked: Asked) -> list[tuple[str, dict]]:
    """Each thing asked, in words, with what `asked` becomes without it."""
    found = [(f"« {shortened(asked.words)} »", {"words": "", "exact": False})] if asked.words else []
    found += _each(asked, "families", lambda value: Family(value).label)
    for topic in sorted(asked.claims):
        level = LEVEL_BADGES[asked.level][1]
        words = f"{TOPICS[topic]} : {level if asked.level == ClaimLevel.VERIFIED else 'au moins ' + level}"
        found.append((words, {"claims": asked.claims - {topic}}))
    found += _each(
        asked,
        "connectors",
        lambda value: f"Ouverture : {CONNECTORS[value][:1].lower()}{CONNECTORS[value][1:]}",
    )
    found += _each(asked, "licences", lambda value: LICENCES.get(value, value))
    found += _each(asked, "prices", band_words)
    found += [(LOCAL[asked.local], {"local": Local.ANYWHERE})] if asked.local else []
    found += [(USED_ALIKE, {"used_alike": False})] if asked.used_alike else []
    return found + ([(FOR_ME, {"for_me": False})] if asked.for_me else [])


def shortened(words: str, *, length: int = 60) -> str:
    """Words as shown again, cut when they are long."""
    return words if len(words) <= length else f"{words[:length].rstrip()}…"


def _each(asked: Asked, name: str, words) -> list[tuple[str, dict]]:
    values = getattr(asked, name)
    return [(words(value), {name: values - {value}}) for value in sorted(values, key=str)]
