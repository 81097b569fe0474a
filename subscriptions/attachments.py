"""Files joined to messages: what they are is read from their content, whatever their name says."""

from pathlib import PurePath
from zipfile import BadZipFile, ZipFile

from django.core.files.base import File
from django.utils.text import get_valid_filename
from PIL import Image

from subscriptions.exceptions import MessageRefused
from tenants.uploads import MAX_BYTES

ODT = "application/vnd.oasis.opendocument.text"
# Suffix by media type: nothing else is kept, so that nothing else is ever sent.
SUFFIXES = {"application/pdf": ".pdf", ODT: ".odt", "image/png": ".png", "image/jpeg": ".jpg"}
PICTURES = {"PNG": "image/png", "JPEG": "image/jpeg"}
TOO_LARGE = "Le fichier dépasse 10 Mo. Joignez un fichier plus léger."
UNKNOWN = (
    "Ce fichier n’est ni un PDF, ni un texte ODT, ni une image PNG ou JPEG, quel que soit son nom. "
    "Enregistrez-le dans l’un de ces formats et recommencez."
)


def read_attachment(file: File) -> tuple[str, str]:
    """(media type, safe file name) of an upload of at most 10 MB, which is left at its start.

    Raises MessageRefused for anything but a PDF, an ODT, a PNG or a JPEG.
    """
    if file.size > MAX_BYTES:
        raise MessageRefused("file", TOO_LARGE)
    media_type = _media_type(file)
    file.seek(0)
    if not media_type:
        raise MessageRefused("file", UNKNOWN)
    stem = PurePath(file.name or "").stem[:100].strip(" .") or "fichier"
    return media_type, get_valid_filename(f"{stem}{SUFFIXES[media_type]}")


def _media_type(file: File) -> str:
    """ "" for what is not accepted."""
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK"):
        return ODT if _is_odt(file) else ""
    try:
        with Image.open(file, formats=list(PICTURES)) as picture:
            found = PICTURES[picture.format]
            picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return ""
    return found


def _is_odt(file: File) -> bool:
    """An OpenDocument text says so in its first member, which is not compressed."""
    try:
        with ZipFile(file) as package:
            first = package.infolist()[0]
            return (
                first.filename == "mimetype"
                and first.file_size == len(ODT)
                and package.read(first) == ODT.encode()
            )
    except (BadZipFile, IndexError, NotImplementedError, RuntimeError, OSError, ValueError):
        return False
