"""What became of a sent invoice, for pages of both its sides."""

from django.utils.timezone import localdate

from billing.models import SendingStatus
from billing.sending.statuses import meaning_of
from marketplace.web.formats import day
from marketplace.web.operator.forms import capitalised


def followed(statuses: list[SendingStatus], *, for_member: bool = False) -> list[dict]:
    """For components/facts.html: each status with its day and reason, in the member's words for her. What she
    reads twice in a row (an invoice made available is received) is said once."""
    facts: list[dict] = []
    for status in statuses:
        meaning = meaning_of(status.code, status.lifecycle)
        label = capitalised(meaning.told) if for_member else meaning.label
        if not facts or facts[-1]["label"] != label:
            facts.append({"label": label, "value": day(localdate(status.at)), "note": status.reason})
    return facts


def to_do(statuses: list[SendingStatus]) -> str:
    """What the last status asks of the issuer; "" when nothing."""
    return meaning_of(statuses[-1].code, statuses[-1].lifecycle).to_do if statuses else ""
