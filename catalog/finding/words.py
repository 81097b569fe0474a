"""The words of a text, as they are compared: without accents nor capitals. Pure, without Django."""

import re
import unicodedata

# What is not written in two letters by decomposing it.
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae"})
_WORD = re.compile(r"[a-z0-9]+")
LONGEST = 60
SHORTEST_INDEXED = 4  # shorter words are too like one another to be corrected


def plain_words(text: str) -> list[str]:
    """The words of a text in their order, letters a-z and digits only: ["l", "etat", "civil"] for "L’état
    civil". Nothing of a search language is left, whatever was typed."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return _WORD.findall(letters)


def words_to_learn(texts: list[str]) -> set[str]:
    """The words that a mistyped one may be corrected to: without figures, of four letters or more."""
    return {
        word
        for text in texts
        for word in plain_words(text)
        if SHORTEST_INDEXED <= len(word) <= LONGEST and word.isalpha()
    }
