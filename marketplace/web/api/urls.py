"""The addresses of the API, and what all of them do alike."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from marketplace.web.api.answers import READ_ONLY, open_to_scripts, read_only
from marketplace.web.api.operations import api


def public(view: Callable) -> Callable:
    """Open to everybody, reading only. Nothing here belongs to a tenant: no transaction is needed."""

    @login_not_required
    @transaction.non_atomic_requests
    @wraps(view)
    def answered(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.method == "OPTIONS":
            return open_to_scripts(_preflight())
        if request.method not in READ_ONLY:
            return open_to_scripts(read_only())
        asked, request.method = request.method, "GET"
        try:
            return open_to_scripts(view(request, *args, **kwargs))
        finally:
            request.method = asked

    answered.csrf_exempt = False
    return answered


def _preflight() -> HttpResponse:
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = ", ".join(READ_ONLY)
    response["Access-Control-Allow-Headers"] = "If-None-Match, Accept"
    response["Access-Control-Max-Age"] = "86400"
    return response


_found, _app, _namespace = api.urls
# Ninja's own root is hidden behind ours.
_patterns = [pattern for pattern in _found if pattern.name != "api-root"]
for _pattern in _patterns:
    _pattern.callback = public(_pattern.callback)
urls = (_patterns, _app, _namespace)
