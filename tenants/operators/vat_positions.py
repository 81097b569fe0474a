"""An operator's VAT position, from a day on: asked of it, stored with its proof, never changed."""

from dataclasses import dataclass
from datetime import date, datetime

from tenants import audit
from tenants.models import Operator, User, VatPosition
from tenants.models.operator import VatRegime
from tenants.operators.settings import SettingsInvalid, telling_what_is_taken

VAT_BEGAN = 1954  # an earlier year is a slip of the keyboard
YEARS_AHEAD = 5
MAX_SOURCE = 200
TAKEN = {
    "vat_position_once_a_day": (
        "since",
        "Une position est déjà enregistrée à cette date, et ne se modifie pas. Indiquez le jour à partir "
        "duquel la nouvelle s’applique.",
    ),
}


@dataclass(frozen=True)
class VatStatement:
    """What an operator says of its position: only its tax office decides. `source` is what proves it."""

    regime: str
    since: date | None
    source: str


def set_vat_position(*, operator: Operator, statement: VatStatement, by: User, now: datetime) -> VatPosition:
    """Adds a position from a day on, past days included: a correction is a new row, so that what was invoiced
    stays explained. Raises SettingsInvalid (regime, since, source)."""
    source = _checked(statement, now)
    with telling_what_is_taken(TAKEN):
        before = operator.vat_on(statement.since)
        position = VatPosition.objects.create(
            operator=operator, regime=statement.regime, since=statement.since, source=source
        )
        audit.record(
            tenant=operator.organisation,
            actor=by,
            what="operator.vat_position_added",
            sentence=f"{{actor}} a enregistré la position de TVA de {operator.short_name} : {position}.",
            subject_id=position.pk,
            now=now,
            changes={"regime": [before.regime if before else None, position.regime]},
            details={"since": position.since.isoformat(), "source": source},
        )
    return position


def _checked(statement: VatStatement, now: datetime) -> str:
    source, errors = check_proof(since=statement.since, source=statement.source, longest=MAX_SOURCE, now=now)
    if statement.regime not in VatRegime.values:
        errors["regime"] = "Choisissez la position de TVA."
    if errors:
        raise SettingsInvalid(errors)
    return source


def check_proof(
    *, since: date | None, source: str, longest: int, now: datetime
) -> tuple[str, dict[str, str]]:
    """From which day something of VAT holds, and what proves it: the source, tidied, and {since, source: what
    is wrong in French}."""
    source, errors = " ".join(source.split()), {}
    if since is None:
        errors["since"] = "Indiquez depuis quel jour."
    elif not VAT_BEGAN <= since.year <= now.year + YEARS_AHEAD:
        errors["since"] = f"Vérifiez l’année : de {VAT_BEGAN} à {now.year + YEARS_AHEAD}."
    if not source:
        errors["source"] = "Dites ce qui le prouve, par exemple : courrier des impôts du 12/03/2026."
    elif len(source) > longest:
        errors["source"] = f"C’est trop long : {longest} caractères au plus."
    return source, errors
