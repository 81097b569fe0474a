"""Signing out: here, then at the provider (RP-Initiated Logout 1.0); or told by it (Back-Channel Logout)."""

import hmac
import logging
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from sso.asking import ProviderDown
from sso.provider import provider
from sso.sessions import end_by_token
from sso.tokens import read_logout_token

logger = logging.getLogger(__name__)

STATE = "oidc_logout_state"


@require_POST
@never_cache
def sign_out(request):
    """Signed out here at once, whatever the provider does. Then its page, that ends what it keeps.

    A page leads there and no redirection: after a form, browsers hold redirections to the policy's
    `form-action`, and where the provider leads next is its own business.
    """
    id_token = request.session.get("oidc_id_token", "")
    auth.logout(request)
    leave_url = _leave_url(request, id_token) if id_token else ""
    if not leave_url:
        messages.success(request, "Vous êtes déconnecté de Halle.")
        return redirect("home")
    return render(request, "sso/leaving.html", {"leave_url": leave_url})


@login_not_required
@require_safe
@never_cache
def signed_out(request):
    """Back from the provider, where nobody is signed in any more. Signs nobody out: anybody may lead here."""
    expected = request.session.pop(STATE, "")
    if expected and hmac.compare_digest(expected.encode(), request.GET.get("state", "").encode()):
        messages.success(request, "Vous êtes déconnecté, ici et chez votre fournisseur d’identité.")
    return redirect("home")


@login_not_required
@csrf_exempt
@require_POST
@never_cache
def told(request):
    """The provider says that a person, or one of her sessions, is over: what it had opened here ends at once.

    200 once it is done, 400 for a token that cannot be trusted, 503 when the keys cannot be had: to be said
    again.
    """
    try:
        claims = read_logout_token(request.POST.get("logout_token", ""), provider=provider())
        ended = end_by_token(claims=claims, now=datetime.now(UTC))  # the clock of its dates
    except ProviderDown as error:
        logger.warning("a logout could not be read, the provider does not answer: %s", error)
        return JsonResponse({"error": "temporarily_unavailable"}, status=503)
    except SuspiciousOperation as error:
        logger.warning("logout refused: %s", error)
        return JsonResponse({"error": "invalid_request"}, status=400)
    logger.info("the provider ended %s sessions", ended)
    return HttpResponse(status=200)


def _leave_url(request, id_token: str) -> str:
    """Where the provider ends its session and leads back here; "" when it has no such page, or is silent."""
    try:
        address = provider().end_session_endpoint
    except ProviderDown as error:
        logger.warning("the identity provider does not answer at sign-out: %s", error)
        return ""
    if not address:
        return ""
    request.session[STATE] = get_random_string(43)
    query = urlencode(
        {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": request.build_absolute_uri(reverse("oidc_signed_out")),
            "state": request.session[STATE],
        }
    )
    return f"{address}{'&' if '?' in address else '?'}{query}"
