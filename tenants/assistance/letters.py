"""Telling an organisation what its operator does for it. Letters name nobody: the log does.

Apart from the operations, because the audit log writes through here.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localdate, localtime

from tenants import letters
from tenants.days import in_words
from tenants.models import Assistance, Letter, Operator, Organisation, Role, User

# Whoever answers for an organisation.
TOLD_ROLES = (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)


def people_told(organisation: Organisation) -> list[User]:
    """Whom to write to when something is done for the organisation."""
    held = organisation.memberships.in_force().filter(role__in=TOLD_ROLES)
    return list(User.objects.filter(pk__in=held.values("user")).exclude(email="").order_by("pk"))


def last_day_of(assistance: Assistance) -> str:
    """The last day of the help, counted in: "3 mars 2026", "1er avril 2026"."""
    return in_words((localtime(assistance.expires_at) - timedelta(microseconds=1)).date())


def tell_of_request(*, assistance: Assistance, occasion: int, now: datetime) -> None:
    """Writes that the help was asked for, or has another last day, to the organisation's people and to the
    operator's contact. `occasion` is the id of the event: one letter each."""
    organisation, operator = assistance.tenant, assistance.operator
    key = f"assistance:{assistance.pk}:asked:{occasion}"
    _write(
        assistance,
        key=key,
        subject=f"{operator.short_name} peut agir pour {organisation.name} sur Halle",
        body=ASKED,
        now=now,
    )
    if operator.contact_email:
        letters.write(
            tenant=organisation,
            key=f"{key}:operator",
            to=operator.contact_email,
            subject=f"{organisation.name} demande votre aide sur Halle",
            body=TO_OPERATOR.format(
                organisation=organisation.name,
                until=last_day_of(assistance),
                link=_address("operator_assistances", operator.slug),
            ),
            now=now,
        )


def tell_of_action(*, organisation: Organisation, operator: Operator, now: datetime) -> None:
    """Writes that something was done for the organisation, the first time each day."""
    lasting = Assistance.objects.filter(
        tenant=organisation, operator=operator, closed_at__isnull=True, expires_at__gt=now
    )
    assistance = lasting.select_related("operator", "tenant").first()
    if assistance is None:
        return
    key = f"assistance:{assistance.pk}:{localdate(now).isoformat()}"
    if Letter.objects.filter(tenant=organisation, key__startswith=f"{key}:").exists():
        return
    _write(
        assistance,
        key=key,
        subject=f"{operator.short_name} a agi aujourd’hui pour {organisation.name}",
        body=DONE,
        now=now,
    )


def _write(assistance: Assistance, *, key: str, subject: str, body: str, now: datetime) -> None:
    organisation = assistance.tenant
    text = body.format(
        operator=assistance.operator.short_name,
        organisation=organisation.name,
        until=last_day_of(assistance),
        help=_address("member_help", organisation.siren),
        log=f"{_address('organisation_audit', organisation.siren)}?aide=on",
    )
    for person in people_told(organisation):
        letters.write(
            tenant=organisation,
            key=f"{key}:{person.pk}",
            to=person.email,
            subject=subject,
            body=text,
            now=now,
        )


def _address(name: str, argument: str) -> str:
    return f"{settings.BASE_URL.rstrip('/')}{reverse(name, args=[argument])}"


ASKED = """\
Bonjour,

À la demande de {organisation}, {operator} peut agir pour elle sur Halle, jusqu’au {until}.

Ses agents peuvent alors faire ce que fait le secrétariat : lire les abonnements et les factures, et demander
un service. Ils ne peuvent ni approuver une demande, ni changer vos personnes et vos réglages.

Tout ce qu’ils font est écrit dans votre journal :
{log}

Vous n’êtes pas d’accord, ou vous n’en avez plus besoin ? Arrêtez quand vous voulez, en un clic :
{help}
"""

DONE = """\
Bonjour,

{operator} a agi aujourd’hui pour {organisation} sur Halle, à sa demande.

Ce qui a été fait, et par qui :
{log}

Vous recevez un seul message par jour, quel que soit le nombre d’actions. {operator} peut agir pour vous
jusqu’au {until} ; pour arrêter avant :
{help}
"""

TO_OPERATOR = """\
Bonjour,

{organisation} vous demande d’agir pour elle sur Halle, jusqu’au {until}.

Les collectivités que vous aidez :
{link}
"""
