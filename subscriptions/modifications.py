"""How far a contract in progress may be modified without a new competition (CCP R2194-1 à 9)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.pricing import format_cents, format_percent
from subscriptions.models import FrameworkLot, ModificationGround, ModificationLimit, ThresholdCode
from subscriptions.ordering import threshold_cents

OTHER_WAYS = (
    "Vous pouvez baisser ce nouveau maximum, choisir un autre fondement s’il est vraiment le vôtre, ou "
    "lancer une nouvelle consultation : en attendant, proposez à vos adhérents un autre cadre d’achat."
)


def limit_percent(*, ground: ModificationGround, on: date) -> Decimal | None:
    """Up to which part of the first amount this ground lets modify that day, in percent; None where no row
    sets one."""
    rows = ModificationLimit.objects.filter(ground=ground, in_force_from__lte=on)
    return rows.order_by("-in_force_from").values_list("percent", flat=True).first()


@dataclass(frozen=True)
class Room:
    """By how much a ground lets the maximum of a lot grow that day, in cents; `in_words` says why, in French.

    `cents` None: no limit in figures."""

    cents: int | None
    in_words: str


def room_of(lot: FrameworkLot, *, ground: ModificationGround, on: date) -> Room:
    """As the trigger on amendments of lots counts. Three queries at most."""
    if ground == ModificationGround.REVIEW:
        return Room(None, "Autant que la clause de l’avis le prévoit, sans limite de montant (R2194-1).")
    if ground == ModificationGround.NOT_SUBSTANTIAL:
        return Room(
            0,
            "Ce fondement ne permet pas d’augmenter le maximum : l’équilibre du contrat changerait "
            "(R2194-7).",
        )
    percent = limit_percent(ground=ground, on=on) or Decimal(0)
    part = lot.ceiling_cents * percent / 100
    if ground != ModificationGround.SMALL:
        return Room(
            int(part),
            f"{format_percent(percent)} du maximum de l’avis au plus, à chaque modification (R2194-3) : "
            f"{format_cents(int(part))} HT.",
        )
    eu, added = threshold_cents(code=ThresholdCode.EU, on=on), small_cents(lot)
    bound = min(part, eu) if eu is not None else part
    below = int(-(-bound // 1)) - 1  # strictly beneath
    already = f" ; {format_cents(added)} HT déjà ajoutés" if added else ""
    return Room(
        max(0, below - added),
        f"Moins de {format_percent(percent)} du maximum de l’avis et moins que le seuil européen, en "
        f"cumulant les avenants (R2194-8 et R2194-9) : {format_cents(max(0, below))} HT en tout{already}.",
    )


def small_cents(lot: FrameworkLot) -> int:
    """What the small modifications of a lot have added to its maximum, cumulated (CCP R2194-9)."""
    total, before = 0, lot.ceiling_cents
    for one in sorted(lot.amendments.all(), key=lambda row: row.number):
        if one.ground == ModificationGround.SMALL:
            total += max(0, one.ceiling_cents - before)
        before = one.ceiling_cents
    return total


def too_large(lot: FrameworkLot, *, added_cents: int, ground: ModificationGround, on: date) -> str:
    """Why a maximum may not grow by that much on this ground, and what else may be done, in French; "" when
    it may."""
    if added_cents <= 0:
        return ""
    room = room_of(lot, ground=ground, on=on)
    if room.cents is None or added_cents <= room.cents:
        return ""
    return f"Le maximum augmenterait de {format_cents(added_cents)} HT. {room.in_words} {OTHER_WAYS}"
