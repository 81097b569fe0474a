"""Names of places, made comparable for search. The display name is never changed."""

import unicodedata

_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ʼ": " ", "ʻ": " "})
_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes", "mt": "mont"}
# "Neuilly s/ Marne", "Fontenay ss Bois". Not as a last word, which may still be being typed.
_INSIDE = {"s": "sur", "ss": "sous"}
_ARTICLES = {"l", "le", "la", "les"}


def normalise(name: str) -> str:
    """Return the search form of a place name: lower case, no accent, words parted by one space.

    "SAINT PIERRE EN AUGE", "st pierre en auge" and "Saint-Pierre-en-Auge" give the same text, and so do
    "L'Île-d'Yeu" and "ile d yeu". Leading articles go, unless nothing else is left ("Les" stays "les").
    Text without a letter or a digit gives "". The function is idempotent.
    """
    words = [_ABBREVIATIONS.get(word, word) for word in _plain(name).split()]
    words[1:-1] = [_INSIDE.get(word, word) for word in words[1:-1]]
    while len(words) > 1 and words[0] in _ARTICLES:
        del words[0]
    return " ".join(words)


def _plain(text: str) -> str:
    """Fold case and accents, and turn everything that is no letter or digit into a space."""
    # Folding the case can bring back a composed letter ("ǰ"), hence twice.
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(char for char in folded if not unicodedata.category(char).startswith("M"))
    return "".join(char if char.isalnum() else " " for char in letters.translate(_LETTERS))
