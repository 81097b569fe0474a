"""What a request has to say beside its choices: from when, and what Chorus Pro wants on the invoices."""

from dataclasses import dataclass
from datetime import date, timedelta

from subscriptions.exceptions import CommitmentMissing, ServiceCodeMissing, StartInvalid
from tenants.models import Establishment, Organisation


@dataclass(frozen=True)
class ChorusRules:
    """What Chorus Pro wants on the invoices sent to an organisation's head office. `service_code` is the one
    they go to unless somebody says otherwise, "" when there is none."""

    commitment_required: bool = False
    service_code_required: bool = False
    service_code: str = ""


def chorus_rules(*, organisation: Organisation) -> ChorusRules:
    """Two queries."""
    seat = Establishment.objects.filter(organisation=organisation, is_seat=True)
    found = seat.prefetch_related("services").first()
    if found is None:
        return ChorusRules()
    service = found.default_service
    return ChorusRules(
        commitment_required=found.commitment_required,
        service_code_required=found.service_code_required,
        service_code=service.code if service else "",
    )


def check_chorus(*, rules: ChorusRules, commitment_number: str, service_code: str) -> None:
    """Raises CommitmentMissing or ServiceCodeMissing."""
    if rules.commitment_required and not commitment_number:
        raise CommitmentMissing
    if rules.service_code_required and not (service_code or rules.service_code):
        raise ServiceCodeMissing


def last_start(*, today: date) -> date:
    """The farthest day that a service may be asked for: a year ahead."""
    return today + timedelta(days=365)


def check_start(*, wanted_from: date | None, today: date) -> None:
    """Raises StartInvalid for a day before today or beyond a year."""
    if wanted_from is None:
        return
    if wanted_from < today:
        raise StartInvalid("Ce jour est passé. Choisissez aujourd’hui ou plus tard.")
    if wanted_from > last_start(today=today):
        raise StartInvalid("C’est trop loin : choisissez un jour dans l’année qui vient.")
