"""Pictures and documents of sheets: hostile files are refused, and each is given to whom it concerns."""

from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from catalog.models import FileKind, Listing, ListingState, SheetFile, VendorState
from catalog.sheets.errors import FileRefused
from catalog.sheets.files import concerns, is_public, keep_document, keep_picture
from tenants.models import Role
from tenants.tenancy import tenant_scope
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    SheetFileFactory,
    SubmissionFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def scope(vendor):
    with tenant_scope([vendor.organisation_id]):
        yield


def upload(content: bytes, name="fichier.bin") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def picture(kind="PNG", size=(1600, 1000)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#1f5a4c").save(out, kind)
    return out.getvalue()


def pdf(change=None, pages=1, password="") -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if change:
        change(writer)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def action(kind: str, **more) -> DictionaryObject:
    return DictionaryObject(
        {NameObject("/S"): NameObject(kind)} | {NameObject(f"/{key}"): value for key, value in more.items()}
    )


SCRIPT = action("/JavaScript", JS=TextStringObject("app.alert(1)"))


def opening(what: DictionaryObject):
    def change(writer):
        writer.root_object[NameObject("/OpenAction")] = writer._add_object(what)

    return change


def named_script(writer):
    tree = DictionaryObject({NameObject("/Names"): ArrayObject([TextStringObject("a"), SCRIPT])})
    writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/JavaScript"): tree})


def on_page(writer):
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): SCRIPT})


def under_a_link(writer):
    link = DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): SCRIPT})
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(link)])


def test_a_screenshot_is_drawn_again(vendor, scope):
    kept = keep_picture(vendor=vendor, file=upload(picture("JPEG")), by=UserFactory(), now=NOW)
    assert (kept.kind, kept.width, kept.height) == (FileKind.IMAGE, 1280, 800)
    with default_storage.open(kept.file.name) as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    assert kept.file.name == f"sheets/{kept.public_id}.png"


def test_the_same_file_twice_is_kept_once(vendor, scope):
    first, again = (
        keep_picture(vendor=vendor, file=upload(picture()), by=UserFactory(), now=NOW) for _ in range(2)
    )
    assert first == again
    assert SheetFile.objects.count() == 1


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"", b"GIF89a"],
    ids=["pdf", "svg", "nothing", "gif"],
)
def test_no_picture(vendor, scope, content):
    with pytest.raises(FileRefused) as refusal:
        keep_picture(vendor=vendor, file=upload(content, "image.png"), by=UserFactory(), now=NOW)
    assert refusal.value.field == "upload"
    assert not SheetFile.objects.exists()


def test_a_document(vendor, scope):
    content = pdf(pages=3)
    kept = keep_document(vendor=vendor, file=upload(content), by=UserFactory(), now=NOW)
    assert (kept.kind, kept.size, kept.width) == (FileKind.DOCUMENT, len(content), None)
    assert kept.file.name == f"sheets/{kept.public_id}.pdf"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"<html>%PDF-", "n’est pas un PDF"),
        (picture(), "n’est pas un PDF"),
        (b"", "n’est pas un PDF"),
        (b"%PDF-1.7\n%%EOF", "abîmé"),
        (b"%PDF-1.7\n" + b"\x00" * 5_000, "abîmé"),
        (pdf(password="secret"), "protégé"),
        (pdf(opening(SCRIPT)), "code ou un fichier joint"),
        (pdf(named_script), "code ou un fichier joint"),
        (pdf(under_a_link), "code ou un fichier joint"),
        (pdf(lambda writer: writer.add_attachment("a.exe", b"MZ")), "code ou un fichier joint"),
        (pdf(opening(action("/Launch", F=TextStringObject("x")))), "code ou un fichier joint"),
        (pdf(opening(action("/GoTo", Next=SCRIPT))), "code ou un fichier joint"),
        (pdf(on_page), "code ou un fichier joint"),
        (pdf(pages=501), "entre 1 et 500 pages"),
    ],
    ids=[
        "html", "picture", "nothing", "head only", "zeros", "password", "javascript", "named", "link",
        "attachment",
        "launch", "chained", "on a page", "pages",
    ],
)  # fmt: skip
def test_no_document(vendor, scope, content, sentence):
    with pytest.raises(FileRefused, match=sentence):
        keep_document(vendor=vendor, file=upload(content, "guide.pdf"), by=UserFactory(), now=NOW)
    assert not SheetFile.objects.exists()


def test_too_heavy_is_refused_before_it_is_read(vendor, scope):
    heavy = upload(b"%PDF-" + b"0" * (10 * 1024 * 1024))
    with pytest.raises(FileRefused, match="10 Mo au plus"):
        keep_document(vendor=vendor, file=heavy, by=UserFactory(), now=NOW)
    assert heavy.tell() == 0


# --- To whom ----------------------------------------------------------------------------------------------


@pytest.fixture(params=[FileKind.IMAGE, FileKind.DOCUMENT])
def file(request, vendor):
    return SheetFileFactory(vendor=vendor, kind=request.param)


@pytest.fixture
def revision(vendor, file):
    sheet = ServiceSheetFactory(vendor=vendor)
    row = {"file": str(file.public_id)}
    if file.kind == FileKind.IMAGE:
        sheet.screenshots = [{"file": "another"}, row | {"alt": "L’accueil"}]
    else:
        sheet.documents = [row | {"title": "Guide"}]
    with as_worker():
        return sheet.save_revision()


def test_a_file_of_a_draft_is_the_vendors_own(vendor, file, revision):
    own, stranger = (
        MembershipFactory(organisation=one.organisation, role=Role.VENDOR_EDITOR).user
        for one in (vendor, VendorFactory())
    )
    assert not is_public(file)
    assert concerns(file, own)
    assert not concerns(file, stranger)
    assert not concerns(file, UserFactory())


def test_those_it_was_submitted_to_read_it_and_no_other_operator(file, revision):
    asked, other = OperatorFactory(), OperatorFactory()
    sheet = revision.content_object
    for operator, sent in ((asked, revision), (other, sheet.revisions.exclude(pk=revision.pk).first())):
        with as_worker():
            sent = sent or ServiceSheetFactory(vendor=file.vendor).save_revision()
        SubmissionFactory(
            listing=ListingFactory(sheet=sheet, operator=operator, state=ListingState.DRAFT), revision=sent
        )
    readers = {
        (operator.pk, role): concerns(
            file, MembershipFactory(organisation=operator.organisation, role=role).user
        )
        for operator in (asked, other)
        for role in (Role.CURATOR, Role.AUDITOR, Role.OPERATOR_ADMIN)
    }
    assert readers == {(pk, role): pk == asked.pk for pk, role in readers}
    assert not is_public(file)


def test_a_mandate_that_ended_opens_nothing(vendor, file, revision):
    former = MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_EDITOR, ended_at=NOW).user
    assert not concerns(file, former)


def test_an_approved_version_on_a_shelf_is_everybodys(vendor, file, revision):
    listing = ListingFactory(sheet=revision.content_object, approved_revision=revision)
    assert is_public(file)
    with as_worker():
        Listing.objects.filter(pk=listing.pk).update(state=ListingState.SUSPENDED)
    assert not is_public(file)
    with as_worker():
        Listing.objects.filter(pk=listing.pk).update(state=ListingState.LISTED)
        type(vendor).objects.filter(pk=vendor.pk).update(
            state=VendorState.SUSPENDED, suspension_reason="Fausse déclaration"
        )
    assert not is_public(SheetFile.objects.get(pk=file.pk))


def test_a_version_that_no_longer_shows_it_does_not_give_it(file, revision):
    sheet = revision.content_object
    sheet.screenshots, sheet.documents = [], []
    with as_worker():
        ListingFactory(sheet=sheet, approved_revision=sheet.save_revision())
    assert not is_public(file)
