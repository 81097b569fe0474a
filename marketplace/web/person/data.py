"""What Halle holds on the person who reads: a copy of it, its erasure, how long it is kept."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.formats import day, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted
from tenants.models import PersonalDataExport, Role
from tenants.personal_data.copies import ask_copy
from tenants.personal_data.erasure import ErasureRefused, erase
from tenants.personal_data.retention import periods_in_force


@require_safe
def my_data(request):
    """Identity, mandates, copies asked for, and what is kept how long."""
    person = request.user
    mandates = person.memberships.select_related("organisation").order_by(
        "organisation__plain_name", "role", "-since"
    )
    copies = PersonalDataExport.objects.filter(user=person).order_by("-asked_at", "-pk")[:10]
    context = {
        "identity": [
            {"label": "Nom", "value": person.get_full_name()},
            {"label": "Courriel", "value": person.email or "—"},
            {"label": "Connue depuis le", "value": day(person.date_joined)},
        ],
        "mandates": [_mandate(mandate) for mandate in mandates],
        "copies": [_copy(copy) for copy in copies],
        "under_way": any(copy.ready_at is None for copy in copies),
        "kept": [
            {
                "what": capitalised(period.get_what_display()),
                "days": counted(period.days, "jour"),
                "source": period.source,
            }
            for period in sorted(
                periods_in_force(now=timezone.now()).values(), key=lambda row: row.get_what_display()
            )
        ],
    }
    return render(request, "person/data.html", context)


@require_POST
def ask_for_copy(request):
    """Asks for a copy; a worker makes it."""
    ask_copy(person=request.user, now=timezone.now())
    messages.success(request, "Votre copie se prépare : elle sera ici dans une minute.")
    return redirect("my_data")


@require_safe
def download_copy(request, copy):
    """The copy, to the person it is about and to nobody else."""
    mine = get_object_or_404(
        PersonalDataExport, public_id=copy, user=request.user, ready_at__isnull=False, deleted_at=None
    )
    return FileResponse(
        mine.file.open(),
        as_attachment=True,
        filename="mes-donnees-halle.json",
        content_type="application/json",
        headers={"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def erase_me(request):
    """Says what goes and what stays, then does it and signs the person out."""
    refused = ""
    if request.method == "POST":
        try:
            erase(person=request.user, by=request.user, now=timezone.now())
        except ErasureRefused as refusal:
            refused = str(refusal)
        else:
            logout(request)
            messages.success(request, "Vos données personnelles sont effacées. Au revoir.")
            return redirect("home")
    context = {"refused": refused, "back_url": reverse("my_data")}
    return render(request, "person/erase.html", context)


def _mandate(mandate) -> dict:
    if mandate.ended_at:
        state = {"state": "neutral", "label": f"Terminé le {day(mandate.ended_at)}"}
    elif mandate.suspended_at:
        state = {"state": "warning", "label": f"Suspendu le {day(mandate.suspended_at)}"}
    else:
        state = {"state": "success", "label": "En cours"}
    return {
        "organisation": mandate.organisation.name,
        "role": capitalised(mandate.get_role_display()),
        "since": day(mandate.since),
        "badge": state,
        # An auditor only reads: an administrator ends her mandate.
        "leave_url": reverse("organisation_leave", args=[mandate.organisation.siren])
        if mandate.ended_at is None and mandate.suspended_at is None and mandate.role != Role.AUDITOR
        else "",
    }


def _copy(copy: PersonalDataExport) -> dict:
    if copy.deleted_at:
        return {
            "label": f"Copie du {moment(copy.asked_at)}",
            "state": f"effacée le {day(copy.deleted_at)}",
            "url": "",
        }
    if copy.ready_at is None:
        return {"label": f"Copie du {moment(copy.asked_at)}", "state": "en préparation", "url": ""}
    return {
        "label": f"Copie du {moment(copy.asked_at)}",
        "state": "prête",
        "url": reverse("my_data_file", args=[copy.public_id]),
    }
