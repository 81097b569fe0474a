"""An operator's logo, for anyone. tenants.pictures drew it: what somebody uploaded is never served."""

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from tenants.models import Operator
from tenants.operators.logos import logo_version
from tenants.pictures import CONTENT_TYPE

A_YEAR = 365 * 24 * 3600
A_MOMENT = 300


@login_not_required
@require_safe
def operator_logo(request, operator):
    """The PNG. Kept for a year by whoever asks with its version (`?v=`), which changes with the picture."""
    found = Operator.objects.filter(slug=operator).exclude(logo="").first()
    if found is None:
        raise Http404
    version = logo_version(found)
    etag = f'"{version}"'
    answer = get_conditional_response(request, etag=etag)
    if answer is None:
        answer = HttpResponse(_picture(found), content_type=CONTENT_TYPE)
        answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["ETag"] = etag
    if request.GET.get("v") == version:
        patch_cache_control(answer, public=True, max_age=A_YEAR, immutable=True)
    else:
        patch_cache_control(answer, public=True, max_age=A_MOMENT)
    return answer


def _picture(operator: Operator) -> bytes:
    try:
        with default_storage.open(operator.logo.name) as file:
            return file.read()
    except OSError:
        raise Http404 from None
