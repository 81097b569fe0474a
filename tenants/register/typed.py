"""What a person typed into the search of places, read into its parts. Pure, without Django."""

import re
from dataclasses import dataclass

from tenants.register.names import normalise

MAX_LENGTH = 100
# An INSEE code of a commune, or a postcode: nothing in the digits tells them apart.
CODE = re.compile(r"[0-9]{5}|2[AB][0-9]{3}")
DEPARTEMENT = re.compile(r"[0-9]{2}|2[AB]|9[78][0-9]")
# Between a commune and its département: "Saint-Denis de la Réunion", "Sainte-Colombe en Seine-et-Marne".
LINKS = frozenset({"a", "d", "dans", "de", "des", "du", "en", "l", "la", "le", "les"})
BEFORE_1976 = {"20": ("2A", "2B")}


@dataclass(frozen=True)
class Typed:
    """`siren`: nine digits, from a SIREN or a SIRET. `code`: a commune's code or a postcode. `key`: all the
    words, normalised. `name` and `departements`: the words without a département's code, and that code."""

    siren: str = ""
    code: str = ""
    key: str = ""
    name: str = ""
    departements: tuple[str, ...] = ()

    def endings(self) -> dict[str, str]:
        """What the name would be, by each département or région that could end it: for "saint denis de la
        reunion", {"denis de la reunion": "saint", "reunion": "saint denis"}; longest ending first."""
        words = self.name.split()
        cuts = ((words[:place], words[place:]) for place in range(1, len(words)))
        found: dict[str, str] = {}
        for before, after in cuts:
            while len(after) > 1 and after[0] in LINKS:
                after = after[1:]
            while len(before) > 1 and before[-1] in LINKS:
                before = before[:-1]
            # The first cut leaves the fewest words before the linking ones.
            found.setdefault(" ".join(after), " ".join(before))
        return found


def read_typed(text: str) -> Typed:
    """Reads at most 100 characters. Nothing that can be searched gives an empty `Typed`."""
    text = text[:MAX_LENGTH]
    joined = re.sub(r"[\W_]", "", text).upper()
    if joined.isascii() and joined.isdigit() and len(joined) in (9, 14):
        return Typed(siren=joined[:9])
    if joined.isascii() and joined.isdigit() and len(joined) == 4:
        joined = f"0{joined}"  # a spreadsheet lost it
    if CODE.fullmatch(joined):
        return Typed(code=joined)
    words = _without_cedex(normalise(text).split())
    codes = [word for word in words if CODE.fullmatch(word.upper())]
    if codes and len(words) > 1:
        words.remove(codes[0])
    key = " ".join(words)
    name, departements = _departement_apart(words)
    return Typed(
        code=codes[0].upper() if codes else "", key=key, name=" ".join(name), departements=departements
    )


def _departement_apart(words: list[str]) -> tuple[list[str], tuple[str, ...]]:
    """A département's code at either end, when words are left."""
    if len(words) > 1:
        for code, others in ((words[-1], words[:-1]), (words[0], words[1:])):
            if DEPARTEMENT.fullmatch(code.upper()):
                return others, BEFORE_1976.get(code, (code.upper(),))
    return words, ()


def _without_cedex(words: list[str]) -> list[str]:
    """A postal address's "CEDEX 07" says nothing of the commune."""
    if "cedex" not in words[1:]:
        return words
    place = words.index("cedex", 1)
    after = words[place + 1 :]
    return words[:place] + (after[1:] if after and after[0].isdigit() and len(after[0]) <= 2 else after)
