"""Amendments of a published lot: written with their ground and their paper, read in the table of the lot."""

import uuid
from datetime import date, timedelta

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from catalog.pricing.money import from_cents
from marketplace.web.access import operator_view
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.fields import pdf_field, text_field
from marketplace.web.formats import format_cents, format_number
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lots import found_lot
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.operator.vehicle_forms import ONE_DAY, AmountField, DayField, LotForm, TermsForm
from marketplace.web.operator.vehicles import vehicle_crumbs, vehicle_page
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions.exceptions import TermsInvalid
from subscriptions.lot_amending import LotChanges, amend_lot, last_terms, may_amend
from subscriptions.models import FrameworkLot, LotAmendment, ModificationGround
from subscriptions.modifications import room_of

NOT_NOW = "Seul un lot publié, et qui n’est pas fini, se modifie par avenant."
_LOT = LotForm.base_fields


class LotAmendmentForm(TermsForm):
    """All the terms, as the last amendment left them: what is not to change is left as it is."""

    FIELDS = {"ends_on": "last_day"}

    request_key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=32_000)
    ground = forms.ChoiceField(
        label="Fondement",
        widget=forms.RadioSelect,
        choices=[(one.value, capitalised(one.label)) for one in ModificationGround],
        error_messages={
            "required": "Choisissez le fondement de l’avenant.",
            "invalid_choice": "Choisissez le fondement dans la liste.",
        },
    )
    reason = text_field(
        "Pourquoi le lot est modifié",
        longest=500,
        too_long="C’est trop long",
        missing="Dites en une phrase pourquoi le lot est modifié.",
    )
    effective_on = DayField(
        label="Date d’effet",
        missing="Indiquez la date d’effet.",
        help_text="Aujourd’hui ou plus tard. Les commandes d’avant gardent les règles de leur jour.",
    )
    ceiling = AmountField(
        label="Montant maximum, hors taxes",
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "decimal"}),
        error_messages={"required": "Indiquez le montant maximum : il est obligatoire."},
    )
    last_day = DayField(
        label="Dernier jour de validité",
        missing="Indiquez le dernier jour de validité.",
        help_text="Quatre ans au plus depuis le premier jour, reconductions comprises (CCP L2125-1).",
    )
    duration_reason = _LOT["duration_reason"]
    renewals = _LOT["renewals"]
    revision_formula = _LOT["revision_formula"]
    paper = pdf_field("L’avenant signé", what="l’avenant signé")

    def __init__(self, data=None, files=None, *, lot: FrameworkLot, on: date):
        terms = last_terms(lot)
        amended = isinstance(terms, LotAmendment)
        super().__init__(
            data,
            files,
            initial={
                "request_key": uuid.uuid4(),
                "seen": terms.number if amended else 0,
                "effective_on": max(on, terms.effective_on) if amended else on,
                "ceiling": format_number(from_cents(terms.ceiling_cents), min_places=2),
                "last_day": terms.ends_on - timedelta(days=1),
                "duration_reason": terms.duration_reason,
                "renewals": terms.renewals,
                "revision_formula": terms.revision_formula,
            },
        )
        self.fields[
            "ceiling"
        ].help_text = (
            f"Déjà commandé : {format_cents(lot.ordered_cents)} HT. Le maximum ne descend pas en dessous."
        )

    def changes(self) -> LotChanges:
        """What was typed, for subscriptions.lot_amending."""
        typed = {
            name: value for name, value in self.cleaned_data.items() if name not in ("request_key", "seen")
        }
        return LotChanges(
            ceiling_cents=typed.pop("ceiling"), ends_on=typed.pop("last_day") + ONE_DAY, **typed
        )


@operator_view(*TASK_ROLES, with_members=False)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator, vehicle, number):
    """Other terms for a published lot, from a day on."""
    found, lot = found_lot(operator, vehicle, number)
    if request.reads_only:
        return vehicle_page(request, operator, found)
    back, on = reverse("operator_vehicle", args=[operator.slug, found.pk]), timezone.localdate()
    if not may_amend(lot, on=on):
        messages.info(request, NOT_NOW)
        return redirect(back)
    sent = request.method == "POST"
    form = LotAmendmentForm(request.POST if sent else None, request.FILES if sent else None, lot=lot, on=on)
    if sent and form.is_valid():
        try:
            amendment = amend_lot(
                lot=lot,
                changes=form.changes(),
                seen=form.cleaned_data["seen"],
                by=request.user,
                request_key=form.cleaned_data["request_key"],
                now=timezone.now(),
            )
        except TermsInvalid as invalid:
            form.show(invalid)
        else:
            messages.success(request, f"L’avenant n° {amendment.number} au lot {lot.number} est enregistré.")
            return redirect(back)
    ask_files_again(form)
    context = {
        "operator": operator,
        "crumbs": vehicle_crumbs(operator, (found.name, back), ("Modifier par avenant", "")),
        "lot": lot,
        "form": form,
        "incomplete": bool({"request_key", "seen"} & form.errors.keys()),
        "rooms": [
            {"label": capitalised(one.label), "value": room_of(lot, ground=one, on=on).in_words}
            for one in ModificationGround
        ],
        "back": back,
    }
    return render(request, "operator/lot_amend.html", context)


@operator_view(with_members=False)
@require_safe
def paper(request, operator, vehicle, number, amendment):
    """The signed amendment."""
    found, lot = found_lot(operator, vehicle, number)
    one = get_object_or_404(lot.amendments, number=amendment)
    try:
        return pdf_response(path=one.paper.name, filename=f"lot-{lot.number}-avenant-{one.number}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect("operator_vehicle", operator=operator.slug, vehicle=found.pk)
