"""Claims in words and badges, the same for whoever reads them."""

from datetime import date, timedelta

from django.urls import reverse

from catalog.claims.checks import Severity
from catalog.claims.queries import SOON, ClaimRead, public_claims, read
from catalog.models import Claim, ServiceSheet
from marketplace.web.formats import day
from marketplace.web.public.shelf_words import LEVEL_BADGES

BADGES = {
    level: {"state": state, "label": word.capitalize()} for level, (state, word) in LEVEL_BADGES.items()
}
CONTESTED = {"state": "warning", "label": "Contesté"}
EXPIRED = {"state": "danger", "label": "A pris fin"}
NOTHING = {"state": "neutral", "label": "Rien de déclaré"}
SEVERITIES = {
    Severity.OK: {"state": "success", "label": "Conforme"},
    Severity.WARNING: {"state": "warning", "label": "À revoir"},
    Severity.CONTRADICTION: {"state": "danger", "label": "Contradiction"},
}


def claims_section(*, sheet: ServiceSheet, on: date) -> list[dict]:
    """For public/_claims.html: what is in force that day. One query."""
    return [public_claim(read, on=on) for read in public_claims(sheet=sheet, on=on)]


def public_claim(read: ClaimRead, *, on: date) -> dict:
    """One claim as anybody reads it."""
    claim = read.claim
    return {
        "topic": claim.get_topic_display(),
        "headline": read.headline,
        "badge": badge_of(claim, on=on),
        "words": [{"label": label, "value": text} for label, text in read.words],
        "made": day(claim.made_at),
        "until": day(claim.valid_until),
        "soon": ends_soon(claim, on=on),
        "evidence": evidence_of(claim),
        "checked": checked_in_words(claim),
        "note": claim.check_note,
    }


def badge_of(claim: Claim, *, on: date) -> dict:
    """Where a claim stands, for components/badge.html."""
    if claim.is_expired(on=on):
        return EXPIRED
    return CONTESTED if claim.is_contested else BADGES[claim.level]


def ends_soon(claim: Claim, *, on: date) -> bool:
    """Within 60 days, and not yet."""
    return claim.valid_until is not None and timedelta() <= claim.valid_until - on <= SOON


def checked_in_words(claim: Claim) -> str:
    """ "Vérifié par Cantonade le 3 mars 2026", "" when nobody has checked."""
    if claim.checked_on is None:
        return ""
    verb = "Contesté" if claim.is_contested else "Vérifié"
    who = claim.checked_for.short_name if claim.checked_for else "la plateforme"
    return f"{verb} par {who} le {day(claim.checked_on)}"


def evidence_of(claim: Claim) -> list[dict]:
    """Where the evidence is read: {label, url}. Only https addresses are ever made links."""
    links = []
    if claim.evidence_url.startswith("https://"):
        links.append({"label": "Lire la preuve", "url": claim.evidence_url})
    if claim.evidence_file is not None:
        url = reverse("sheet_file", args=[claim.evidence_file.public_id])
        links.append({"label": "Preuve (PDF)", "url": url})
    return links


def past_claim(claim: Claim) -> dict:
    """One line of claims/_history.html."""
    verb = "remplacé" if claim.replaced_at else "retiré"
    return {
        "headline": read(claim).headline,
        "level": claim.get_level_display(),
        "made": day(claim.made_at),
        "ended": f"{verb} le {day(claim.replaced_at or claim.withdrawn_at)}",
        "checked": checked_in_words(claim),
        "note": claim.check_note,
    }


def findings_in_words(verdict) -> list[dict]:
    """What the automatic checks say: {state, label, text}."""
    if verdict is None:
        return [{**SEVERITIES[Severity.WARNING], "text": "Cette valeur n’est plus lisible."}]
    return [{**SEVERITIES[finding.severity], "text": finding.message} for finding in verdict.findings]
