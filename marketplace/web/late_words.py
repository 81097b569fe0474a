"""A payment that comes late, in the words of both sides."""

from billing.late_queries import Assessment
from billing.models import Dunning, DunningKind
from marketplace.web.formats import day, format_cents
from tenants.days import days_in_words

KINDS = {
    DunningKind.REMINDER: "Rappel envoyé",
    DunningKind.CLAIM: "Intérêts réclamés",
    DunningKind.WAIVER: "Intérêts non réclamés cette fois",
}


def history(dunnings: list[Dunning]) -> list[dict]:
    """For components/dunnings.html: what was written about an invoice, oldest first."""
    return [
        {
            "id": one.pk,
            "title": f"{KINDS[DunningKind(one.kind)]} le {day(one.at)}",
            "amount": format_cents(one.interest_cents + one.indemnity_cents)
            if one.kind == DunningKind.CLAIM
            else "",
            "text": one.text,
        }
        for one in dunnings
    ]


def due_facts(assessment: Assessment) -> list[dict]:
    """For components/facts.html: how late, on what, and until when it can be claimed."""
    facts = [
        {"label": "Reste dû, avoirs déduits", "value": f"{format_cents(assessment.left_cents)} TTC"},
        {
            "label": "Échéance",
            "value": day(assessment.due_on),
            "note": f"{days_in_words(assessment.days)} de retard au {day(assessment.until)}",
        },
    ]
    if late := assessment.late:
        facts += [
            {"label": "Intérêts", "value": format_cents(late.interest_cents)},
            {"label": "Indemnité pour frais de recouvrement", "value": format_cents(late.indemnity_cents)},
        ]
    facts.append(
        {
            "label": "Se prescrit après le",
            "value": day(assessment.lapses_on),
            "note": "Un rappel écrit fait repartir le délai (loi du 31 décembre 1968).",
        }
    )
    return facts
