"""What is written to whoever is asked to pay a part, and to the subscriber about the answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from subscriptions.models import CostKey, PayerShare, ShareSide, ShareState
from tenants import letters
from tenants.days import in_words
from tenants.models import Organisation, Role
from tenants.people.telling import people_to_tell

READERS = (Role.SIGNATORY, Role.FINANCE, Role.SECRETARY)


def tell_proposed(*, shares: Sequence[PayerShare], side: ShareSide, now: datetime) -> None:
    """One letter to each person concerned at each payer; and to the subscriber, when its operator proposes.
    One query or two, and the letters."""
    by_payer = {share.payer_id: share for share in shares}
    for mandate in people_to_tell(organisations=list(by_payer), roles=READERS):
        share = by_payer[mandate.organisation_id]
        service, subscriber = share.subscription.service_name, share.subscription.tenant.name
        _write(
            share,
            mandate,
            key="asked",
            subject=f"{service} : une part vous est proposée pour {subscriber}",
            body=f"{subscriber} a un abonnement au service « {service} ». Il est proposé à "
            f"{share.payer.name} d’en payer une part à partir du {in_words(share.starts)}, d’après la "
            f"convention {share.convention_number}.\n\nRien n’est dû tant que votre signataire n’a pas "
            "accepté. Lisez la proposition et répondez dans Halle, à la page « Ce que nous finançons ».",
            now=now,
        )
    if side == ShareSide.OPERATOR:
        _tell_subscriber(shares, now)


def _tell_subscriber(shares: Sequence[PayerShare], now: datetime) -> None:
    """What its operator proposes to others in its stead."""
    first = shares[0]
    service, operator = first.subscription.service_name, first.subscription.operator.short_name
    names = ", ".join(share.payer.name for share in shares)
    for mandate in people_to_tell(organisations=[first.tenant_id], roles=READERS):
        _write(
            first,
            mandate,
            key="asked",
            subject=f"{service} : votre opérateur propose à {names} d’en payer une part",
            body=f"{operator} propose à {names} de payer une part de votre abonnement au service "
            f"« {service} » à partir du {in_words(first.starts)}, d’après la convention "
            f"{first.convention_number}.\n\nRien ne change tant que son signataire n’a pas accepté. La "
            "proposition est dans Halle, à la page « Qui paie » de l’abonnement ; vous pouvez la retirer.",
            now=now,
        )


def tell_answered(*, share: PayerShare, reason: str, now: datetime) -> None:
    """To the subscriber: the payer accepted, or refused and why."""
    service = share.subscription.service_name
    agreed = share.state == ShareState.AGREED
    if agreed:
        since = in_words(share.starts)
        body = f"{share.payer.name} accepte de payer sa part de « {service} » à partir du {since}."
    else:
        body = (
            f"{share.payer.name} refuse de payer une part de « {service} ». Sa réponse : {reason}\n\n"
            "Vous payez ce que les autres payeurs ne paient pas."
        )
    for mandate in people_to_tell(organisations=[share.tenant_id], roles=READERS):
        subject = f"{service} : {share.payer.name} {'accepte' if agreed else 'refuse'} de payer une part"
        _write(share, mandate, key="answered", subject=subject, body=body, now=now)


def tell_passed_on(*, share: PayerShare, old: Organisation, now: datetime) -> None:
    """To both sides of a share that goes on after a merger. The scope holds both."""
    service, subscriber = share.subscription.service_name, share.subscription.tenant.name
    for mandate in people_to_tell(organisations=[share.tenant_id, share.payer_id], roles=READERS):
        _write(
            share,
            mandate,
            key="passed-on",
            subject=f"{service} : la part de {share.payer.name} continue après la fusion",
            body=f"{old.name} a fusionné dans une commune nouvelle. La convention {share.convention_number} "
            f"continue, aux mêmes conditions : à partir du {in_words(share.starts)}, {share.payer.name} paie "
            f"sa part de « {service} » pour {subscriber}.",
            now=now,
        )


def tell_counted_again(
    *, shares: Sequence[PayerShare], before: Mapping[int, PayerShare], now: datetime
) -> None:
    """A key was counted again: to each payer its new part, beside the one in `before` (by payer id); to the
    subscriber, that it is done. One query, and the letters."""
    if not shares:
        return
    by_payer = {share.payer_id: share for share in shares}
    first = shares[0]
    service, subscriber = first.subscription.service_name, first.subscription.tenant.name
    since = f"À partir du {in_words(first.starts)}"
    counted = f"La clé de répartition de « {service} » est recalculée au {in_words(first.reference_on)}."
    for mandate in people_to_tell(organisations=[first.tenant_id, *by_payer], roles=READERS):
        share = by_payer.get(mandate.organisation_id)
        if share:
            said = (
                f"{since}, vous payez pour {share.basis} ; c’était {before[share.payer_id].basis}. La clé "
                f"que vous avez acceptée pour {subscriber} ne change pas : vous n’avez rien à répondre."
            )
        else:
            said = (
                f"{since}, chaque commune qui a accepté la clé paie sa nouvelle part. Toutes sont à la page "
                "« Qui paie » de l’abonnement, dans Halle."
            )
        _write(
            share or first,
            mandate,
            key="counted",
            subject=f"{service} : les parts des communes sont recalculées",
            body=f"{counted}\n\n{said}",
            now=now,
        )


def tell_not_counted(*, key: CostKey, year: int, why: str, now: datetime) -> None:
    """To the subscriber, once a year and key: the parts could not follow the populations, and why."""
    service = key.subscription.service_name
    for mandate in people_to_tell(organisations=[key.tenant_id], roles=READERS):
        letters.write(
            tenant=mandate.organisation,
            key=f"cost-key:{key.pk}:{year}:not-counted:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"{service} : les parts des communes restent à recalculer",
            body=f"Bonjour,\n\nLa clé de répartition de « {service} » compte les habitants, et les "
            f"populations ont changé le 1er janvier {year}. Les parts n’ont pas pu suivre : {why}\n\n"
            "Une fois cela réglé, elles seront recalculées d’elles-mêmes. Vous pouvez aussi le faire à la "
            f"page « Qui paie » de l’abonnement, dans Halle.\n\nUne question ? "
            f"{key.subscription.operator.contact_email}\n",
            now=now,
        )


def tell_ended(*, share: PayerShare, side: ShareSide, reason: str, now: datetime) -> None:
    """To both sides, but the one that ended it."""
    service, subscriber = share.subscription.service_name, share.subscription.tenant.name
    sides = {ShareSide.SUBSCRIBER: share.tenant_id, ShareSide.PAYER: share.payer_id}
    told = [organisation for one, organisation in sides.items() if one != side]
    for mandate in people_to_tell(organisations=told, roles=READERS):
        _write(
            share,
            mandate,
            key="ended",
            subject=f"{service} : la part de {share.payer.name} s’arrête",
            body=f"La part de « {service} » que {share.payer.name} paie pour {subscriber} s’arrête : à "
            f"partir du {in_words(share.ends)}, elle n’est plus payée. Pourquoi : {reason}",
            now=now,
        )


def _write(share: PayerShare, mandate, *, key: str, subject: str, body: str, now: datetime) -> None:
    letters.write(
        tenant=mandate.organisation,
        key=f"payer-share:{share.pk}:{key}:{mandate.organisation_id}:{mandate.user_id}",
        to=mandate.user.email,
        subject=subject,
        body=f"Bonjour,\n\n{body}\n\nUne question ? {share.subscription.operator.contact_email}\n",
        now=now,
    )
