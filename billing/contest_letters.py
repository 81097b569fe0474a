"""What both sides read when a line is contested, and when it is answered."""

from datetime import datetime

from billing.models import ContestState, LineContest
from catalog.pricing import format_cents
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

ANSWERING = (Role.OPERATOR_FINANCE,)
CONTESTING = (Role.FINANCE, Role.SECRETARY)


def tell_operator(*, contest: LineContest, now: datetime) -> None:
    """One letter to each finance officer of the operator, or to its contact where it has none."""
    _to_operator(contest, "contest-opened", "Ligne contestée", OPENED, now)


def tell_operator_withdrawn(*, contest: LineContest, now: datetime) -> None:
    """The same people: nothing is to be answered any more."""
    _to_operator(contest, "contest-withdrawn", "Contestation retirée", WITHDRAWN, now)


def tell_member(*, contest: LineContest, now: datetime) -> None:
    """The answer, to whoever contested and to the member's finance officers and secretaries."""
    mandates = people_to_tell(organisations=[contest.tenant_id], roles=CONTESTING)
    to = {str(mandate.user_id): mandate.user.email for mandate in mandates}
    if contest.opened_by.is_active and contest.opened_by.email:
        to[str(contest.opened_by_id)] = contest.opened_by.email
    state = ContestState(contest.state)
    outcome = OUTCOME[state].format(**_words(contest), back=format_cents(contest.accepted_cents or 0))
    body = ANSWERED.format(
        **_words(contest),
        outcome=outcome,
        answer=contest.answer or "(sans autre précision)",
        contact=contest.operator.contact_email,
    )
    subject = f"{SUBJECT[state]} – facture {contest.line.invoice.number}"
    _send(contest, "contest-answered", to, subject, body, now)


def _to_operator(contest: LineContest, kind: str, subject: str, body: str, now: datetime) -> None:
    operator = contest.operator
    mandates = people_to_tell(organisations=[operator.organisation_id], roles=ANSWERING)
    to = {str(mandate.user_id): mandate.user.email for mandate in mandates}
    if not to and operator.contact_email:
        to = {"contact": operator.contact_email}
    subject = f"{subject} – facture {contest.line.invoice.number}, {contest.tenant.name}"
    _send(contest, kind, to, subject, body.format(**_words(contest)), now)


def _send(
    contest: LineContest, kind: str, to: dict[str, str], subject: str, body: str, now: datetime
) -> None:
    for whom, address in sorted(to.items()):
        letters.write(
            tenant=contest.tenant,
            key=f"{kind}:{contest.pk}:{whom}",
            to=address,
            subject=subject,
            body=body,
            now=now,
        )


def _words(contest: LineContest) -> dict[str, str]:
    return {
        "member": contest.tenant.name,
        "operator": contest.operator.short_name,
        "line": contest.line.name,
        "invoice": contest.line.invoice.number,
        "amount": format_cents(contest.line.net_cents),
        "reason": contest.get_reason_display(),
        "text": contest.text,
    }


SUBJECT = {
    ContestState.ACCEPTED: "Votre contestation est acceptée",
    ContestState.REFUSED: "Votre contestation est refusée",
}

OPENED = """\
Bonjour,

{member} conteste la ligne « {line} » ({amount} HT) de la facture {invoice}.

Ce qui ne va pas : {reason}.
{text}

Les faits de cette ligne et votre réponse sont dans Halle, à la page « Contestations ».
"""

WITHDRAWN = """\
Bonjour,

{member} ne conteste plus la ligne « {line} » de la facture {invoice}. Vous n’avez rien à faire.
"""

OUTCOME = {
    ContestState.ACCEPTED: """\
{operator} a accepté votre contestation de la ligne « {line} » de la facture {invoice} : un avoir de
{back} HT se prépare. Vous le recevrez dès qu’il sera émis.""",
    ContestState.REFUSED: """\
{operator} a refusé votre contestation de la ligne « {line} » de la facture {invoice}.""",
}

ANSWERED = """\
Bonjour,

{outcome}

Réponse : {answer}

Vous aviez écrit ({reason}) : {text}

La facture et ses faits, ligne par ligne, sont dans Halle, à la page « Factures ».

Une question ? {contact}
"""
