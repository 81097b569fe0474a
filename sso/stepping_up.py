"""Proving oneself better, at the moment it is needed, and coming back to what one was doing.

A page that one reads is opened again after the provider. What one sent is kept in the session and offered
again, to be pressed once more: it is never sent by itself.
"""

import time
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sso.assurance import Level, reached

SENT = "sent_before_step_up"
LEVEL = "oidc_level"  # in the address that starts a sign-in, and in the session until one is back
KEPT_SECONDS = 3600
MAX_KEPT = 20_000  # characters
READING = ("GET", "HEAD")


def strongly(what: str) -> Callable:
    """What is sent to the view is done for whoever has proved herself strongly, and lately; anybody else does
    that first. `what` says the work in French, as a button: « Émettre les factures »."""

    def decorate(view):
        @wraps(view)
        def guarded(request, *args, **kwargs):
            if request.method not in READING:
                if not reached(request.session, Level.STRONG):
                    return ask(request, Level.STRONG, what)
                if (request.session.get(SENT) or {}).get("path") == request.path:
                    del request.session[SENT]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def proven(view: Callable) -> Callable:
    """For whoever has proved herself by two factors; anybody else does that first."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not reached(request.session, Level.MULTI_FACTOR):
            return ask(request, Level.MULTI_FACTOR)
        return view(request, *args, **kwargs)

    return guarded


def ask(request, level: Level, what: str = "Envoyer de nouveau"):
    """The way to prove oneself at that level, then back."""
    if request.method in READING:
        return redirect(start_url(level, request.get_full_path()))
    fields = [[name, values] for name, values in request.POST.lists() if name != "csrfmiddlewaretoken"]
    kept = not request.FILES and len(str(fields)) <= MAX_KEPT
    request.session[SENT] = {
        "path": request.path,
        "fields": fields if kept else None,
        "what": what,
        "at": time.time(),
    }
    context = {"start_url": start_url(level, reverse("oidc_resume")), "what": what, "kept": kept}
    return render(request, "sso/step_up.html", context, status=403)


def start_url(level: Level, towards: str) -> str:
    """Where a sign-in starts that asks for that level and leads there."""
    return f"{reverse('oidc_authentication_init')}?{urlencode({LEVEL: level, 'next': towards})}"


@require_safe
@never_cache
def resume(request):
    """Back from the provider: what was being sent, to be confirmed."""
    sent = request.session.get(SENT) or {}
    if not sent or time.time() - sent["at"] > KEPT_SECONDS:
        return redirect("places")
    fields = [(name, value) for name, values in sent["fields"] or [] for value in values]
    context = {
        "path": sent["path"],
        "what": sent["what"],
        "kept": sent["fields"] is not None,
        "fields": fields,
    }
    return render(request, "sso/resume.html", context)
