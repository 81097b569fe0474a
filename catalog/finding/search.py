"""Words to listings: French words whatever their accents, capitals and plurals, the last one as far as it is
typed, and an unknown one read as the nearest word of the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from django.db import connection

from catalog.finding.words import LONGEST, SHORTEST_INDEXED, plain_words

MAX_LENGTH = 200
MAX_WORDS = 12
SHORTEST_PREFIX = 3
CANDIDATES = 12
_CONFIG = "'public.halle_french'"
# A word as a query: its stem, and for the last one what begins alike; nothing for one without meaning.
_QUERY = f"""
    CASE WHEN word.begins AND numnode(to_tsquery({_CONFIG}, word.text)) > 0
        THEN to_tsquery({_CONFIG}, word.text || ':*') || to_tsquery('simple', word.text || ':*')
        ELSE to_tsquery({_CONFIG}, word.text)
    END
"""
KNOWN = f"""
SELECT word.text, numnode(word.query) > 0, word.known,
    CASE WHEN word.known OR numnode(word.query) = 0 THEN '{{}}' ELSE ARRAY(
        SELECT near.word FROM (
            SELECT learnt.word FROM catalog_searchword AS learnt WHERE learnt.word %% word.text
            ORDER BY similarity(learnt.word, word.text) DESC, learnt.word LIMIT {CANDIDATES}
        ) AS near
        WHERE EXISTS (
            SELECT FROM catalog_shelfentry AS entry
            WHERE entry.document @@ to_tsquery({_CONFIG}, near.word) AND entry.operator_id = %(operator)s
        )
    ) END
FROM (
    SELECT word.*, EXISTS (
        SELECT FROM catalog_shelfentry AS entry
        WHERE entry.document @@ word.query AND entry.operator_id = %(operator)s AND entry.listed
    ) AS known
    FROM (
        SELECT word.*, {_QUERY} AS query
        FROM unnest(%(words)s::text[], %(begins)s::boolean[]) WITH ORDINALITY AS word(text, begins, place)
    ) AS word
) AS word
ORDER BY word.place
"""  # noqa: S608  (constants of this module only)
# All in one value: a word that half of the catalogue has gives eight thousand ranks.
RANKED = f"""
SELECT string_agg(int8send(entry.listing_id) || float4send(
    ts_rank('{{0.1, 0.2, 0.5, 1.0}}', entry.document, asked.query)
), '')
FROM catalog_shelfentry AS entry, (
    SELECT to_tsquery({_CONFIG}, %(before)s) && {_QUERY} AS query
    FROM (SELECT %(last)s AS text, %(begins)s AS begins) AS word
) AS asked
WHERE entry.operator_id = %(operator)s AND entry.listed AND entry.document @@ asked.query
"""  # noqa: S608  (constants of this module only)
RANKS = np.dtype([("listing", ">i8"), ("rank", ">f4")])


@dataclass(frozen=True)
class Read:
    """What was made of the words typed. `searched`: there was something to search.

    `corrected`: what was searched instead, "" when it was the words themselves. `unknown`: words that no
    listing has and that look like no other. `cut`: only the beginning was read. `ranks`: the listings that
    have all the words, each with how well it answers (RANKS).
    """

    searched: bool = False
    corrected: str = ""
    unknown: tuple[str, ...] = ()
    cut: bool = False
    ranks: np.ndarray = field(default_factory=lambda: np.empty(0, RANKS), compare=False)


def search(*, operator_id: int, text: str, exact: bool = False) -> Read:
    """The listings of an operator that have all the words, each with how well it answers. One query when
    there are some, three at most.

    Reads at most 200 characters and 12 words; nothing is searched without a word that means something (« de
    la »). `exact`: no word is read as another. Operators of a search language are no words, hence no error.
    """
    words = plain_words(text[:MAX_LENGTH])
    cut = len(text) > MAX_LENGTH or len(words) > MAX_WORDS
    words = [word[:LONGEST] for word in words[:MAX_WORDS]]
    if not words:
        return Read(cut=cut)
    begins = [place == len(words) - 1 and len(word) >= SHORTEST_PREFIX for place, word in enumerate(words)]
    if len(ranks := _ranked(operator_id, words, begins[-1])):
        return Read(True, "", (), cut, ranks)  # whatever has all the words knows each of them
    meant, unknown, corrected = [], [], False
    rows = _known(operator_id, words, begins)
    if not any(means_something for _, means_something, _, _ in rows):
        return Read(cut=cut)
    for word, means_something, known, near in rows:
        nearest = None
        if means_something and not known and not exact:
            nearest = nearest_word(word, near)
        if means_something and not known and nearest is None:
            unknown.append(word)
        corrected |= nearest is not None
        meant.append(nearest or word)
    read = Read(True, " ".join(meant) if corrected else "", tuple(unknown), cut)
    return replace(read, ranks=_ranked(operator_id, meant, begins[-1])) if corrected and not unknown else read


def nearest_word(word: str, candidates: Sequence[str]) -> str | None:
    """The candidate that takes the fewest changes of a letter, None when all are too far: one change for a
    word of four letters, two from six on, three from ten on."""
    if len(word) < SHORTEST_INDEXED:
        return None
    allowed = (len(word) + 2) // 4
    near = [
        (distance, place)
        for place, other in enumerate(candidates)
        if (distance := edits(word, other)) <= allowed
    ]
    return candidates[min(near)[1]] if near else None


def edits(one: str, other: str) -> int:
    """How many letters to add, take out, change or swap with their neighbour, to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, there in enumerate(other, start=1):
            least = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != there))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == there:
                least = min(least, older[j - 2] + 1)
            row.append(least)
    return row[-1]


def _known(operator_id: int, words: list[str], begins: list[bool]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, {"operator": operator_id, "words": words, "begins": begins})
        return cursor.fetchall()


def _ranked(operator_id: int, words: list[str], begins: bool) -> np.ndarray:
    values = {
        "operator": operator_id,
        "before": " & ".join(words[:-1]),
        "last": words[-1],
        "begins": begins,
    }
    with connection.cursor() as cursor:
        cursor.execute(RANKED, values)
        (ranks,) = cursor.fetchone()
        return np.frombuffer(ranks or b"", RANKS)
