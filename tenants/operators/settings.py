"""What an operator's settings may hold: cleaned and checked all together, with words for each mistake."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from stdnum import bic as bic_number
from stdnum import iban as iban_number
from stdnum.exceptions import ValidationError as WrongNumber

from tenants.constraints import violated
from tenants.models import Operator
from tenants.models.operator import IssuerKind, LegalKind, WithdrawalRule
from tenants.models.territory import PopulationKind
from tenants.operators.colours import BadColour, clean_accent
from tenants.operators.hostnames import BadAddress, clean_hostname

# A public buyer pays within 30 days (code de la commande publique, R2192-10); it may be asked for less.
PAYMENT_DAYS = range(1, 31)
WITHDRAWAL_MONTHS = range(61)
PHONE = re.compile(r"\+?[0-9]{6,15}")
BETWEEN_DIGITS = re.compile(r"[\s.\-]+")
SPACES = re.compile(r"\s+")


class SettingsInvalid(Exception):
    """What was given cannot be kept: `errors` holds {field: French sentence}; nothing was written."""

    def __init__(self, errors: dict[str, str]):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


@contextmanager
def telling_what_is_taken(words: dict[str, tuple[str, str]]) -> Iterator[None]:
    """One transaction. When a constraint named in `words` ({constraint: (field, sentence)}) refuses what is
    written inside, raises SettingsInvalid: two people at once are told alike."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        constraint = violated(error)
        if constraint not in words:
            raise
        field, sentence = words[constraint]
        raise SettingsInvalid({field: sentence}) from None


def clean_settings(values: dict) -> dict:
    """Return these settings (any of SETTINGS, by the operator's field names) as they are to be stored.

    Raises SettingsInvalid with every mistake found, not only the first.
    """
    clean, errors = {}, {}
    for name, value in values.items():
        try:
            clean[name] = SETTINGS[name](value)
        except (BadColour, BadAddress, ValueError) as error:
            errors[name] = str(error)
    if errors:
        raise SettingsInvalid(errors)
    return clean


def check_issuer(*, legal_kind: str, issuer_kind: str) -> None:
    """Raises SettingsInvalid when a body that handles public money would be paid otherwise than through its
    public accountant (CGCT L1611-7; the database refuses it too)."""
    if issuer_kind == IssuerKind.PRIVATE and legal_kind != LegalKind.ASSOCIATION:
        raise SettingsInvalid(
            {
                "issuer_kind": "Seule une association encaisse elle-même. L’argent public passe par un "
                "comptable public : choisissez les titres de recettes."
            }
        )


def _text(maximum: int, *, required: str = "") -> Callable[[str], str]:
    def clean(value: str) -> str:
        text = " ".join(value.replace("\0", "").split())
        if required and not text:
            raise ValueError(required)
        if len(text) > maximum:
            raise ValueError(f"C’est trop long : {maximum} caractères au plus.")
        return text

    return clean


def _choice(choices) -> Callable[[str], str]:
    def clean(value: str) -> str:
        if value not in choices.values:
            raise ValueError("Choisissez une valeur de la liste.")
        return value

    return clean


def _between(allowed: range, message: str) -> Callable[[int], int]:
    def clean(value: int) -> int:
        if value not in allowed:
            raise ValueError(message)
        return value

    return clean


def clean_email(value: str) -> str:
    """Return the e-mail address. Raises ValueError, in French, when it is none."""
    email = value.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise ValueError("Écrivez l’adresse de courriel en entier, par exemple contact@exemple.fr.") from None
    if len(email) > 254:
        raise ValueError("Cette adresse est trop longue : 254 caractères au plus.")
    return email


def clean_phone(value: str) -> str:
    """A telephone number without what stands between its digits. Raises ValueError with what to write."""
    phone = BETWEEN_DIGITS.sub("", value).replace("(0)", "")
    if phone and not PHONE.fullmatch(phone):
        raise ValueError("Écrivez le téléphone en chiffres, par exemple 02 99 00 00 00 ou +33 2 99 00 00 00.")
    return phone


def _iban(value: str) -> str:
    iban = SPACES.sub("", value).upper()
    if not iban:
        return ""
    try:
        return iban_number.validate(iban)
    except WrongNumber:
        raise ValueError(
            "Cet IBAN est faux : un caractère manque ou a été mal recopié. Vérifiez-le sur le relevé "
            "d’identité bancaire."
        ) from None


def _bic(value: str) -> str:
    bic = SPACES.sub("", value).upper()
    if not bic:
        return ""
    try:
        return bic_number.validate(bic)
    except WrongNumber:
        raise ValueError("Ce BIC est faux : il compte 8 ou 11 lettres et chiffres.") from None


# How each setting is cleaned. The slug is not one: it is in addresses that people have kept.
SETTINGS: dict[str, Callable] = {
    "short_name": _text(60, required="Indiquez le nom court de l’opérateur."),
    "contact_name": _text(120),
    "contact_email": clean_email,
    "contact_phone": clean_phone,
    "accent": clean_accent,
    "hostname": clean_hostname,
    "shows_applications": bool,
    "legal_kind": _choice(LegalKind),
    "issuer_kind": _choice(IssuerKind),
    "population_kind": _choice(PopulationKind),
    "withdrawal_months": _between(WITHDRAWAL_MONTHS, "Le préavis va de 0 à 60 mois."),
    "withdrawal_rule": _choice(WithdrawalRule),
    "payment_days": _between(
        PAYMENT_DAYS, "Le délai de paiement va de 1 à 30 jours : un acheteur public paie sous 30 jours."
    ),
    "iban": _iban,
    "bic": _bic,
}
# A contact may be a person: the audit log, which nothing can change, says that it changed, not into what.
PERSONAL = frozenset({"contact_name", "contact_email", "contact_phone"})


def changes_between(before: Operator, after: dict) -> dict[str, list]:
    """{field: [before, after]} of what differs, for the audit log; personal data are blotted out."""
    changed = {name: [getattr(before, name), value] for name, value in after.items()}
    return {
        name: [_blotted(value) for value in pair] if name in PERSONAL else pair
        for name, pair in changed.items()
        if pair[0] != pair[1]
    }


def _blotted(value: str) -> str:
    return "•••" if value else ""
