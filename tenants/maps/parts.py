"""What a commune of today was made of, for outlines that are older than it."""

from collections import defaultdict
from collections.abc import Iterable

from tenants.models import Territory
from tenants.models.territory import TerritoryKind

FORMER = (TerritoryKind.COMMUNE, TerritoryKind.DELEGATED, TerritoryKind.ASSOCIATED)


def former_communes(*, codes: Iterable[str]) -> dict[str, list[str]]:
    """By INSEE code, those of the communes that merged into it. One query."""
    found: dict[str, list[str]] = defaultdict(list)
    rows = Territory.objects.filter(
        kind__in=FORMER, current__kind=TerritoryKind.COMMUNE, current__code__in=list(codes)
    )
    for code, former in rows.values_list("current__code", "code").order_by("code"):
        found[code].append(former)
    return dict(found)
