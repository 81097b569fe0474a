"""A change of signatory: what waited for a decision of the organisation waits for the new one too."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import localdate

from subscriptions.models import Approval, ApprovalState, Party, State
from tenants import audit, letters
from tenants.days import in_words
from tenants.models import Membership, Organisation, Role, User


def pass_steps(*, organisation: Organisation, person: User, roles: Iterable[str], now: datetime) -> int:
    """Logs each decision that now falls to whoever has just become a signatory there, and tells her of all in
    one letter, in the transaction that gives her the role; how many. Nothing for any other role.

    Not those she asked for herself, where another person must decide."""
    if Role.SIGNATORY not in roles:
        return 0
    waiting = Approval.objects.filter(
        tenant=organisation,
        party=Party.MEMBER,
        state=ApprovalState.WAITING,
        subscription__state=State.REQUESTED,
    ).exclude(subscription__separate_approver=True, subscription__requested_by=person)
    steps = list(waiting.select_related("subscription").order_by("subscription__requested_at", "pk"))
    for step in steps:
        audit.record(
            tenant=organisation,
            actor=None,
            person=person,
            what="subscription.passed_to_signatory",
            sentence="La décision sur la demande d’abonnement à "
            f"{step.subscription.service_name} revient désormais à {{person}}, signataire.",
            subject_id=step.subscription.public_id,
            now=now,
        )
    if steps and person.email:
        mandate = Membership.objects.open().get(organisation=organisation, user=person, role=Role.SIGNATORY)
        letters.write(
            tenant=organisation,
            key=f"signatory:{mandate.pk}",
            to=person.email,
            subject=f"À décider pour {organisation.name} : {_counted(len(steps))}",
            body=BODY.format(
                member=organisation.name,
                requests="\n".join(
                    f"- {step.subscription.service_name}, demandé le "
                    f"{in_words(localdate(step.subscription.requested_at))}"
                    for step in steps
                ),
            ),
            now=now,
        )
    return len(steps)


def _counted(number: int) -> str:
    return f"{number} demande{'s' if number > 1 else ''} d’abonnement"


BODY = """\
Bonjour,

Vous êtes désormais signataire de {member} dans Halle. Ces demandes d’abonnement attendent votre décision :

{requests}

Approuvez ou refusez chacune sur sa page, à la rubrique « Abonnements ».
"""
