"""The pictures of editorial pages, for anyone: only what Wagtail drew of them, never the file received."""

import re

from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from marketplace.pages.picture_storage import FOLDER
from marketplace.pages.pictures import CONTENT_TYPES

A_YEAR = 365 * 24 * 3600
NAME = re.compile(r"[\w-][\w.-]{0,120}", re.ASCII)


@login_not_required
@require_safe
def picture(request, name):
    """The picture. Its name holds its size and a random part, and changes with it: kept for a year."""
    kind = CONTENT_TYPES.get(name.rpartition(".")[2])
    if kind is None or not NAME.fullmatch(name):
        raise Http404
    try:
        with default_storage.open(FOLDER + name) as file:
            answer = HttpResponse(file.read(), content_type=kind)
    except OSError:
        raise Http404 from None
    answer.headers["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(answer, public=True, max_age=A_YEAR, immutable=True)
    return answer
