"""A PDF kept in storage, sent to a person who has the right to read it (the view has checked)."""

from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import get_valid_filename


class FileMissing(Exception):
    """The storage has no such file: somebody must be told. `str()` is a French sentence."""


def pdf_response(*, path: str, filename: str, attached: bool = False) -> HttpResponse:
    """The whole file under a safe name, shown in the browser or, `attached`, kept. Raises FileMissing.

    Read at once, never streamed: the tenant scope is closed when a stream would run.
    """
    try:
        with default_storage.open(path, "rb") as file:
            content = file.read()
    except OSError:
        raise FileMissing(
            "Le fichier est introuvable pour le moment. Réessayez, puis prévenez votre opérateur."
        ) from None
    return pdf_answer(content, filename=filename, attached=attached)


def pdf_answer(content: bytes, *, filename: str, attached: bool = False) -> HttpResponse:
    """The same of a file that was read already."""
    headers = {
        "Content-Disposition": content_disposition_header(attached, get_valid_filename(filename)),
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="application/pdf", headers=headers)
