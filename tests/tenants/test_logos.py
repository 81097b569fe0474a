"""Logos: hostile files are refused, and nothing of an accepted file survives but its pixels."""

import struct
import zlib
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tenants.models import AuditEvent, Operator
from tenants.operators.logos import MAX_SIDE, SHOWN, logo_version, remove_logo, set_logo
from tenants.pictures import MEGABYTE, PictureRefused, redrawn
from tenants.tenancy import tenant_scope
from tests.factories import OperatorFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker


def picture(kind="PNG", size=(300, 200), mode="RGB", colour="#8a3324", **options) -> bytes:
    out = BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def upload(content: bytes, name="logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


def drawn_again(file) -> bytes:
    return redrawn(file, max_megabytes=1, max_side=MAX_SIDE, shown=SHOWN).png


def drawn(content: bytes, name="logo.png") -> Image.Image:
    image = Image.open(BytesIO(drawn_again(upload(content, name))))
    image.load()
    return image


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head announces a huge picture."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (head, body, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", ["logo.png", "logo.txt", "logo"])
def test_a_picture_is_judged_by_its_content(kind, name):
    image = drawn(picture(kind), name)
    assert (image.format, image.size) == ("PNG", (240, 160))


@pytest.mark.parametrize("size", [(4000, 4000), (4000, 1), (1, 4000), (1, 1), (400, 160)])
def test_it_is_reduced_into_its_frame_and_never_enlarged(size):
    width, height = drawn(picture(size=size)).size
    assert width <= min(400, size[0])
    assert height <= min(160, size[1])


@pytest.mark.parametrize(
    "content",
    [
        SVG, b"%PDF-1.7\n%%EOF\n", b"<!doctype html><script>alert(1)</script>", b"MZ\x90\x00", b"PK\x03\x04",
        b"\x00" * 100, picture("GIF"), picture("BMP"), picture("TIFF"), picture("ICO"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
    ids=["svg", "pdf", "html", "exe", "zip", "zeros", "gif", "bmp", "tiff", "ico", "eps"],
)  # fmt: skip
def test_anything_else_is_refused_whatever_its_name(content):
    with pytest.raises(PictureRefused, match="n’est pas une image PNG, JPEG ou WebP"):
        drawn_again(upload(content))


def test_too_heavy_is_refused_before_it_is_read():
    heavy = upload(picture() + b"\0" * MEGABYTE)
    with pytest.raises(PictureRefused, match="1 Mo au plus"):
        drawn_again(heavy)
    assert heavy.tell() == 0


@pytest.mark.parametrize("size", [(4001, 10), (10, 4001), (10_000, 10_000), (60_000, 60_000)])
def test_a_decompression_bomb_is_refused_by_its_head(size):
    with pytest.raises(PictureRefused, match="4000 pixels de côté au plus"):
        drawn_again(upload(png_that_claims(*size)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_cut_picture_is_refused(kind):
    whole = picture(kind, mode="RGB", size=(200, 200))
    with pytest.raises(PictureRefused):
        drawn_again(upload(whole[: len(whole) // 2]))


def test_a_text_bomb_inside_a_png_is_refused():
    notes = PngInfo()
    notes.add_text("Comment", "a" * 80_000_000, zip=True)
    with pytest.raises(PictureRefused):
        drawn_again(upload(picture(pnginfo=notes)))


@given(st.binary(max_size=200), st.sampled_from(["PNG", "JPEG", "WEBP"]), st.integers(0, 60))
def test_damage_anywhere_is_refused_or_drawn_but_never_an_error(noise, kind, where):
    whole = picture(kind, size=(20, 20))
    damaged = whole[:where] + noise + whole[where + len(noise) :]
    try:
        image = drawn(damaged)
    except PictureRefused:
        return
    assert image.format == "PNG"


def test_metadata_and_hidden_content_are_gone():
    notes = PngInfo()
    notes.add_text("Author", "Jeanne Essai")
    exif = Image.Exif()
    exif[0x010E] = "12 rue secrète"
    for content in (
        picture(pnginfo=notes) + SVG,
        picture("JPEG", exif=exif, comment=b"Jeanne Essai", icc_profile=b"profil Jeanne Essai"),
        picture("WEBP", exif=exif, xmp=b"Jeanne Essai"),
    ):
        kept = drawn_again(upload(content))
        for secret in (b"Jeanne", b"secr", b"script"):
            assert secret not in kept
        image = Image.open(BytesIO(kept))
        image.load()
        assert image.info == {}
        assert not image.getexif()


def test_a_turned_photograph_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    assert drawn(picture("JPEG", size=(100, 50), exif=exif)).size == (50, 100)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "I;16"])
def test_every_kind_of_pixels_is_drawn(mode):
    image = drawn(picture(mode=mode, colour=0 if mode in {"P", "L", "1", "I;16"} else None))
    assert image.mode in {"RGB", "RGBA"}


def test_transparency_is_kept():
    assert drawn(picture(mode="RGBA", colour=(0, 0, 0, 0))).getpixel((0, 0))[3] == 0


def test_cmyk_is_drawn_for_screens():
    assert drawn(picture("JPEG", mode="CMYK", colour=(0, 0, 0, 0))).mode == "RGB"


@pytest.fixture
def operator():
    return OperatorFactory()


def put(operator, content) -> Operator:
    with tenant_scope([operator.organisation_id]):
        return set_logo(operator=operator, file=upload(content), by=UserFactory(), now=NOW)


@pytest.mark.django_db
def test_a_new_logo_replaces_the_old_file(operator, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        first = put(operator, picture())
    with django_capture_on_commit_callbacks(execute=True):
        second = put(operator, picture(colour="#000000"))
    assert default_storage.exists(second.logo.name)
    assert not default_storage.exists(first.logo.name)
    assert logo_version(first) != logo_version(second)
    with as_worker():
        event = AuditEvent.objects.get(tenant=operator.organisation, changes__logo__0=first.logo.name)
    assert event.changes == {"logo": [first.logo.name, second.logo.name]}


@pytest.mark.django_db
def test_the_file_name_given_is_never_used(operator):
    with tenant_scope([operator.organisation_id]):
        kept = set_logo(
            operator=operator, file=upload(picture(), "../../etc/passwd.svg"), by=UserFactory(), now=NOW
        )
    assert kept.logo.name.startswith(f"logos/{operator.pk}-")
    assert kept.logo.name.endswith(".png")


@pytest.mark.django_db
def test_a_refused_file_leaves_the_logo(operator):
    before = put(operator, picture()).logo.name
    with pytest.raises(PictureRefused):
        put(operator, SVG)
    assert Operator.objects.get(pk=operator.pk).logo.name == before
    assert default_storage.exists(before)


@pytest.mark.django_db
def test_a_logo_is_taken_away_once(operator, django_capture_on_commit_callbacks):
    name = put(operator, picture()).logo.name
    with django_capture_on_commit_callbacks(execute=True), tenant_scope([operator.organisation_id]):
        for _ in range(2):
            gone = remove_logo(operator=operator, by=UserFactory(), now=NOW)
    assert not gone.logo
    assert not default_storage.exists(name)
    with as_worker():
        told = AuditEvent.objects.filter(tenant=operator.organisation, what="operator.logo_removed")
        assert told.count() == 1
