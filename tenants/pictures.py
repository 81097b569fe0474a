"""Pictures that strangers send: judged by what they are, and drawn again.

What is kept and shown was written here, pixel by pixel: nothing of the file received survives, neither its
metadata nor what somebody may have hidden in it.
"""

from dataclasses import dataclass
from io import BytesIO

from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP")
CONTENT_TYPE = "image/png"
MEGABYTE = 1024 * 1024


class PictureRefused(Exception):
    """The file cannot be shown as a picture; `str()` says in French why and what to do."""


@dataclass(frozen=True)
class Picture:
    """A PNG that was drawn here; its size is in pixels."""

    png: bytes
    width: int
    height: int


def redrawn(file: UploadedFile, *, max_megabytes: int, max_side: int, shown: tuple[int, int]) -> Picture:
    """The picture in `file` (PNG, JPEG or WebP, of so many megabytes and pixels a side), upright and reduced
    into `shown` (width, height), never enlarged. Raises PictureRefused."""
    if file.size > max_megabytes * MEGABYTE:
        raise PictureRefused(
            f"Ce fichier est trop lourd : {max_megabytes} Mo au plus. Réduisez l’image, puis recommencez."
        )
    try:
        with Image.open(BytesIO(file.read()), formats=FORMATS) as image:
            # Read from the head of the file: no pixel has been unpacked yet.
            if max(image.size) > max_side:
                raise PictureRefused(_too_large(max_side))
            return _drawn(image, shown)
    except PictureRefused:
        raise
    except UnidentifiedImageError:
        raise PictureRefused(
            "Ce fichier n’est pas une image PNG, JPEG ou WebP, quel que soit son nom. Un dessin SVG ou un "
            "PDF ne convient pas : exportez-le d’abord en PNG."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureRefused(_too_large(max_side)) from None
    # What a damaged or hostile file makes a decoder raise is listed nowhere.
    except Exception as error:
        raise PictureRefused(
            "Cette image est abîmée et ne s’ouvre pas. Enregistrez-la de nouveau, puis recommencez."
        ) from error


def _too_large(side: int) -> str:
    return f"Cette image est trop grande : {side} pixels de côté au plus. Réduisez-la, puis recommencez."


def _drawn(image: Image.Image, shown: tuple[int, int]) -> Picture:
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail(shown)
    plain.info = {}  # a colour profile or a comment would otherwise be written again
    out = BytesIO()
    plain.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), *plain.size)
