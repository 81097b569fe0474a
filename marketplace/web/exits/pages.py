"""The list of departures, and one of them: where it stands, a longer transition, the certificate."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.timezone import localdate

from catalog.models import Vendor
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.doors import Door
from marketplace.web.exits.forms import CertificateForm, ExtendForm
from marketplace.web.formats import day
from marketplace.web.leaving_words import badge, steps
from marketplace.web.operator.lists import chosen, counted, rest_of_address, tabs
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import leaving
from subscriptions.exceptions import ExitRefused, WrongState
from subscriptions.exit_queries import counts_of_exits, exits_of
from subscriptions.models import Exit, ExitState
from tenants.models import Operator

PAGE_SIZE = 25
TITLE = "Départs"
LABELS = {"en-cours": "En cours", "termines": "Terminés ou annulés"}
NOBODY = {
    "en-cours": ("Aucun départ en cours", "Personne ne quitte un de vos services."),
    "termines": (
        "Aucun départ terminé",
        "Un départ se lit ici une fois les données effacées, ou s’il est annulé.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class ExitDoor(Door):
    """Whose services are left, and whether this person acts; `tasks_url` is where services are closed by
    hand, "" where that is somebody else's."""

    owner: Operator | Vendor
    name: str
    acts: bool
    tasks_url: str = ""


def list_page(request, door: ExitDoor):
    """Departures, those whose next phase comes first at the top."""
    group = chosen(request, LABELS)
    counts = counts_of_exits(owner=door.owner)
    found = exits_of(owner=door.owner, over=group == "termines")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "name": door.name,
        "crumbs": door.trail((TITLE, "")),
        "tabs": tabs(request, labels=LABELS, counts=counts, active=group, search=""),
        "page": page,
        "rest": rest_of_address(etat=group),
        "total": counted(counts[group], "départ"),
        "nobody": NOBODY[group],
        "rows": [
            {
                "url": door.url("exit", row.public_id),
                "member": row.subscription.tenant.name,
                "service": row.subscription.service_name,
                "badge": badge(row),
                "ends": day(row.retrieval_from),
                "erased": day(row.erasure_from),
            }
            for row in page
        ],
    }
    return render(request, "exits/list.html", context)


def detail_page(request, door: ExitDoor, public_id):
    """One departure, and what may be said of it."""
    return _page(request, door, _found(door, public_id))


def extend(request, door: ExitDoor, public_id):
    """A longer transition."""
    found = _found(door, public_id)
    form = ExtendForm(request.POST)
    if not _said(request, form, leaving.extend, found, "La transition est prolongée."):
        return _page(request, door, found, extend_form=form)
    return redirect(door.url("exit", public_id))


def certify(request, door: ExitDoor, public_id):
    """The certificate is put on record."""
    found = _found(door, public_id)
    form = CertificateForm(request.POST, request.FILES)
    done = "Le certificat est enregistré. L’adhérent peut le lire sur sa page."
    if not _said(request, form, leaving.certify, found, done):
        return _page(request, door, found, certificate_form=form)
    return redirect(door.url("exit", public_id))


def certificate(request, door: ExitDoor, public_id):
    """The certificate on record."""
    found = _found(door, public_id)
    if not found.certificate:
        raise Http404
    try:
        return pdf_response(
            path=found.certificate.name, filename=f"certificat-{found.subscription.tenant.siren}.pdf"
        )
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect(door.url("exit", public_id))


def _said(request, form, verb, found: Exit, done: str) -> bool:
    """Whether the page of the departure comes next; else the form says what is to be mended."""
    if not form.is_valid():
        ask_files_again(form)
        return False
    try:
        verb(leaving=found, by=request.user, now=timezone.now(), **form.cleaned_data)
    except ExitRefused as refusal:
        form.add_error(refusal.field, str(refusal))
        ask_files_again(form)
        return False
    except WrongState as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return True


def _page(request, door: ExitDoor, found: Exit, *, extend_form=None, certificate_form=None):
    subscription = found.subscription
    member = subscription.tenant
    extends = door.acts and leaving.may_extend(found, on=localdate(timezone.now()))
    certifies = door.acts and found.state == ExitState.ERASURE and not found.certificate
    context = {
        "name": door.name,
        "crumbs": door.trail((TITLE, door.url("exits")), (member.name, "")),
        "title": subscription.service_name,
        "member": member.name,
        "badge": badge(found),
        "steps": steps(found),
        "facts": [
            {"label": "Adhérent", "value": member.name},
            {"label": "Éditeur", "value": subscription.listing.vendor.organisation.name},
            {"label": "Opérateur", "value": subscription.operator.short_name},
            {
                "label": "Part vers",
                "value": found.get_destination_display() or "non précisé : fin du contrat",
            },
            {"label": "Demandé le", "value": day(found.requested_at)},
            *([{"label": "Motif", "value": found.reason}] if found.reason else []),
        ],
        "extend_form": (extend_form or ExtendForm()) if extends else None,
        "extend_url": door.url("exit_extend", found.public_id),
        "extend_until": day(leaving.extend_until(found)),
        "certificate_form": (certificate_form or CertificateForm()) if certifies else None,
        "certify_url": door.url("exit_certify", found.public_id),
        "has_errors": bool(
            (extend_form and extend_form.errors) or (certificate_form and certificate_form.errors)
        ),
        "certificate_url": door.url("exit_certificate", found.public_id) if found.certificate else "",
        "closes": found.state == ExitState.ERASURE and not found.closed_at,
        "tasks_url": door.tasks_url,
    }
    return render(request, "exits/detail.html", context)


def _found(door: ExitDoor, public_id) -> Exit:
    return get_object_or_404(exits_of(owner=door.owner), public_id=public_id)
