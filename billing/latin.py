"""Texts in ISO-8859-15, the only characters of PES V2 and of the FEC."""

import unicodedata

_PLAIN = str.maketrans(
    {
        "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "…": "...", "−": "-",
        "\u202f": " ", "\u00a0": " ", "\u2009": " ", "×": "x", "•": "-",
    }
)  # fmt: skip


def latin(text: str, longest: int) -> str:
    """`text` on one line, its typographic signs made plain, cut at `longest`. What ISO-8859-15 has no letter
    for is written without its accent, or left out."""
    letters = "".join(_letter(char) for char in text.translate(_PLAIN))
    return " ".join(letters.split())[:longest].strip()


def parts_of(text: str, longest: int) -> tuple[str, str]:
    """A name or an address on two lines of `longest` characters, cut between words. What goes beyond is left
    out: the SIRET says who it is."""
    words = latin(text, 10 * longest).split()
    first = ""
    while words and len(f"{first} {words[0]}".strip()) <= longest:
        first = f"{first} {words.pop(0)}".strip()
    if not first and words:
        return words[0][:longest], " ".join([words[0][longest:], *words[1:]]).strip()[:longest].strip()
    return first, " ".join(words)[:longest].strip()


def _letter(char: str) -> str:
    if not char.isprintable():
        return " "
    try:
        char.encode("iso-8859-15")
    except UnicodeEncodeError:
        plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore")
        return plain.decode("ascii") or " "
    return char
