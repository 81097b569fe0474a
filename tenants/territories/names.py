"""Rows of the register by their name: by its words, or in spite of its mistakes.

All take a normalised name (`tenants.register.names`) and the places to look among, a queryset.
"""

from difflib import SequenceMatcher

from django.contrib.postgres.search import TrigramSimilarity, TrigramWordSimilarity
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Length

from tenants.models import Population, Territory
from tenants.models.territory import PopulationKind

Places = QuerySet[Territory]

# Of all names that begin alike, how many have their population looked at: bounds the cost of "saint".
WIDE = 400
# Resemblance (0 to 1) under which a name is another name, and from which there is no need to search further.
ALIKE, SURE = 0.7, 0.9
LAST = ("name", "departement", "code", "kind")  # so that the same question always has the same answer


def by_words(key: str, places: Places) -> Places:
    """Names that begin with these words, then those that hold them; among equals the most inhabited first."""
    exact, starts = Q(name_key=key), Q(name_key__startswith=key)
    # Two letters are in half of all names, one letter in all; but Y is a commune.
    wanted = exact if len(key) == 1 else starts if len(key) == 2 else starts | Q(name_key__contains=f" {key}")
    nearest = (
        places.filter(wanted)
        .annotate(exact=exact, starts=starts)
        .order_by("-exact", "-starts", Length("name_key"))
        .values_list("pk", flat=True)
    )
    order = ("-exact", "-starts", "-whole", F("inhabitants").desc(nulls_last=True), *LAST)
    return (
        with_inhabitants(places.filter(pk__in=list(nearest[:WIDE])))
        .annotate(exact=exact, starts=starts, whole=Q(name_key__startswith=f"{key} "))
        .order_by(*order)
    )


def misspelt(readings: list[tuple[str, Places]], rows: int) -> list[Territory]:
    """Names like the words of any reading (words, and the places to look among), mistakes and all; nearest
    first, none too far.

    Trigrams find them; the order is difflib's, which sees that "toulosse" is Toulouse and not Soulosse.
    """
    scores: dict[Territory, float] = {}
    for search in (by_likeness, by_similarity):
        for key, places in readings:
            if len(key) > 2:
                scores |= {place: _score(key, place) for place in search(key, places)[:rows]}
        if max(scores.values(), default=0) >= SURE:
            break  # the second search costs more, and seldom finds more
    near = (place for place, score in scores.items() if score >= ALIKE)
    return sorted(near, key=lambda place: -scores[place])


def with_inhabitants(places: Places) -> Places:
    """With `inhabitants`, the newest municipal population: for an order, not a figure to show."""
    newest = Population.objects.filter(territory=OuterRef("pk"), kind=PopulationKind.MUNICIPALE)
    return places.annotate(inhabitants=Subquery(newest.order_by("-in_force_from").values("value")[:1]))


def by_likeness(key: str, places: Places) -> Places:
    """Names of which six trigrams in ten of the words are found together (pg_trgm's word similarity)."""
    return (
        places.filter(name_key__trigram_word_similar=key)
        .annotate(
            likeness=TrigramWordSimilarity(Value(key), "name_key"),
            similarity=TrigramSimilarity("name_key", Value(key)),
        )
        .order_by("-likeness", "-similarity", *LAST)
    )


def by_similarity(key: str, places: Places) -> Places:
    """Names that share three trigrams in ten with the words: short names, words cut or joined."""
    return (
        places.filter(name_key__trigram_similar=key)
        .annotate(likeness=Value(0.0), similarity=TrigramSimilarity("name_key", Value(key)))
        .order_by("-similarity", *LAST)
    )


def resemblance(key: str, place: Territory) -> float:
    """From 0 to 1; 1 when the place's name holds these words."""
    if f" {key}" in f" {place.name_key}":
        return 1
    return SequenceMatcher(None, key, place.name_key).ratio()


def _score(key: str, place: Territory) -> float:
    """A part of a longer name counts a little less than a whole one."""
    return max(resemblance(key, place), place.likeness - 0.1)
