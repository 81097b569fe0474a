"""What a vendor's administrators are written about their claims. Letters name nobody."""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.timezone import localdate

from catalog.curation.letters import address, write_to
from catalog.models import Claim, Vendor
from tenants.days import in_words
from tenants.models import Letter, Role

# Whoever administers the vendor; whoever writes its sheets when nobody does.
TOLD_ROLES = (Role.VENDOR_ADMIN, Role.VENDOR_EDITOR)
MAX_LINES = 40


def tell_contested(*, claim: Claim, now: datetime) -> None:
    """Somebody who checked a claim did not agree. Inside the vendor's scope."""
    vendor, sheet = claim.sheet.vendor, claim.sheet
    checker = claim.checked_for.short_name if claim.checked_for else "La plateforme"
    write_to(
        organisation=vendor.organisation,
        roles=TOLD_ROLES,
        tenant=vendor.organisation,
        key=f"claim:{claim.pk}:contested",
        subject=f"Un engagement à revoir : {sheet.name}",
        body=CONTESTED.format(
            checker=checker,
            topic=claim.get_topic_display(),
            service=sheet.name,
            level=claim.get_level_display(),
            reason=claim.check_note,
            link=address("vendor_claims", vendor.organisation.siren, sheet.slug),
        ),
        now=now,
    )


def reminder_key(*, vendor: Vendor, on: date) -> str:
    """One reminder a vendor and day."""
    return f"claims:{vendor.pk}:{on.isoformat()}"


def reminded_on(*, vendor: Vendor, on: date) -> bool:
    """Whether a reminder of that day is written already."""
    key = reminder_key(vendor=vendor, on=on)
    return Letter.objects.filter(tenant=vendor.organisation_id, key__startswith=f"{key}:").exists()


def remind(*, vendor: Vendor, claims: Sequence[Claim], now: datetime) -> None:
    """One letter for all the vendor's claims that end soon or have ended."""
    today = localdate(now)
    lines = [_line(claim, today) for claim in claims[:MAX_LINES]]
    if len(claims) > MAX_LINES:
        lines.append(f"- et {len(claims) - MAX_LINES} autres.")
    ended = sum(claim.is_expired(on=today) for claim in claims)
    siren = vendor.organisation.siren
    write_to(
        organisation=vendor.organisation,
        roles=TOLD_ROLES,
        tenant=vendor.organisation,
        key=reminder_key(vendor=vendor, on=today),
        subject="Des engagements ont pris fin" if ended else "Des engagements prennent fin bientôt",
        body=REMINDER.format(
            lines="\n".join(lines),
            links="\n".join(
                f"{name} : {address('vendor_claims', siren, slug)}"
                for slug, name in dict.fromkeys((claim.sheet.slug, claim.sheet.name) for claim in claims)
            ),
        ),
        now=now,
    )


def _line(claim: Claim, today: date) -> str:
    when = "a pris fin le" if claim.is_expired(on=today) else "jusqu’au"
    return f"- {claim.sheet.name}, {claim.get_topic_display()} : {when} {in_words(claim.valid_until)}"


CONTESTED = """\
Bonjour,

{checker} a relu l’engagement « {topic} » de votre service {service} et ne peut pas le confirmer. Il est
désormais « {level} ».

Motif : {reason}

Vous pouvez le corriger, ou joindre une autre preuve :
{link}

Halle
"""
REMINDER = """\
Bonjour,

Voici vos engagements qui prennent fin bientôt, ou qui ont pris fin :

{lines}

Un engagement qui a pris fin ne s’affiche plus au catalogue et ne répond plus aux recherches. S’il tient
toujours, reconduisez-le en quelques clics :

{links}

Halle
"""
