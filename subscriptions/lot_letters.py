"""What an operator's administrators read when a lot nears its maximum or its end."""

from datetime import date, datetime, timedelta
from itertools import groupby

from django.db.models import Q

from subscriptions.models import FrameworkLot, LotAmendment
from tenants import letters
from tenants.days import in_words
from tenants.models import Role
from tenants.people.telling import people_to_tell

PERCENTS = (90, 70)  # of the maximum, the most pressing first
DAYS = (60, 180)  # before the end


def write_alerts(*, on: date, now: datetime) -> int:
    """One letter a threshold and an administrator, for every published lot that is not over; how many
    letters are due. May be called any number of times: the key of a letter names its lot and threshold, and
    what an amendment made of the maximum or of the end: a new one warns anew. A lot that passes two
    thresholds at once is told of once. Three queries, and the letters."""
    not_over = Q(ends_on__gt=on) | Q(pk__in=LotAmendment.objects.filter(ends_on__gt=on).values("lot"))
    lots = FrameworkLot.objects.filter(not_over, published_on__lte=on).select_related(
        "vehicle__operator__organisation"
    )
    lots = lots.prefetch_related("amendments").order_by("pk")
    due = [(lot, *alert) for lot in lots for alert in _alerts(lot, on=on)]
    operators = {lot.vehicle.operator.organisation_id for lot, *_ in due}
    told = groupby(
        people_to_tell(organisations=operators, roles=(Role.OPERATOR_ADMIN,)),
        key=lambda mandate: mandate.organisation_id,
    )
    administrators = {organisation: [one.user for one in mandates] for organisation, mandates in told}
    written = 0
    for lot, threshold, subject, sentence in due:
        operator = lot.vehicle.operator
        for user in administrators.get(operator.organisation_id, ()):
            letters.write(
                tenant=operator.organisation,
                key=f"lot:{lot.pk}:{threshold}:{user.pk}",
                to=user.email,
                subject=subject,
                body=BODY.format(sentence=sentence, lot=lot, vehicle=lot.vehicle.name),
                now=now,
            )
            written += 1
    return written


def _alerts(lot: FrameworkLot, *, on: date):
    """(threshold, subject, sentence) of the most pressing threshold passed, of each kind."""
    ceiling, ends_on, percent = lot.binding_cents(on=on), lot.terms_on(on).ends_on, lot.percent(on=on)
    if ends_on <= on:
        return
    passed = next((one for one in PERCENTS if percent >= one), None)
    if passed:
        yield (
            f"percent-{passed}" + (f"-{ceiling}" if ceiling != lot.ceiling_cents else ""),
            f"{lot.vehicle.name}, lot {lot.number} : {passed} % du maximum est atteint",
            f"Les commandes ont atteint {percent}\u00a0% du montant maximum de ce lot. Au-delà, Halle "
            "les refuse : préparez la suite, ou proposez un autre cadre d’achat.",
        )
    last = ends_on - timedelta(days=1)
    near = next((days for days in DAYS if ends_on - on <= timedelta(days=days)), None)
    if near:
        yield (
            f"days-{near}" + (f"-{ends_on}" if ends_on != lot.ends_on else ""),
            f"{lot.vehicle.name}, lot {lot.number} : fin le {in_words(last)}",
            f"Le dernier jour pour commander sur ce lot est le {in_words(last)}. Une nouvelle consultation "
            "prend plusieurs mois : préparez la suite.",
        )


BODY = """\
Bonjour,

{sentence}

{vehicle}
{lot}

Le détail est dans Halle, à la page « Cadres d’achat ».
"""
