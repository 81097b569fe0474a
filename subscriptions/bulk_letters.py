"""What the signatories of a member read when somebody asked for a service on its behalf."""

from collections.abc import Sequence
from datetime import datetime

from subscriptions.models import BulkLine, BulkRequest
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell


def tell_signatories(*, bulk: BulkRequest, lines: Sequence[BulkLine], now: datetime) -> None:
    """One letter to each signatory of each of these members: it is theirs to decide. One query, and the
    letters."""
    members = [line.organisation_id for line in lines]
    service = bulk.listing.shown.name
    for mandate in people_to_tell(organisations=members, roles=(Role.SIGNATORY,)):
        letters.write(
            tenant=mandate.organisation,
            key=f"bulk:{bulk.pk}:{mandate.organisation_id}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"À décider : {service}",
            body=BODY.format(
                initiator=bulk.tenant.name,
                service=service,
                member=mandate.organisation.name,
                contact=bulk.listing.operator.contact_email,
            ),
            now=now,
        )


BODY = """\
Bonjour,

{initiator} a demandé le service « {service} » pour {member}.

Rien n’est décidé : vous pouvez approuver ou refuser cette demande dans Halle, à la page « Abonnements ».
Le projet d’acte y est prêt.

Une question ? {contact}
"""
