"""What subscribers read when an operator takes a service they use off its shelf for a while."""

from datetime import datetime

from catalog.models import ListingMove
from subscriptions import tasks
from subscriptions.models import Subscription
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

TOLD = (Role.SECRETARY, Role.ORG_ADMIN)


def tell_subscribers(*, move: ListingMove) -> None:
    """Has every subscriber of the suspended listing written to, by a job, once this transaction is kept."""
    tasks.write_suspension_letters.defer(move_id=move.pk)


def write_letters(*, move_id: int, now: datetime) -> int:
    """One letter to each secretary and administrator of each subscriber, with the operator's message. May be
    called any number of times; how many people were meant. Two queries, and the letters."""
    move = ListingMove.objects.select_related(
        "listing__operator", "listing__offer__product__sheet", "listing__approved_revision"
    ).get(pk=move_id)
    listing = move.listing
    name = listing.shown.name
    subscribers = Subscription.objects.open().filter(listing=listing).values("tenant")
    told = people_to_tell(organisations=subscribers, roles=TOLD)
    for mandate in told:
        letters.write(
            tenant=mandate.organisation,
            key=f"suspension:{move.pk}:{mandate.organisation_id}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"{listing.operator.short_name} suspend {name}",
            body=BODY.format(
                operator=listing.operator.short_name,
                service=name,
                message=move.reason,
                contact=listing.operator.contact_email,
            ),
            now=now,
        )
    return len(told)


BODY = """\
Bonjour,

{operator} a suspendu le service « {service} » dans son catalogue : plus personne ne peut s’y abonner pour
l’instant. Votre abonnement, lui, continue.

Le message de {operator} :

{message}

Une question ? {contact}
"""
