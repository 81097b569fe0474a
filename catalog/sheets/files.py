"""Pictures and documents of a vendor: judged by what they are, kept for good, given to whom they concern."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from catalog.claims.evidence import concerns_checker, proves_on_a_shelf
from catalog.models import FileKind, Listing, ListingState, SheetFile, Submission, Vendor, VendorState
from catalog.sheets.errors import FileRefused
from tenants import audit
from tenants.models import Role, User
from tenants.people.roles import OPERATOR_ROLES, VENDOR_ROLES
from tenants.pictures import MEGABYTE, PictureRefused, redrawn

PICTURE_MEGABYTES = 5
PICTURE_SIDE = 8000  # pixels
SHOWN = (1280, 960)  # pixels
DOCUMENT_MEGABYTES = 10
DOCUMENT_PAGES = 500
_ACTIVE = {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/RichMediaExecute"}


@transaction.atomic
def keep_picture(*, vendor: Vendor, file: UploadedFile, by: User, now: datetime) -> SheetFile:
    """A screenshot, drawn again as a PNG of 1280 × 960 at most. Raises FileRefused."""
    try:
        picture = redrawn(file, max_megabytes=PICTURE_MEGABYTES, max_side=PICTURE_SIDE, shown=SHOWN)
    except PictureRefused as refusal:
        raise FileRefused(str(refusal), "upload") from refusal
    return _keep(vendor, FileKind.IMAGE, picture.png, by, now, width=picture.width, height=picture.height)


@transaction.atomic
def keep_document(*, vendor: Vendor, file: UploadedFile, by: User, now: datetime) -> SheetFile:
    """A PDF without code in it, of 10 MB and 500 pages at most. Raises FileRefused."""
    if file.size > DOCUMENT_MEGABYTES * MEGABYTE:
        raise FileRefused(f"Ce fichier est trop lourd : {DOCUMENT_MEGABYTES} Mo au plus.", "upload")
    content = file.read()
    check_pdf(content)
    return _keep(vendor, FileKind.DOCUMENT, content, by, now)


def check_pdf(content: bytes) -> None:
    """Raises FileRefused unless this is a PDF that opens, without a password nor anything that acts."""
    if not content.startswith(b"%PDF-"):
        raise FileRefused("Ce fichier n’est pas un PDF, quel que soit son nom.", "upload")
    try:
        reader = PdfReader(BytesIO(content))
        encrypted = reader.is_encrypted
        pages = 0 if encrypted else len(reader.pages)
        acts = not encrypted and pages <= DOCUMENT_PAGES and _acts(reader)
    # What a damaged or hostile file makes a reader raise is listed nowhere.
    except Exception as error:
        raise FileRefused(
            "Ce PDF est abîmé et ne s’ouvre pas. Exportez-le de nouveau, puis recommencez.", "upload"
        ) from error
    if encrypted:
        raise FileRefused("Ce PDF est protégé : enlevez son mot de passe, puis recommencez.", "upload")
    if not 0 < pages <= DOCUMENT_PAGES:
        raise FileRefused(f"Ce PDF doit avoir entre 1 et {DOCUMENT_PAGES} pages.", "upload")
    if acts:
        raise FileRefused(
            "Ce PDF contient du code ou un fichier joint. Exportez-le de nouveau sans cela, par exemple par "
            "« Imprimer au format PDF ».",
            "upload",
        )


def is_public(file: SheetFile) -> bool:
    """Whether it belongs to a version that members of some operator read today, or proves what it claims."""
    if file.vendor.state != VendorState.ACTIVE:
        return False
    shown = Listing.objects.filter(
        _in_revision("approved_revision__content", file),
        state=ListingState.LISTED,
        offer__partner__vendor=file.vendor_id,
    )
    return shown.exists() or proves_on_a_shelf(file)


def concerns(file: SheetFile, user: User) -> bool:
    """Whether this person may have a file that is not public: the vendor's own people, those of the operators
    it was submitted to, and whoever may check what it proves."""
    return _is_own(file, user) or _is_curator(file, user) or concerns_checker(file, user)


def pictures(public_ids: Iterable[str]) -> dict[str, SheetFile]:
    """Files by their public id, as text. One query, none without ids."""
    wanted = list(public_ids)
    found = SheetFile.objects.filter(public_id__in=wanted) if wanted else ()
    return {str(file.public_id): file for file in found}


def _in_revision(content: str, file: SheetFile) -> Q:
    name = "screenshots" if file.kind == FileKind.IMAGE else "documents"
    return Q(**{f"{content}__{name}__contains": [{"file": str(file.public_id)}]})


def _is_own(file: SheetFile, user: User) -> bool:
    return (
        user.memberships.in_force()
        .filter(organisation=file.vendor.organisation_id, role__in=VENDOR_ROLES)
        .exists()
    )


def _is_curator(file: SheetFile, user: User) -> bool:
    operators = (
        user.memberships.in_force()
        .filter(role__in=OPERATOR_ROLES | {Role.AUDITOR}, organisation__operator__isnull=False)
        .values("organisation__operator")
    )
    return Submission.objects.filter(
        _in_revision("revision__content", file),
        listing__operator__in=operators,
        listing__offer__partner__vendor=file.vendor_id,
    ).exists()


def _keep(vendor: Vendor, kind: str, content: bytes, by: User, now: datetime, **size: int) -> SheetFile:
    digest = hashlib.sha256(content).hexdigest()
    again = SheetFile.objects.filter(vendor=vendor, kind=kind, sha256=digest).first()
    if again is not None:
        return again
    kept = SheetFile(
        vendor=vendor,
        kind=kind,
        sha256=digest,
        size=len(content),
        uploaded_by=by,
        uploaded_at=now,
        **size,
    )
    kept.file.save("file", ContentFile(content), save=False)
    kept.save(force_insert=True)
    audit.record(
        tenant=vendor.organisation,
        actor=by,
        what="sheet.file_kept",
        sentence="{actor} a ajouté une image." if kind == FileKind.IMAGE else "{actor} a ajouté un document.",
        subject_id=kept.public_id,
        now=now,
        details={"sha256": digest, "size": kept.size},
    )
    return kept


def _acts(reader: PdfReader) -> bool:
    """Whether opening or reading it may run something, or carries another file."""
    root = reader.trailer["/Root"]
    names = root.get("/Names")
    names = names.get_object() if names is not None else {}
    if "/JavaScript" in names or "/EmbeddedFiles" in names or "/AA" in root or "/XFA" in _form(root):
        return True
    if _is_active(root.get("/OpenAction")):
        return True
    for page in reader.pages:
        if "/AA" in page:
            return True
        for annotation in page.get("/Annots") or ():
            one = annotation.get_object()
            if "/AA" in one or _is_active(one.get("/A")) or one.get("/Subtype") in _CARRIERS:
                return True
    return False


_CARRIERS = {"/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/3D"}


def _form(root: DictionaryObject) -> DictionaryObject:
    form = root.get("/AcroForm")
    return form.get_object() if form is not None else DictionaryObject()


def _is_active(action) -> bool:
    """An action, or one that follows it, that does more than move in the document or open an address."""
    for _ in range(20):
        action = action.get_object() if action is not None else None
        if not isinstance(action, DictionaryObject):
            return False
        if action.get("/S") in _ACTIVE or "/JS" in action:
            return True
        action = action.get("/Next")
    return True
