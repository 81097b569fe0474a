"""The platform's staff checks what vendors claim, on any shelf or none."""

from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.access import platform_view
from marketplace.web.checking_claims import Desk, claim_page, list_page


@platform_view
@require_safe
def claim_list(request):
    """Every claim."""
    return list_page(request, _desk())


@platform_view
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request, public_id):
    """One claim with its evidence at hand."""
    return claim_page(request, _desk(), public_id)


def _desk() -> Desk:
    return Desk(None, _crumbs, "platform_claims", "platform_claim")


def _crumbs(*items: tuple[str, str]) -> list[dict]:
    start = {"label": "Plateforme", "url": reverse("platform_home")}
    return [start, *({"label": label, "url": url} for label, url in items)]
