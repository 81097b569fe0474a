"""The territory tables, as plain values that a file can be compared with."""

from datetime import date

from django.db.models import Max

from tenants.models import ChangeKind, FormerCode, Population, Territory, TerritoryChange, VintageImport
from tenants.register.places import Figures, Held, Key, Place, rest_of


def read_held() -> Held:
    """The territories that exist, their former codes and the newest population of each source.

    Six queries; some 25 MB for the register of 2026.
    """
    last = VintageImport.objects.order_by("applied_at", "pk").last()
    mergers = TerritoryChange.objects.filter(kind=ChangeKind.MERGER)
    held = Held(
        cog_year=Territory.objects.filter(ended_on__isnull=True).aggregate(year=Max("cog_year"))["year"],
        borders={what: date.fromisoformat(day) for what, day in last.report["borders"].items()}
        if last
        else {},
        reshaped=dict(mergers.values_list("successor__code").annotate(Max("effective_on"))),
    )
    keys = _read_places(held)
    living = FormerCode.objects.filter(commune__ended_on__isnull=True)
    for code, commune in living.values_list("code", "commune__code"):
        held.former.setdefault(code, set()).add(commune)
    _read_populations(held, keys)
    return held


def _read_places(held: Held) -> dict[int, Key]:
    keys: dict[int, Key] = {}
    rows = Territory.objects.filter(ended_on__isnull=True).values_list(
        "pk", "kind", "code", "name", "siren", "nature", "epci__code", "current__code",
        "departement", "region", "postcodes",
    )  # fmt: skip
    for pk, kind, code, name, siren, nature, epci, current, departement, region, postcodes in rows.iterator():
        keys[pk] = key = (kind, code)
        rest = rest_of(departement, region, postcodes)
        held.places[key] = Place(name, siren, nature, epci or "", current or "", rest)
    return keys


def _read_populations(held: Held, keys: dict[int, Key]) -> None:
    newest = Population.objects.values_list("kind", "source").annotate(
        Max("in_force_from"), Max("reference_year")
    )
    for kind, source, day, year in newest:
        held.populations[kind, source] = Figures(day, year)
    rows = Population.objects.values_list("territory_id", "kind", "source", "in_force_from", "value")
    for pk, kind, source, day, value in rows.iterator():
        figures = held.populations[kind, source]
        if figures.in_force_from == day and pk in keys:
            figures.values[keys[pk]] = value
