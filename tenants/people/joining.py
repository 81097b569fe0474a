"""Somebody whose account names an organisation asks to join it. The claim suggests, it gives nothing: an
administrator invites her, or does not."""

import re
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.timezone import localdate

from tenants import audit, letters
from tenants.models import Organisation, Role, User
from tenants.people.roles import PeopleRefused
from tenants.people.telling import people_to_tell
from tenants.tenancy import tenant_scope

ADMINISTRATORS = [Role.ORG_ADMIN, Role.OPERATOR_ADMIN, Role.VENDOR_ADMIN]


class NobodyToAsk(PeopleRefused):
    def __init__(self):
        super().__init__(
            "Personne n’administre encore votre organisation sur Halle. Écrivez à votre opérateur : il "
            "invitera la première personne."
        )


class NoAddress(PeopleRefused):
    def __init__(self):
        super().__init__(
            "Votre fournisseur d’identité n’a pas confirmé votre courriel : faites-le confirmer chez lui, "
            "puis reconnectez-vous."
        )


def suggested(siret: str, *, now: datetime) -> Organisation | None:
    """The organisation that this SIRET belongs to, whichever its establishment; None when Halle has none, or
    when it exists no more."""
    if not re.fullmatch(r"[0-9]{14}", siret):
        return None
    found = Organisation.objects.filter(siren=siret[:9]).first()
    return found if found and not found.is_closed(on=localdate(now)) else None


@transaction.atomic
def ask_to_join(*, organisation: Organisation, person: User, now: datetime) -> None:
    """Writes to whoever administers it; the signatory while nobody does. Once a day, however often she asks.

    Raises NobodyToAsk and NoAddress.
    """
    if not person.email:
        raise NoAddress
    told = people_to_tell(organisations=[organisation.pk], roles=ADMINISTRATORS) or people_to_tell(
        organisations=[organisation.pk], roles=[Role.SIGNATORY]
    )
    if not told:
        raise NobodyToAsk
    link = f"{settings.BASE_URL.rstrip('/')}{reverse('organisation_invite', args=[organisation.siren])}"
    with tenant_scope([organisation.pk]):
        for mandate in told:
            letters.write(
                tenant=organisation,
                key=f"join:{organisation.pk}:{person.pk}:{mandate.user_id}:{localdate(now):%Y%m%d}",
                to=mandate.user.email,
                subject=f"{person} demande à rejoindre {organisation.name}",
                body=LETTER.format(
                    person=person, email=person.email, organisation=organisation.name, link=link
                ),
                now=now,
            )
        audit.record(
            tenant=organisation,
            actor=person,
            what="membership.asked",
            sentence="{actor} a demandé à rejoindre l’organisation.",
            subject_id=person.pk,
            now=now,
        )


LETTER = """\
Bonjour,

{person} ({email}) s’est connecté à Halle avec un compte qui nomme {organisation}, et demande à y entrer.

Rien ne lui est ouvert. Si cette personne travaille bien chez vous, invitez-la à cette adresse, avec les rôles
qui conviennent :

{link}

Sinon, ne faites rien.
"""
