"""What subscribers and both vendors read once a transfer took effect."""

from datetime import datetime

from subscriptions.models import ContractTransfer, TransferNotice, TransferSide
from tenants import letters
from tenants.days import in_words
from tenants.models import Role
from tenants.people.telling import people_to_tell

SUBSCRIBER = (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)
VENDOR = (Role.VENDOR_ADMIN,)


def write_letters(*, transfer_id: int, now: datetime) -> int:
    """One letter a person and an organisation, of all that passed there. May be called any number of times;
    how many people were meant. Four queries, and the letters."""
    transfer = ContractTransfer.objects.select_related("operator").get(pk=transfer_id)
    told: dict[int, list[TransferNotice]] = {}
    for notice in TransferNotice.objects.filter(transfer=transfer).order_by("service_name", "pk"):
        told.setdefault(notice.tenant_id, []).append(notice)
    # An organisation may be a subscriber and a vendor at once: each side is told by its own people.
    sides = {
        SUBSCRIBER: [pk for pk, rows in told.items() if _is_subscriber(rows)],
        VENDOR: [pk for pk, rows in told.items() if not all(_subscribed(row) for row in rows)],
    }
    people = [
        (roles, mandate)
        for roles, organisations in sides.items()
        for mandate in people_to_tell(organisations=organisations, roles=roles)
    ]
    for roles, mandate in people:
        mine = [row for row in told[mandate.organisation_id] if _subscribed(row) == (roles == SUBSCRIBER)]
        letters.write(
            tenant=mandate.organisation,
            key=f"transfer:{transfer.pk}:{mandate.organisation_id}:{mandate.user_id}:{roles[0]}",
            to=mandate.user.email,
            subject=f"{mine[0].to_name} remplace {mine[0].from_name}",
            body=(FOR_SUBSCRIBERS if roles == SUBSCRIBER else FOR_VENDORS).format(
                old=mine[0].from_name,
                new=mine[0].to_name,
                operator=transfer.operator.short_name,
                since=in_words(mine[0].since),
                services="\n".join(f"- {name}" for name in dict.fromkeys(row.service_name for row in mine)),
                contact=transfer.operator.contact_email,
            ),
            now=now,
        )
    return len(people)


def _subscribed(row: TransferNotice) -> bool:
    return row.side == TransferSide.SUBSCRIBER


def _is_subscriber(rows: list[TransferNotice]) -> bool:
    return any(_subscribed(row) for row in rows)


FOR_SUBSCRIBERS = """\
Bonjour,

Depuis le {since}, {new} remplace {old} pour :

{services}

{operator} a signé avec les deux éditeurs un avenant de transfert. Vous n’avez rien à faire : les adresses,
les données, les prix et la durée ne changent pas, et vos factures viennent toujours de {operator}. Pour le
traitement des données personnelles, {new} devient votre sous-traitant : mettez votre registre à jour.

Une question ? {contact}
"""
FOR_VENDORS = """\
Bonjour,

Depuis le {since}, chez {operator}, {new} a repris de {old} :

{services}

Les demandes, les abonnements et les départs en cours sont à la page de {new}. Ce qui était terminé avant
reste à celle de {old}. Les services restent ouverts comme ils le sont : {operator} dira quand changer de
raccordement.

Une question ? {contact}
"""
