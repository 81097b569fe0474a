"""From the bytes of an uploaded file to its text, or why it is no CSV."""

import codecs
import re
from dataclasses import dataclass

EMPTY = "Le fichier est vide. Choisissez celui qui contient vos lignes."
_SAVE_AS_CSV = (
    "Ouvrez-le dans votre tableur, choisissez « Enregistrer sous », puis « CSV UTF-8 », et envoyez ce "
    "nouveau fichier."
)
_BOMS = {
    codecs.BOM_UTF8: ("utf-8-sig", "UTF-8"),
    codecs.BOM_UTF16_LE: ("utf-16", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16", "UTF-16"),
}
_WORKBOOK = "un classeur Excel"
_SIGNATURES = {
    b"%PDF": "un document PDF",
    b"\xd0\xcf\x11\xe0": _WORKBOOK,
    b"\x1f\x8b": "une archive compressée",
    b"Rar!": "une archive compressée",
    b"7z\xbc\xaf": "une archive compressée",
    b"{\\rtf": "un document de traitement de texte",
    b"\x89PNG": "une image",
    b"\xff\xd8\xff": "une image",
    b"GIF8": "une image",
}
# "é" written in UTF-8, read as Windows-1252 ("Ã©"), or the apostrophe ("â€™"): nobody types these.
_BROKEN_ACCENTS = re.compile("Ã[\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|â€|\ufffd")
_CONTROLS = re.compile("[\0-\b\v\f\x0e-\x1f\x7f-\x9f]")
# Beyond that share of control characters a file is no text.
_CONTROLS_IN_A_TEXT = 0.01


class CsvProblem(Exception):
    """The file as a whole cannot be read; `message` says in French why and what to do."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Decoded:
    """`encoding` is its name for people."""

    text: str
    encoding: str


def decode(content: bytes) -> Decoded:
    """Return the text of a CSV file.

    UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252, whose printable characters
    include all those of Latin-1. Raises CsvProblem when it is another kind of file (recognised by its first
    bytes, whatever its name), is no text, is empty, or has damaged accents.
    """
    other = _other_kind(content)
    if other:
        raise CsvProblem(f"Ce fichier est {other}, pas un fichier CSV. {_SAVE_AS_CSV}")
    decoded = _decoded(content)
    controls = len(_CONTROLS.findall(decoded.text))
    if "\0" in decoded.text or controls > _CONTROLS_IN_A_TEXT * len(decoded.text):
        raise CsvProblem(f"Ce fichier n’est pas un fichier texte. {_SAVE_AS_CSV}")
    if not any(map(str.isalnum, decoded.text)):
        raise CsvProblem(EMPTY)
    return decoded


def has_broken_accents(text: str) -> bool:
    """Whether `text` was once read in the wrong encoding: "CollÃ¨ge", or characters lost for good."""
    return _BROKEN_ACCENTS.search(text) is not None


def _other_kind(content: bytes) -> str:
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            return kind
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(content)
    start = content.removeprefix(codecs.BOM_UTF8).lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<body", b"<table")):
        return "une page web"
    if start.startswith(b"<?xml"):
        return "un fichier XML"
    return ""


def _kind_of_zip(content: bytes) -> str:
    """By the names of the files in it, which an archive carries uncompressed; nothing is unpacked."""
    if b"xl/workbook" in content:
        return _WORKBOOK
    if b"opendocument.spreadsheet" in content[:200]:
        return "un classeur LibreOffice"
    if b"word/document" in content or b"opendocument.text" in content[:200]:
        return "un document de traitement de texte"
    return "une archive compressée (ZIP)"


def _decoded(content: bytes) -> Decoded:
    for bom, (codec, name) in _BOMS.items():
        if content.startswith(bom):
            return Decoded(_strictly(content, codec), name)
    try:
        return Decoded(content.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        text = _strictly(content, "cp1252")
    if has_broken_accents(text):
        # Windows-1252 would accept it and spoil every name.
        raise CsvProblem(f"Le fichier mélange deux codages, ses accents seraient abîmés. {_SAVE_AS_CSV}")
    return Decoded(text, "Windows-1252")


def _strictly(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        raise CsvProblem(
            f"Le codage des caractères de ce fichier n’est pas reconnu. {_SAVE_AS_CSV}"
        ) from None
