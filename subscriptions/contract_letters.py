"""Letters about a contract, to both sides: who acts for the member, who administers its operator."""

from datetime import datetime

from subscriptions.models import Subscription
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

TOLD = (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)


def tell_both(subscription: Subscription, key: str, subject: str, sentence: str, now: datetime) -> None:
    """One letter to each person concerned on both sides, in the transaction; the same `key` writes nothing
    twice."""
    people = people_of({subscription.tenant_id, subscription.operator.organisation_id})
    write_both(subscription, key, subject, sentence, people, now)


def people_of(places) -> dict[int, list]:
    """By organisation, who is told: those who act for a member, those who administer an operator."""
    found: dict[int, list] = {}
    for mandate in people_to_tell(organisations=places, roles=(*TOLD, Role.OPERATOR_ADMIN)):
        found.setdefault(mandate.organisation_id, []).append(mandate.user)
    return found


def write_both(subscription, key: str, subject: str, sentence: str, people: dict[int, list], now) -> int:
    """One letter a person, on behalf of the member; how many."""
    operator = subscription.operator
    body = BODY.format(
        sentence=sentence,
        service=subscription.service_name,
        member=subscription.tenant.name,
        operator=operator.short_name,
        contact=operator.contact_email,
        where="de l’essai" if subscription.is_trial else "de l’abonnement, à la rubrique « Vie du contrat »",
    )
    to_member = [(user, subject) for user in people.get(subscription.tenant_id, ())]
    named = f"{subject} – {subscription.tenant.name}"
    to_operator = [(user, named) for user in people.get(operator.organisation_id, ())]
    for user, title in to_member + to_operator:
        letters.write(
            tenant=subscription.tenant,
            key=f"{key}:{user.pk}",
            to=user.email,
            subject=title,
            body=body,
            now=now,
        )
    return len(to_member) + len(to_operator)


BODY = """\
Bonjour,

{sentence}

Service : {service}
Adhérent : {member}
Opérateur : {operator}

Le détail est dans Halle, sur la page {where}.

Une question ? {contact}
"""
