"""A private issuer's journal and accounts, from a day on: given by its accountant, stored, never changed."""

import re
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction

from billing.models import AccountCodes
from tenants import audit
from tenants.models import Operator, User
from tenants.operators.settings import SettingsInvalid

YEARS_BACK, YEARS_AHEAD = 10, 2
# What each must be, by the plan comptable général: class 4 for third parties, 7 for products.
RULES = {
    "journal": (r"[0-9A-Za-z]{1,10}", "Le code du journal a 1 à 10 lettres ou chiffres, par exemple VE."),
    "customer": (r"4[0-9]{2,11}", "Le compte des clients commence par 4, en chiffres, par exemple 411000."),
    "product": (r"7[0-9]{2,11}", "Le compte de produits commence par 7, en chiffres, par exemple 706000."),
    "vat": (r"(4[0-9]{2,11})?", "Le compte de TVA commence par 4, en chiffres, par exemple 445710."),
}
MAX_LABEL = 60


@dataclass(frozen=True)
class AccountsStatement:
    """What the accountant gave; `vat` is empty for an issuer without VAT."""

    since: date | None
    journal: str
    journal_label: str
    customer: str
    product: str
    vat: str
    closing_month: int | None


def accounts_on(*, operator: Operator, day: date) -> AccountCodes | None:
    """The accounts in force on that day, None when nobody has said. One query."""
    found = AccountCodes.objects.filter(operator=operator, since__lte=day)
    return found.order_by("-since", "-pk").first()


def accounts_of(*, operator: Operator) -> list[AccountCodes]:
    """All that was ever said, the newest first, each with who said it. One query."""
    found = AccountCodes.objects.filter(operator=operator).select_related("recorded_by")
    return list(found.order_by("-since", "-pk"))


@transaction.atomic
def set_accounts(
    *, operator: Operator, statement: AccountsStatement, by: User, now: datetime
) -> AccountCodes:
    """Adds accounts from a day on, past days included: a correction is a new row. Raises SettingsInvalid with
    every mistake, by field."""
    values = _checked(statement, now)
    before = accounts_on(operator=operator, day=values["since"])
    accounts = AccountCodes.objects.create(
        tenant_id=operator.organisation_id,
        operator=operator,
        recorded_by=by,
        recorded_at=now,
        **values,
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="accounting.accounts_set",
        sentence=f"{{actor}} a enregistré les comptes des ventes, à partir du {accounts.since:%d/%m/%Y}.",
        subject_id=accounts.pk,
        now=now,
        changes={
            name: [getattr(before, name, ""), values[name]]
            for name in RULES
            if getattr(before, name, "") != values[name]
        },
        details={"since": accounts.since.isoformat()},
    )
    return accounts


def _checked(statement: AccountsStatement, now: datetime) -> dict:
    values, errors = asdict(statement), {}
    if values["since"] is None:
        errors["since"] = "Indiquez depuis quel jour ces comptes s’appliquent."
    elif not now.year - YEARS_BACK <= values["since"].year <= now.year + YEARS_AHEAD:
        errors["since"] = f"Vérifiez l’année : de {now.year - YEARS_BACK} à {now.year + YEARS_AHEAD}."
    for name, (pattern, said) in RULES.items():
        values[name] = "".join(values[name].split())
        if not re.fullmatch(pattern, values[name]):
            errors[name] = said
    values["journal_label"] = " ".join(values["journal_label"].split())
    if not 0 < len(values["journal_label"]) <= MAX_LABEL:
        errors["journal_label"] = (
            f"Donnez le nom du journal, par exemple Ventes : {MAX_LABEL} signes au plus."
        )
    if values["closing_month"] not in range(1, 13):
        errors["closing_month"] = "Choisissez le dernier mois de votre exercice."
    if errors:
        raise SettingsInvalid(errors)
    return values
