"""What a rule says of a value on a day. Pure: the rules in force are given, and the day.

A contradiction blocks the claim; a warning is told to its vendor and to whoever checks it.
"""

import calendar
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from catalog.claims.licences import FREE
from catalog.claims.values import (
    DataAct,
    Homologation,
    Hosting,
    Licence,
    Rgaa,
    RgaaStatus,
    Rgpd,
    SecNumCloud,
    SwitchingFee,
    Value,
)
from catalog.publiccode.licences import licensing
from tenants.days import in_words

# The European Economic Area, by its names in French, without accents.
EEA = frozenset({
    "allemagne", "autriche", "belgique", "bulgarie", "chypre", "croatie", "danemark", "espagne", "estonie",
    "finlande", "france", "grece", "hongrie", "irlande", "islande", "italie", "lettonie", "liechtenstein",
    "lituanie", "luxembourg", "malte", "norvege", "pays-bas", "pologne", "portugal", "roumanie", "slovaquie",
    "slovenie", "suede", "tchequie", "republique tcheque", "union europeenne",
})  # fmt: skip


class Severity(StrEnum):
    OK = "ok"
    WARNING = "warning"
    CONTRADICTION = "contradiction"


@dataclass(frozen=True)
class Finding:
    """What one rule says, as a French sentence. `field` is where to mend it, "" for the whole value."""

    severity: Severity
    message: str
    field: str = ""


@dataclass(frozen=True)
class Rule:
    """A limit in force from a day on (catalog.models.ClaimRule without its row)."""

    topic: str
    code: str
    value: int
    in_force_from: date
    source: str = ""


class Rules:
    """All versions of all limits. One that is missing binds nobody."""

    def __init__(self, rules: Iterable[Rule]):
        self._rules = sorted(rules, key=lambda rule: rule.in_force_from)

    def limit(self, topic: str, code: str, *, on: date) -> int | None:
        """The value in force that day, None before the first one."""
        found = [rule.value for rule in self._of(topic, code) if rule.in_force_from <= on]
        return found[-1] if found else None

    def next_change(self, topic: str, code: str, *, on: date) -> tuple[date, int] | None:
        """The first day after `on` when the limit changes, and to what."""
        return next(
            ((rule.in_force_from, rule.value) for rule in self._of(topic, code) if rule.in_force_from > on),
            None,
        )

    def in_force(self, *, on: date) -> list[Rule]:
        """The version in force that day of each limit, by topic; those of all topics last."""
        latest = {(rule.topic, rule.code): rule for rule in self._rules if rule.in_force_from <= on}
        return sorted(latest.values(), key=lambda rule: (not rule.topic, rule.topic, rule.code))

    def _of(self, topic: str, code: str) -> list[Rule]:
        return [rule for rule in self._rules if (rule.topic, rule.code) == (topic, code)]


@dataclass(frozen=True)
class Verdict:
    """All that the rules say of a value on a day. `until`: its last day, None if they set none."""

    findings: list[Finding]
    until: date | None

    @property
    def contradictions(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == Severity.CONTRADICTION]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == Severity.WARNING]


def check(value: Value, *, rules: Rules, on: date) -> Verdict:
    """What the rules of its topic say of a value on that day, and until when it holds.

    A value without an end of its own must be confirmed again after the months the rules say.
    """
    until = None
    findings: list[Finding] = []
    for said in _checks(value, rules, on):
        if isinstance(said, Finding):
            findings.append(said)
        else:
            until = said if until is None else min(until, said)
    months = rules.limit("", "confirmed_again_months", on=on)
    if until is None and months is not None:
        until = after_months(on, months)
    return Verdict(findings, until)


def after_months(day: date, months: int) -> date:
    """The same day some months later; the last day of a shorter month."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_free(spdx: str) -> bool:
    """Whether a software under this valid SPDX expression is free software: one licence of each choice is
    (catalog/claims/licences.py), and all those that bind together are."""
    return _is_free(licensing().parse(spdx))


def _is_free(expression) -> bool:
    match type(expression).__name__:
        case "OR":
            return any(_is_free(part) for part in expression.args)
        case "AND":
            return all(_is_free(part) for part in expression.args)
        case "LicenseWithExceptionSymbol":
            return expression.license_symbol.key in FREE
        case _:
            return expression.key in FREE


def _checks(value: Value, rules: Rules, on: date) -> Iterator[Finding | date]:
    """Findings, and the days until which the value holds."""
    match value:
        case Rgpd():
            yield from _rgpd(value, rules, on)
        case Hosting():
            yield from _hosting(value, on)
        case Rgaa():
            yield from _rgaa(value, rules, on)
        case Licence():
            yield _licence(value)
        case DataAct():
            yield from _data_act(value, rules, on)
        case Homologation():
            yield from _homologation(value, on)
        case _:
            yield from _dates_past(value, on)


def _no(field: str, message: str) -> Finding:
    return Finding(Severity.CONTRADICTION, message, field)


def _beware(field: str, message: str) -> Finding:
    return Finding(Severity.WARNING, message, field)


def _dates_past(value: Value, on: date) -> Iterator[Finding]:
    """What has been done was not done in the future."""
    for name in ("audit_date", "tested_on", "assessed_on", "decision_date"):
        day = getattr(value, name, None)
        if day is not None and day > on:
            yield _no(name, "Cette date est dans le futur.")


def _rgpd(value: Rgpd, rules: Rules, on: date) -> Iterator[Finding]:
    limit = rules.limit("rgpd", "breach_notice_hours_max", on=on)
    if value.transfer_outside_eu and value.transfer_basis is None:
        yield _no("transfer_basis", "Des données sortent de l’Union\u00a0: indiquez sur quelle base.")
    outside = [part.name for part in value.subprocessors if _is_outside_eea(part.country)]
    if outside and value.transfer_outside_eu is False:
        yield _no(
            "transfer_outside_eu",
            f"Un sous-traitant est hors de l’Espace économique européen ({', '.join(outside[:3])})\u00a0: "
            "les données y sont transférées.",
        )
    hours = value.breach_notice_hours
    if limit is not None and hours is not None and hours > limit:
        yield _beware(
            "breach_notice_hours",
            f"La collectivité doit prévenir la CNIL en {limit}\u00a0h\u00a0: prévenez-la plus tôt.",
        )
    if value.role == "processor" and not value.dpa_signed:
        yield _beware("dpa_signed", "Un sous-traitant doit un contrat à la collectivité (RGPD, article 28).")


def _is_outside_eea(country: str) -> bool:
    plain = unicodedata.normalize("NFKD", country.lower()).encode("ascii", "ignore").decode()
    return not any(re.search(rf"\b{name}\b", plain) for name in EEA) and plain not in ("ue", "fr")


def _hosting(value: Hosting, on: date) -> Iterator[Finding | date]:
    if value.secnumcloud == SecNumCloud.QUALIFIED:
        if value.secnumcloud_until is None:
            yield _no("secnumcloud_until", "Une qualification SecNumCloud a une fin\u00a0: indiquez-la.")
        if not value.secnumcloud_scope:
            yield _no("secnumcloud_scope", "Dites à quoi la qualification SecNumCloud s’applique.")
        yield from _certificate("secnumcloud_until", "La qualification SecNumCloud", value, on)
    elif value.secnumcloud_until is not None:
        yield _no("secnumcloud_until", "Sans qualification SecNumCloud, ne donnez pas de date de fin.")
    for name, label in (("hds", "Le certificat HDS"), ("iso27001", "Le certificat ISO 27001")):
        until = getattr(value, f"{name}_until")
        if getattr(value, name):
            if until is None:
                yield _no(f"{name}_until", f"{label} a une fin\u00a0: indiquez-la.")
            yield from _certificate(f"{name}_until", label, value, on)
        elif until is not None:
            yield _no(f"{name}_until", f"{label} n’est pas déclaré\u00a0: ne donnez pas de date de fin.")
    law = value.operator_law_country
    if law and _is_outside_eea(law):
        yield _beware(
            "operator_law_country", "La loi d’un pays hors de l’Espace économique européen s’applique."
        )


def _certificate(field: str, label: str, value: Hosting, on: date) -> Iterator[Finding | date]:
    until = getattr(value, field)
    if until is None:
        return
    if until < on:
        yield _no(field, f"{label} n’est plus valable depuis le {in_words(until)}.")
    else:
        yield until


def _rgaa(value: Rgaa, rules: Rules, on: date) -> Iterator[Finding | date]:
    yield from _dates_past(value, on)
    if value.status == RgaaStatus.NONE:
        return
    partial = rules.limit("rgaa", "partial_from_percent", on=on)
    total = rules.limit("rgaa", "total_percent", on=on)
    years = rules.limit("rgaa", "audit_valid_years", on=on)
    rate, audit = value.rate_percent, value.audit_date
    if rate is None:
        yield _no("rate_percent", "Sans taux de conformité, le service est «\u00a0non conforme\u00a0».")
    elif partial is not None and rate < partial:
        yield _no(
            "status", f"Sous {partial}\u00a0% de conformité, le service est «\u00a0non conforme\u00a0»."
        )
    elif total is not None and value.status == RgaaStatus.TOTAL and rate < total:
        yield _no("status", f"«\u00a0Totalement conforme\u00a0» demande un taux de {total}\u00a0%.")
    elif total is not None and value.status == RgaaStatus.PARTIAL and rate >= total:
        yield _beware("status", f"À {total}\u00a0%, le service est «\u00a0totalement conforme\u00a0».")
    if audit is None:
        yield _no("audit_date", "Sans audit valable, le service est «\u00a0non conforme\u00a0».")
    elif years is not None and audit <= on:
        until = after_months(audit, 12 * years)
        if until < on:
            yield _no(
                "audit_date",
                f"Cet audit a plus de {years} ans\u00a0: le service est «\u00a0non conforme\u00a0» jusqu’au "
                "prochain.",
            )
        else:
            yield until
    if not value.declaration_url:
        yield _beware("declaration_url", "La déclaration d’accessibilité doit être publiée.")


def _licence(value: Licence) -> Finding:
    if not is_free(value.spdx_id):
        return _no(
            "spdx_id",
            f"{value.spdx_id} n’est pas une licence libre reconnue par l’OSI ou la FSF. Pour un logiciel "
            "propriétaire, ne déclarez rien ici.",
        )
    if not value.repository_url:
        return _beware("repository_url", "Dites où lire le code\u00a0: c’est ce qui prouve qu’il est libre.")
    return Finding(Severity.OK, f"{value.spdx_id} est une licence libre.", "spdx_id")


def _data_act(value: DataAct, rules: Rules, on: date) -> Iterator[Finding | date]:
    def limit(code: str) -> int | None:
        return rules.limit("data_act", code, on=on)

    notice, transition = limit("notice_days_max"), limit("transition_days_max")
    longer, retrieval = limit("longer_transition_months_max"), limit("retrieval_days_min")
    if notice is not None and value.exit_notice_days > notice:
        yield _no("exit_notice_days", f"Le Data Act permet un préavis de {notice} jours (deux mois) au plus.")
    if transition is not None and value.transition_days > transition:
        yield _no(
            "transition_days",
            f"Le Data Act permet une transition de {transition} jours au plus. Si c’est techniquement "
            "impossible, indiquez la durée en mois dans le champ suivant.",
        )
    months = value.longer_transition_months
    if longer is not None and months is not None and months > longer:
        yield _no("longer_transition_months", f"Même dans ce cas, {longer} mois au plus.")
    if retrieval is not None and value.retrieval_days < retrieval:
        yield _no(
            "retrieval_days", f"Le Data Act demande au moins {retrieval} jours pour récupérer ses données."
        )
    if value.switching_fee == SwitchingFee.NONE:
        return
    at_cost = limit("switching_fee_at_cost_allowed")
    if at_cost is not None and value.switching_fee == SwitchingFee.ABOVE_COST:
        yield _no("switching_fee", "Le Data Act interdit les frais de changement au-delà du coût réel.")
    elif at_cost == 0:
        yield _no("switching_fee", "Le Data Act interdit désormais tous frais de changement.")
    elif at_cost and (change := rules.next_change("data_act", "switching_fee_at_cost_allowed", on=on)):
        yield _beware("switching_fee", f"Ces frais seront interdits à partir du {in_words(change[0])}.")
        yield change[0] - timedelta(days=1)


def _homologation(value: Homologation, on: date) -> Iterator[Finding | date]:
    yield from _dates_past(value, on)
    if value.valid_until < value.decision_date:
        yield _no("valid_until", "La fin ne peut pas précéder la décision.")
    elif value.valid_until < on:
        yield _no("valid_until", f"Cette homologation a pris fin le {in_words(value.valid_until)}.")
    else:
        yield value.valid_until
    if value.indice_cyber is not None and value.indice_cyber > 5:
        yield _no("indice_cyber", "L’indice cyber va de 0 à 5.")
