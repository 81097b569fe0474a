"""« Raccorder votre service »: what Halle asks of a broker, the kit and the example, for anybody to read."""

import inspect
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from provisioning.kit import example_broker
from provisioning.kit.reports import PASS_MARK
from provisioning.kit.table import CHECKS, VERSION
from provisioning.models.endpoint import PROOF_LASTS

EXAMPLE = Path(inspect.getfile(example_broker))


@login_not_required
@require_safe
def explained(request):
    """The whole of it, on one page."""
    context = {
        "crumbs": [
            {"label": "Éditeurs", "url": reverse("vendors_door")},
            {"label": "Raccorder votre service", "url": ""},
        ],
        "checks": [
            {
                "title": check.title,
                "level": "obligatoire" if check.required else "conseillé",
                "does": check.does,
                "expected": check.expected,
                "section": check.section,
            }
            for check in CHECKS
        ],
        "version": VERSION,
        "pass_mark": PASS_MARK,
        "proof_days": PROOF_LASTS.days,
        "example": EXAMPLE.read_text(encoding="utf-8"),
        "service_id": example_broker.SERVICE,
        "plan_id": example_broker.PLAN,
    }
    return render(request, "vendor/connecting.html", context)


@login_not_required
@require_safe
def example(request):
    """The example broker, to keep."""
    return HttpResponse(
        EXAMPLE.read_bytes(),
        content_type="text/x-python; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="example_broker.py"'},
    )
