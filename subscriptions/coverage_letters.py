"""An operator writes to those of its members that lack a service: asked once, sent by a job."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from subscriptions import tasks
from subscriptions.coverage import members_by_service
from subscriptions.models import CoverageCampaign
from tenants import audit, letters
from tenants.models import Membership, Operator, Role, User
from tenants.people.telling import people_to_tell
from tenants.refusals import Refused

MAX_MESSAGE = 1000


class NobodyToWriteTo(Refused):
    """No member lacks the service, or none of them has a secretary known here."""


class NumberChanged(Refused):
    """The number of people is not the one that was confirmed."""


def recipients(*, members: Iterable[int]) -> list[Membership]:
    """The secretaries of these organisations, each once an organisation. One query."""
    return people_to_tell(organisations=list(members), roles=(Role.SECRETARY,))


def people_of(mandates: Iterable[Membership]) -> int:
    """How many people these are: a secretary may serve several communes."""
    return len({mandate.user_id for mandate in mandates})


@transaction.atomic
def write_to_those_without(
    *,
    operator: Operator,
    listing_id: int,
    stratum: str,
    message: str,
    people: int,
    request_key: UUID,
    by: User,
    now: datetime,
) -> CoverageCampaign:
    """Has the members that lack the service written to, by a job, once this transaction is kept. The same
    `request_key` is the same campaign.

    Raises NumberChanged when not `people` would be written to, NobodyToWriteTo, Refused.
    """
    tenant = operator.organisation
    asked = CoverageCampaign.objects.filter(tenant=tenant, request_key=request_key).first()
    if asked is not None:
        return asked
    if len(message) > MAX_MESSAGE:
        raise Refused(f"Ce message est trop long : {MAX_MESSAGE} caractères au plus.", "message")
    found = members_by_service(operator=operator, listing_id=listing_id, on=localdate(now), stratum=stratum)
    mandates = recipients(members=[member.pk for member in found.lacking]) if found else []
    if not mandates:
        raise NobodyToWriteTo("Il n’y a personne à qui écrire.")
    if people_of(mandates) != people:
        raise NumberChanged("Le nombre de personnes a changé. Relisez-le avant d’envoyer.")
    campaign, made = CoverageCampaign.objects.get_or_create(
        tenant=tenant,
        request_key=request_key,
        defaults={
            "operator": operator,
            "listing_id": listing_id,
            "stratum": stratum,
            "message": message,
            "people": people,
            "asked_by": by,
            "asked_at": now,
        },
    )
    if made:
        audit.record(
            tenant=tenant,
            actor=by,
            what="subscription.coverage_letters",
            sentence="{actor} a fait écrire aux adhérents qui n’ont pas un service.",
            subject_id=campaign.pk,
            now=now,
            details={"listing": listing_id, "people": people},
        )
        tasks.write_coverage_letters.defer(campaign_id=campaign.pk)
    return campaign


def write_letters(*, campaign_id: int, now: datetime) -> int:
    """One letter to each secretary of each member that still lacks the service. May be called any number of
    times; how many were meant. Runs for every tenant."""
    campaign = CoverageCampaign.objects.select_related("operator").get(pk=campaign_id)
    operator = campaign.operator
    found = members_by_service(
        operator=operator,
        listing_id=campaign.listing_id,
        on=localdate(campaign.asked_at),
        stratum=campaign.stratum,
    )
    mandates = recipients(members=[member.pk for member in found.lacking])
    for mandate in mandates:
        letters.write(
            tenant=mandate.organisation,
            key=f"coverage:{campaign.pk}:{mandate.organisation_id}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"{operator.short_name} vous propose {found.entry.name}",
            body=BODY.format(
                operator=operator.short_name,
                member=mandate.organisation.name,
                service=found.entry.name,
                summary=found.entry.summary,
                message=f"\n{campaign.message}\n" if campaign.message else "",
                contact=operator.contact_email,
            ),
            now=now,
        )
    return len(mandates)


BODY = """\
Bonjour,

{operator} propose à ses adhérents le service « {service} » : {summary}

{member} ne l’a pas encore. Vous pouvez le demander depuis la page « Mon socle » de Halle.
{message}
Une question ? {contact}
"""
