"""The address of a shelf: what it asks, and the addresses of the same shelf with one thing more or less."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict

from catalog.finding.asked import Asked, Band, Local, Sort
from catalog.finding.columns import CONNECTORS, FAMILIES, TOPICS
from catalog.models import ClaimLevel

# Beyond any page, any price.
_NUMBER = re.compile(r"[0-9]{1,8}")
_BAND = re.compile(r"([0-9]{1,8})-([0-9]{1,8})?")
_SPDX = re.compile(r"[A-Za-z0-9.+ ()-]{1,120}")
MOST_VALUES = 40  # of one parameter: no page offers more
LONGEST_WORDS = 2_000  # shown again as typed; search reads 200 of them
# What is in an address beside the shelf's own parameters.
COMMUNE = "insee"
PARAMETERS = (
    "q", "exact", "famille", "preuve", "niveau", "ouverture", "licence", "prix", "local", "semblables",
    "pourmoi", "tri",
)  # fmt: skip


@dataclass(frozen=True)
class ShelfQuery:
    """What the address asks, whose commune it names, which page."""

    asked: Asked
    insee: str = ""
    page: int = 1

    def address(self, path: str, **changes) -> str:
        """The address that asks the same but for `changes` of Asked; always its first page."""
        pairs = parameters(replace(self.asked, **changes), insee=self.insee)
        return f"{path}?{urlencode(pairs)}" if pairs else path


def shelf_query(get: QueryDict) -> ShelfQuery:
    """Reads an address. What is no choice of this page counts for nothing."""
    level, sort, local = get.get("niveau", ""), get.get("tri", ""), get.get("local", "")
    words = get.get("q", "").replace("\0", " ").strip()[:LONGEST_WORDS]
    asked = Asked(
        words=words,
        exact=bool(words) and get.get("exact") == "1",
        families=_several(get, "famille", FAMILIES),
        claims=_several(get, "preuve", TOPICS),
        level=level if level in ClaimLevel.values else Asked.level,
        connectors=_several(get, "ouverture", CONNECTORS),
        licences=frozenset(value for value in _values(get, "licence") if _SPDX.fullmatch(value)),
        prices=frozenset(filter(None, map(band_of, _values(get, "prix")))),
        local=Local(local) if local in set(Local) else Local.ANYWHERE,
        used_alike=get.get("semblables") == "1",
        for_me=get.get("pourmoi") == "1",
        sort=Sort(sort) if sort in set(Sort) else Sort.RECOMMENDED,
    )
    page = get.get("page", "")
    return ShelfQuery(
        asked, get.get(COMMUNE, "").strip().upper()[:5], max(1, int(page)) if _NUMBER.fullmatch(page) else 1
    )


def parameters(asked: Asked, *, insee: str = "") -> list[tuple[str, str]]:
    """The shortest address that asks this, in an order of its own."""
    pairs = [("q", asked.words)] if asked.words else []
    pairs += [("exact", "1")] if asked.words and asked.exact else []
    pairs += [("famille", family) for family in sorted(asked.families)]
    pairs += [("preuve", topic) for topic in sorted(asked.claims)]
    pairs += [("niveau", asked.level)] if asked.level != Asked.level else []
    pairs += [("ouverture", connector) for connector in sorted(asked.connectors)]
    pairs += [("licence", licence) for licence in sorted(asked.licences)]
    pairs += [("prix", band_value(band)) for band in sorted(asked.prices, key=lambda b: (b.low, b.high or 0))]
    pairs += [("local", str(asked.local))] if asked.local else []
    pairs += [("semblables", "1")] if asked.used_alike else []
    pairs += [("pourmoi", "1")] if asked.for_me else []
    pairs += [("tri", str(asked.sort))] if asked.sort != Sort.RECOMMENDED else []
    return pairs + ([(COMMUNE, insee)] if insee else [])


def band_of(text: str) -> Band | None:
    """ "200-500" in whole euros, "500-" for no end; None for anything else."""
    match = _BAND.fullmatch(text)
    if match is None:
        return None
    low, high = int(match[1]) * 100, int(match[2]) * 100 if match[2] else None
    return Band(low, high) if high is None or low < high else None


def band_value(band: Band) -> str:
    """What `band_of` reads."""
    return f"{band.low // 100}-{'' if band.high is None else band.high // 100}"


def _values(get: QueryDict, name: str) -> list[str]:
    return get.getlist(name)[:MOST_VALUES]


def _several(get: QueryDict, name: str, allowed: Iterable[str]) -> frozenset[str]:
    return frozenset(_values(get, name)) & frozenset(allowed)
