"""What an act must be to decide something: its number, its date, its signed file."""

from dataclasses import dataclass
from datetime import date

from django.core.files.base import File

from subscriptions.exceptions import DecisionInvalid
from subscriptions.files import problem_with_pdf


@dataclass(frozen=True)
class Act:
    """A deliberation or a decision, `file` an uploaded PDF."""

    number: str
    date: date
    file: File

    def __post_init__(self):
        object.__setattr__(self, "number", self.number.strip())


def check_act(*, number: str, date: date, file, today: date) -> None:
    """Raises DecisionInvalid with the field to mend: no number, a date to come, no PDF of 10 MB at most."""
    if not number.strip():
        raise DecisionInvalid("number", "Indiquez le numéro de la délibération ou de la décision.")
    if date > today:
        raise DecisionInvalid("date", "La date de l’acte est dans le futur. Vérifiez le jour et l’année.")
    if problem := problem_with_pdf(file):
        raise DecisionInvalid("file", problem)
