"""A town hall that is to move: another SIRET from a day on."""

from datetime import datetime, timedelta

from django.utils.timezone import localdate

from demo.seed.decisions import act_pdf
from demo.seed.identifiers import with_luhn
from demo.seed.people import holders
from tenants import head_offices
from tenants.models import Organisation, Role

CHAMPDIEU = "214200461"


def plan_a_move(*, now: datetime) -> None:
    """Champdieu's, in two months, said by its finance officer."""
    commune = Organisation.objects.get(siren=CHAMPDIEU)
    head_offices.declare(
        organisation=commune,
        siret=with_luhn(f"{CHAMPDIEU}0025"),
        effective_on=localdate(now) + timedelta(days=60),
        reason="Déménagement de la mairie dans l’ancienne école",
        evidence=act_pdf(
            organisation=commune.name, number="2026-41", day=localdate(now), subject="Transfert de la mairie"
        ),
        by=holders(Role.FINANCE)[commune.pk],
        now=now,
    )
