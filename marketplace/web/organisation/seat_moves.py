"""The head office moves: the form and the evidence, at the organisation's own door and at its operator's."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import organisation_view
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.fields import TYPED_DATE, pdf_field
from marketplace.web.formats import day
from marketplace.web.organisation.home import ADDRESS_ROLES, organisation_crumbs
from marketplace.web.organisation.seat_words import SeatDoor
from marketplace.web.pdf import FileMissing, pdf_response
from tenants import head_offices
from tenants.head_offices import MAX_REASON, SeatMoveRefused
from tenants.identifiers import BadIdentifier, grouped
from tenants.models import Organisation, SeatMove


class SeatMoveForm(forms.Form):
    """The new SIRET, its day, why, and the proof. What they must be is checked by the operation."""

    siret = forms.CharField(
        label="Nouveau SIRET du siège",
        max_length=30,
        help_text="14 chiffres. Les 9 premiers, le SIREN, ne changent pas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        error_messages={
            "required": "Indiquez le nouveau SIRET.",
            "max_length": "Ce numéro est trop long : un SIRET compte 14 chiffres.",
        },
    )
    effective_on = forms.DateField(
        label="À partir du",
        help_text="Le jour indiqué par l’INSEE, à un an d’ici au plus, passé ou à venir.",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez la date du changement.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    reason = forms.CharField(
        label="Motif",
        max_length=MAX_REASON,
        help_text="Par exemple « Déménagement de la mairie ».",
        error_messages={
            "required": "Indiquez le motif.",
            "max_length": f"Ce motif est trop long : {MAX_REASON} caractères au plus.",
        },
    )
    evidence = pdf_field(
        "Justificatif",
        what="le justificatif",
        help_text="L’avis de situation de l’INSEE, ou la délibération : un fichier PDF de 10 Mo au plus.",
    )


@dataclass(frozen=True)
class Frame:
    """What differs from one door to the other: where to come back, and the way that led here."""

    door: SeatDoor
    home: str
    crumbs: list[dict]


TITLE = "Changer le SIRET du siège"


@organisation_view(*ADDRESS_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request, organisation):
    """Say that one's own head office moves."""
    return declare_page(request, organisation, _own(request, organisation))


@organisation_view(*ADDRESS_ROLES)
@require_POST
def cancel(request, organisation, move):
    """A move to come will not happen."""
    return cancel_page(request, organisation, move, _own(request, organisation))


@organisation_view(*ADDRESS_ROLES)
@require_safe
def evidence(request, organisation, move):
    """The document that was joined."""
    return evidence_page(request, organisation, move, _own(request, organisation))


def _own(request, organisation: Organisation) -> Frame:
    home = reverse("organisation_home", args=[organisation.siren])
    return Frame(SeatDoor.own(organisation), home, organisation_crumbs(request, organisation, (TITLE, "")))


def declare_page(request, organisation: Organisation, frame: Frame) -> HttpResponse:
    """The form. The scope holds the organisation."""
    form = SeatMoveForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if form.is_valid():
            try:
                move = head_offices.declare(
                    organisation=organisation, by=request.user, now=timezone.now(), **form.cleaned_data
                )
            except BadIdentifier as refusal:
                form.add_error("siret", str(refusal))
            except SeatMoveRefused as refusal:
                form.add_error(refusal.field or None, str(refusal))
            else:
                messages.success(request, _done(move))
                return redirect(frame.home)
        ask_files_again(form)
    seat = organisation.seat_on(localdate(timezone.now()))
    context = {
        "organisation": organisation,
        "operator": request.current_operator,
        "title": TITLE,
        "crumbs": frame.crumbs,
        "form": form,
        "home_page": frame.home,
        "seat": grouped(seat.siret) if seat else "",
    }
    return render(request, "organisation/seat_move.html", context)


def _done(move: SeatMove) -> str:
    when = f"le {day(move.effective_on)}"
    if move.settled_at is None:
        return f"Le changement est enregistré : il prendra effet {when}."
    return (
        f"Le siège a le SIRET {grouped(move.to_siret)} depuis {when}. Les factures déjà émises ne changent "
        "pas. Vérifiez les codes Chorus Pro de ce nouvel établissement."
    )


def cancel_page(request, organisation: Organisation, public_id, frame: Frame) -> HttpResponse:
    """404 for another's move."""
    try:
        head_offices.cancel(move=_found(organisation, public_id), by=request.user, now=timezone.now())
    except SeatMoveRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Le changement de SIRET est annulé : le siège reste où il est.")
    return redirect(frame.home)


def evidence_page(request, organisation: Organisation, public_id, frame: Frame) -> HttpResponse:
    """404 for another's move."""
    move = _found(organisation, public_id)
    try:
        return pdf_response(path=move.evidence.name, filename=f"siege-{move.to_siret}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect(frame.home)


def _found(organisation: Organisation, public_id) -> SeatMove:
    return get_object_or_404(head_offices.moves_of(organisation=organisation), public_id=public_id)
