"""Pictures that editors put in Wagtail: judged by what they are, drawn again, and shown from our own address.

What is kept was written here, pixel by pixel: neither the place where a photograph was taken nor what
somebody may have hidden in a file survives.
"""

from io import BytesIO
from secrets import token_hex

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm

CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
MAX_SIDE = 2400  # pixels


UNREADABLE = (
    "Ce fichier n’est pas une image PNG, JPEG ou WebP lisible. Enregistrez-la de nouveau, puis recommencez."
)


class PictureField(WagtailImageField):
    """Wagtail's field checks extension, size and number of pixels; a damaged file makes its decoder raise
    what nobody listed."""

    def to_python(self, data):
        try:
            return super().to_python(data)
        except ValidationError:
            raise
        except Exception as error:
            raise ValidationError(UNREADABLE) from error


class PictureForm(BaseImageForm):
    """Every upload to Wagtail's images goes through it (WAGTAILIMAGES_IMAGE_FORM_BASE)."""

    file = PictureField(label="Fichier", widget=BaseImageForm.Meta.widgets["file"])

    def clean_file(self):
        """The picture drawn again under a name that nobody chose."""
        file = self.cleaned_data["file"]
        if "file" not in self.changed_data:
            return file
        file.seek(0)
        try:
            return drawn_again(file.read())
        except Exception as error:
            raise ValidationError(UNREADABLE) from error


def drawn_again(content: bytes) -> SimpleUploadedFile:
    """The same picture in the same format, upright, MAX_SIDE pixels a side at most, with pixels only."""
    with Image.open(BytesIO(content), formats=list(FORMATS)) as image:
        kind = image.format
        upright = ImageOps.exif_transpose(image)
        wanted = "RGBA" if upright.has_transparency_data and kind != "JPEG" else "RGB"
        plain = upright.convert(wanted)
        plain.thumbnail((MAX_SIDE, MAX_SIDE))
        plain.info = {}
        out = BytesIO()
        plain.save(out, kind, quality=88)
    extension = FORMATS[kind]
    return SimpleUploadedFile(f"{token_hex(8)}.{extension}", out.getvalue(), CONTENT_TYPES[extension])
