"""An operator's logo: an uploaded picture, judged by what it is, drawn again, and kept in the file storage.

What is kept and shown was written here, pixel by pixel: nothing of the file received survives, neither its
metadata nor what somebody may have hidden in it.
"""

from datetime import datetime
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from tenants import audit
from tenants.models import Operator, User

FORMATS = ("PNG", "JPEG", "WEBP")
CONTENT_TYPE = "image/png"
MAX_BYTES = 1024 * 1024
MAX_SIDE = 4000  # pixels
SHOWN = (400, 160)  # pixels: twice what the header shows, for fine screens


class LogoRefused(Exception):
    """The file cannot be a logo; `str()` says in French why and what to do."""


@transaction.atomic
def set_logo(*, operator: Operator, file: UploadedFile, by: User, now: datetime) -> Operator:
    """Replaces the operator's logo by this picture (PNG, JPEG or WebP, up to 1 MB and 4,000 pixels a side),
    reduced to 400 × 160 at most. Raises LogoRefused."""
    picture = _drawn_again(file)
    operator = _locked(operator)
    before = operator.logo.name
    operator.logo.save("logo.png", ContentFile(picture), save=False)
    _save(operator, before, by, now, "operator.logo_set", "a changé le logo")
    return operator


@transaction.atomic
def remove_logo(*, operator: Operator, by: User, now: datetime) -> Operator:
    """Takes the logo away; nothing is written when there is none."""
    operator = _locked(operator)
    before = operator.logo.name
    if before:
        operator.logo = ""
        _save(operator, before, by, now, "operator.logo_removed", "a retiré le logo")
    return operator


def logo_version(operator: Operator) -> str:
    """What changes with each logo, "" without one: for addresses and caches."""
    return operator.logo.name.rpartition("/")[2].removesuffix(".png") if operator.logo else ""


def _locked(operator: Operator) -> Operator:
    return Operator.objects.select_for_update(no_key=True).get(pk=operator.pk)


def _save(operator: Operator, before: str, by: User, now: datetime, what: str, verb: str) -> None:
    operator.save(update_fields=["logo"])
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {verb} de {operator.short_name}.",
        subject_id=operator.pk,
        now=now,
        changes={"logo": [before or None, operator.logo.name or None]},
    )
    if before:
        # A storage that is down must not turn a change that is made into an error.
        transaction.on_commit(lambda: default_storage.delete(before), robust=True)


def _drawn_again(file: UploadedFile) -> bytes:
    if file.size > MAX_BYTES:
        raise LogoRefused("Ce fichier est trop lourd : 1 Mo au plus. Réduisez l’image, puis recommencez.")
    try:
        with Image.open(BytesIO(file.read()), formats=FORMATS) as image:
            _check_size(image)
            return _png(image)
    except LogoRefused:
        raise
    except UnidentifiedImageError:
        raise LogoRefused(
            "Ce fichier n’est pas une image PNG, JPEG ou WebP, quel que soit son nom. Un dessin SVG ou un "
            "PDF ne convient pas : exportez-le d’abord en PNG."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LogoRefused(_too_large()) from None
    # What a damaged or hostile file makes a decoder raise is listed nowhere.
    except Exception as error:
        raise LogoRefused(
            "Cette image est abîmée et ne s’ouvre pas. Enregistrez-la de nouveau, puis recommencez."
        ) from error


def _check_size(image: Image.Image) -> None:
    # Read from the head of the file: no pixel has been unpacked yet.
    if max(image.size) > MAX_SIDE:
        raise LogoRefused(_too_large())


def _too_large() -> str:
    return f"Cette image est trop grande : {MAX_SIDE} pixels de côté au plus. Réduisez-la, puis recommencez."


def _png(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail(SHOWN)
    plain.info = {}  # a colour profile or a comment would otherwise be written again
    out = BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()
