"""What an act must be to decide something: its number, its date, its signed file."""

from dataclasses import dataclass
from datetime import date

from django.core.files.base import File

from subscriptions.deciding import authorities, existed_from
from subscriptions.exceptions import DecisionInvalid
from subscriptions.models import Decision, Subscription
from tenants.days import in_words
from tenants.uploads import problem_with_pdf


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


def check_needed(act: Act | None, *, needed: bool, today: date) -> None:
    """As `check_act` of an act that is given; raises DecisionInvalid for one `needed` that is missing."""
    if act is not None:
        check_act(number=act.number, date=act.date, file=act.file, today=today)
    elif needed:
        check_act(number="", date=today, file=None, today=today)


def check_decision(*, subscription: Subscription, decision: Decision, file, today: date) -> None:
    """What `check_act` asks, and that whoever took it could: the assembly or its head, on a day when the
    purchasing vehicle and the organisation were there. Raises DecisionInvalid with the field to mend."""
    check_act(number=decision.number, date=decision.date, file=file, today=today)
    if decision.authority not in authorities(subscription):
        raise DecisionInvalid(
            "authority", "Cette décision ne se délègue pas ici : joignez la délibération de l’assemblée."
        )
    since, what = existed_from(subscription)
    if since and decision.date < since:
        raise DecisionInvalid(
            "date", f"L’acte est daté d’avant {what} ({in_words(since)}). Vérifiez le jour et l’année."
        )
    sent = decision.transmitted_on
    if sent and not decision.date <= sent <= today:
        raise DecisionInvalid(
            "transmitted_on",
            "L’acte se transmet après sa date, et au plus tard aujourd’hui. Vérifiez le jour.",
        )
