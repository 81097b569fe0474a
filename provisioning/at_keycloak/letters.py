"""What a person has to settle about accounts at Keycloak: a letter a night to an operator's staff."""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from provisioning.at_keycloak.accounts import FOR_A_PERSON
from provisioning.at_keycloak.queries import drifts_of
from provisioning.errands import STAFF
from provisioning.models import AccountDrift
from tenants import letters
from tenants.models import Operator
from tenants.people.telling import people_to_tell

LISTED = 20
BODY = """\
Bonjour,

Cette nuit, Halle a comparé les agents de vos adhérents et leurs comptes chez Keycloak. Ceci est à régler :

{lines}

La liste est dans Halle, page « Réglages », onglet « Connexion ».
"""


@transaction.atomic
def write_letters(*, since: datetime, now: datetime) -> None:
    """On what was found from `since` on and that Halle does not settle by itself."""
    new = AccountDrift.objects.filter(opened_at__gte=since, closed_at__isnull=True, kind__in=FOR_A_PERSON)
    if not new.exists():
        return
    for operator in Operator.objects.select_related("organisation").order_by("pk"):
        mine = drifts_of(operator=operator, on=localdate(now)).filter(pk__in=new.values("pk"))
        count = mine.count()
        lines = [
            f"- {one.tenant.name}, {one.user or 'compte inconnu'} : {one.words}" for one in mine[:LISTED]
        ]
        if count > LISTED:
            lines.append(f"… et {count - LISTED} autres")
        recipients = people_to_tell(organisations=[operator.organisation_id], roles=STAFF) if lines else ()
        for mandate in recipients:
            letters.write(
                tenant=operator.organisation,
                key=f"account-drift:{now:%Y%m%d}:{operator.pk}:{mandate.user_id}",
                to=mandate.user.email,
                subject="Des comptes d’agents ne sont pas chez Keycloak ce qu’ils doivent être",
                body=BODY.format(lines="\n".join(lines)),
                now=now,
            )
