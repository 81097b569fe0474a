"""A vendor's system says what became of a step: the one address of the API that writes."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from marketplace.web.api.answers import problem, written
from provisioning import callbacks

TITLES = {
    400: "Message illisible",
    401: "Signature refusée",
    404: "Introuvable",
    409: "Identifiant déjà utilisé",
}


@csrf_exempt  # a machine writes here, and signs what it writes
@login_not_required
def receive(request: HttpRequest, door: str) -> HttpResponse:
    """Kept, or refused with a sentence that says what to do. The same message again: the same answer."""
    if request.method != "POST":
        response = problem(405, "Envoi seulement", "Cette adresse ne reçoit que des messages (POST).")
        response["Allow"] = "POST"
        return response
    body = request.read(callbacks.MAX_BODY + 1)
    if len(body) > callbacks.MAX_BODY:
        return problem(413, "Message trop long", f"Au plus {callbacks.MAX_BODY // 1024} Kio.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        callbacks.keep(door=door, headers=headers, body=body, now=timezone.now())
    except callbacks.CallbackRefused as refusal:
        return problem(refusal.status, TITLES.get(refusal.status, "Message refusé"), str(refusal))
    response = HttpResponse(written({"received": True}), content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response
