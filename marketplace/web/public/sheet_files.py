"""Pictures and documents of service sheets, for those who may read the version they belong to."""

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from catalog.models import FileKind, SheetFile
from catalog.sheets.files import concerns, is_public
from tenants.pictures import CONTENT_TYPE

AN_HOUR = 3600


@login_not_required
@require_safe
def sheet_file(request, public_id):
    """The file. A picture was drawn here; a document comes from outside, and is never shown in place."""
    found = SheetFile.objects.select_related("vendor").filter(public_id=public_id).first()
    if found is None:
        raise Http404
    public = is_public(found)
    if not public and not (request.user.is_authenticated and concerns(found, request.user)):
        raise Http404
    etag = f'"{found.sha256}"'
    answer = get_conditional_response(request, etag=etag) or _whole(found)
    answer.headers["ETag"] = etag
    patch_cache_control(answer, public=public, private=not public, max_age=AN_HOUR if public else 0)
    return answer


def _whole(file: SheetFile) -> HttpResponse:
    try:
        with default_storage.open(file.file.name) as stored:
            content = stored.read()
    except OSError:
        raise Http404 from None
    if file.kind == FileKind.IMAGE:
        answer = HttpResponse(content, content_type=CONTENT_TYPE)
    else:
        answer = HttpResponse(content, content_type="application/pdf")
        answer.headers["Content-Disposition"] = f'attachment; filename="{file.public_id}.pdf"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
