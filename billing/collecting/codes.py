"""A public issuer's codes at its public accountant's, from a day on: given by it, stored, never changed."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from stdnum.fr import siret as siret_number

from billing.models import TitreCodes
from tenants import audit
from tenants.models import Operator, User
from tenants.operators.settings import SettingsInvalid

YEARS_BACK, YEARS_AHEAD = 10, 2


@dataclass(frozen=True)
class CodesStatement:
    """What the public accountant gave. Empty where it gave nothing: only `budget` and `function` may be."""

    since: date | None
    post: str
    budget_siret: str
    collectivity: str
    budget: str
    product: str
    account: str
    function: str


@dataclass(frozen=True)
class _Rule:
    """What a code must be (PES V2 schemas 5.3, Simple_Type.xsd and Class_EntetePES.xsd, as published with
    libriciel/s2low), and what is said of one that is not."""

    pattern: str
    said: str
    required: bool = True
    valid: Callable[[str], bool] | None = None


# A code made of zeros only is none (V_BaseAlphanum).
RULES = {
    "post": _Rule(
        r"02[AB][0-9]{3,4}|(?!0+$)[0-9]{6,7}",
        "Le codique du poste comptable a 6 ou 7 chiffres, par exemple 035012.",
    ),
    "budget_siret": _Rule(
        r"[0-9]{14}",
        "Le SIRET du budget a 14 chiffres, clé comprise : vérifiez-le.",
        valid=siret_number.is_valid,
    ),
    "collectivity": _Rule(
        r"(?!0+$)[0-9A-Za-z]{1,3}", "Le code collectivité a 1 à 3 chiffres ou lettres, par exemple 400."
    ),
    "budget": _Rule(r"[0-9A-Za-z]{1,2}", "Le code budget a 1 ou 2 chiffres ou lettres.", required=False),
    "product": _Rule(
        r"(?!0+$)[0-9A-Za-z]{1,4}", "Le code produit local a 1 à 4 chiffres ou lettres, par exemple 70."
    ),
    "account": _Rule(
        r"(?!0+$)[0-9]{1,12}", "Le compte par nature n’a que des chiffres, 12 au plus, par exemple 7068."
    ),
    "function": _Rule(r"[0-9]{1,10}", "La fonction n’a que des chiffres, 10 au plus.", required=False),
}
LABELS = {
    "post": "le codique du poste comptable",
    "budget_siret": "le SIRET du budget",
    "collectivity": "le code collectivité",
    "product": "le code produit local",
    "account": "le compte par nature",
}


def codes_on(*, operator: Operator, day: date) -> TitreCodes | None:
    """The codes in force on that day, None when nobody has said. One query."""
    return TitreCodes.objects.filter(operator=operator, since__lte=day).order_by("-since", "-pk").first()


def codes_of(*, operator: Operator) -> list[TitreCodes]:
    """All that was ever said, the newest first, each with who said it. One query."""
    found = TitreCodes.objects.filter(operator=operator).select_related("recorded_by")
    return list(found.order_by("-since", "-pk"))


def missing_codes(codes: TitreCodes | None) -> list[str]:
    """In French, what a titre in PES V2 could not say; empty when all is there."""
    return [] if codes else list(LABELS.values())


@transaction.atomic
def set_codes(*, operator: Operator, statement: CodesStatement, by: User, now: datetime) -> TitreCodes:
    """Adds codes from a day on, past days included: a correction is a new row. Raises SettingsInvalid with
    every mistake, by field."""
    values = _checked(statement, now)
    before = codes_on(operator=operator, day=statement.since)
    codes = TitreCodes.objects.create(
        tenant_id=operator.organisation_id,
        operator=operator,
        since=statement.since,
        recorded_by=by,
        recorded_at=now,
        **values,
    )
    changes = {
        name: [getattr(before, name, ""), value]
        for name, value in values.items()
        if getattr(before, name, "") != value
    }
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="titre.codes_set",
        sentence="{actor} a enregistré les codes des titres de recettes, à partir du "
        f"{codes.since:%d/%m/%Y}.",
        subject_id=codes.pk,
        now=now,
        changes=changes,
        details={"since": codes.since.isoformat()},
    )
    return codes


def _checked(statement: CodesStatement, now: datetime) -> dict[str, str]:
    values = asdict(statement)
    since, errors = values.pop("since"), {}
    if since is None:
        errors["since"] = "Indiquez depuis quel jour ces codes s’appliquent."
    elif not now.year - YEARS_BACK <= since.year <= now.year + YEARS_AHEAD:
        errors["since"] = f"Vérifiez l’année : de {now.year - YEARS_BACK} à {now.year + YEARS_AHEAD}."
    for name, rule in RULES.items():
        value = values[name] = "".join(values[name].split())
        if not value and not rule.required:
            continue
        if not re.fullmatch(rule.pattern, value) or (rule.valid and not rule.valid(value)):
            errors[name] = rule.said
    if errors:
        raise SettingsInvalid(errors)
    return values
