"""The letter that tells of a message. It does not repeat it: what is said of a request stays on its page."""

from datetime import datetime

from subscriptions.models import Message, Party
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

ROLES = {
    Party.MEMBER: (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN),
    Party.OPERATOR: (Role.CURATOR, Role.OPERATOR_ADMIN),
    Party.VENDOR: (Role.VENDOR_EDITOR, Role.VENDOR_ADMIN),
}


def write_letters(*, message_id: int, now: datetime) -> int:
    """One letter to each person of the two parties that did not write; how many are due. May be called any
    number of times. Three queries, and the letters."""
    message = Message.objects.select_related(
        "by",
        "subscription__tenant",
        "subscription__operator__organisation",
        "subscription__listing__offer__product__sheet__vendor__organisation",
    ).get(pk=message_id)
    subscription = message.subscription
    places = {
        Party.MEMBER: subscription.tenant,
        Party.OPERATOR: subscription.operator.organisation,
        Party.VENDOR: subscription.listing.sheet.vendor.organisation,
    }
    told = [
        mandate
        for party, place in places.items()
        if party != message.party
        for mandate in people_to_tell(organisations=[place.pk], roles=ROLES[party])
        if mandate.user_id != message.by_id
    ]
    for mandate in told:
        letters.write(
            tenant=mandate.organisation,
            key=f"message:{message.pk}:{mandate.organisation_id}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"Nouveau message : {subscription.service_name} – {subscription.tenant.name}",
            body=BODY.format(
                who=places[Party(message.party)].name,
                what=" et joint un fichier" if message.file else "",
                service=subscription.service_name,
                member=subscription.tenant.name,
                contact=subscription.operator.contact_email,
            ),
            now=now,
        )
    return len(told)


BODY = """\
Bonjour,

{who} vous a écrit{what} au sujet de « {service} » pour {member}.

Lisez le message et répondez dans Halle, sur la page de la demande, à la rubrique « Messages ».

Une question ? {contact}
"""
