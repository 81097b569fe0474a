"""What a commune reads when its intercommunality covers it for a service, or covers it no longer."""

from collections.abc import Sequence
from datetime import datetime

from subscriptions.models import Cover, Subscription, WantedCover
from tenants import letters
from tenants.days import in_words
from tenants.models import Role
from tenants.people.telling import people_to_tell

READERS = (Role.SECRETARY, Role.SIGNATORY)


def tell_covered(*, covers: Sequence[Cover], now: datetime) -> None:
    """One letter to each person concerned. One query, and the letters."""
    by_commune = {one.tenant_id: one for one in covers}
    for mandate in people_to_tell(organisations=list(by_commune), roles=READERS):
        one = by_commune[mandate.organisation_id]
        _write(
            one,
            mandate,
            key="start",
            subject=f"{one.service_name} : {one.covering.name} s’abonne pour vous",
            body=f"L’abonnement de {one.covering.name} au service « {one.service_name} » couvre "
            f"{one.tenant.name} à partir du {in_words(one.since)}. Vous n’avez rien à demander ni à payer.",
            now=now,
        )


def tell_ended(*, cover: Cover, now: datetime) -> None:
    """One letter to each person concerned: from when, why, and what to do."""
    for mandate in people_to_tell(organisations=[cover.tenant_id], roles=READERS):
        _write(
            cover,
            mandate,
            key="end",
            subject=f"{cover.service_name} : vous n’êtes plus couverts par {cover.covering.name}",
            body=f"{cover.tenant.name} n’est plus couverte pour le service « {cover.service_name} » à partir "
            f"du {in_words(cover.until)}. Pourquoi : {cover.ended_because}.\n\nSi vous voulez garder ce "
            "service, demandez-le dans Halle, à la page du service.",
            now=now,
        )


def tell_left_out(*, subscription: Subscription, wanted: Sequence[WantedCover], now: datetime) -> None:
    """One letter to each person concerned of the intercommunality: who is not covered, and why."""
    lines = "\n".join(f"– {one.commune_name} : {one.refused_because}." for one in wanted)
    for mandate in people_to_tell(organisations=[subscription.tenant_id], roles=READERS):
        letters.write(
            tenant=mandate.organisation,
            key=f"cover:{subscription.pk}:left out:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"{subscription.service_name} : des communes ne sont pas couvertes",
            body=f"Bonjour,\n\nLe service « {subscription.service_name} » est ouvert. Ces communes, choisies "
            f"avec votre demande, ne sont pas couvertes :\n\n{lines}\n\nVous pourrez les couvrir plus tard, "
            "à la page de l’abonnement, « Communes couvertes ».\n",
            now=now,
        )


def _write(one: Cover, mandate, *, key: str, subject: str, body: str, now: datetime) -> None:
    letters.write(
        tenant=mandate.organisation,
        key=f"cover:{one.pk}:{key}:{mandate.user_id}",
        to=mandate.user.email,
        subject=subject,
        body=f"Bonjour,\n\n{body}\n\nUne question ? Écrivez à {one.covering.name}.\n",
        now=now,
    )
