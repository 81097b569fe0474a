"""The lots of a framework agreement: made and changed until their notice is published."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from marketplace.web.access import operator_view
from marketplace.web.formats import format_cents
from marketplace.web.operator.lists import counted
from marketplace.web.operator.lot_cards import period
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.operator.vehicle_forms import LotForm
from marketplace.web.operator.vehicles import form_page, found_vehicle, vehicle_crumbs, vehicle_page
from subscriptions import lots
from subscriptions.exceptions import LotIncomplete, LotPublished, TermsInvalid
from subscriptions.models import LegalBasis

may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])


@operator_view(*TASK_ROLES, with_members=False)
@may_read_and_send
def new(request, operator, vehicle):
    """One lot more."""
    found = _framework(operator, vehicle)
    if request.reads_only:
        return vehicle_page(request, operator, found)
    form = LotForm(request.POST or None, operator=operator, on=timezone.localdate())
    back = _page_of(operator, found)
    if request.method == "POST" and form.is_valid():
        try:
            lot = lots.make_lot(vehicle=found, terms=form.terms(), by=request.user, now=timezone.now())
        except TermsInvalid as invalid:
            form.show(invalid)
        else:
            messages.success(
                request, f"Le lot {lot.number} est créé. Publiez-le pour l’ouvrir aux commandes."
            )
            return redirect(back)
    path = ((found.name, back),)
    return form_page(
        request,
        operator,
        form,
        path,
        title="Ajouter un lot",
        over=found.name,
        label="Créer le lot",
        back=back,
    )


@operator_view(*TASK_ROLES, with_members=False)
@may_read_and_send
def edit(request, operator, vehicle, number):
    """Other terms, while the notice is not published."""
    found, lot = found_lot(operator, vehicle, number)
    if request.reads_only:
        return vehicle_page(request, operator, found)
    back = _page_of(operator, found)
    if lot.published_on is not None:
        messages.info(request, str(LotPublished()))
        return redirect(back)
    form = LotForm(request.POST or None, operator=operator, on=timezone.localdate(), lot=lot)
    if request.method == "POST" and form.is_valid():
        try:
            lots.change_lot(lot=lot, terms=form.terms(), by=request.user, now=timezone.now())
        except LotPublished as refusal:
            messages.error(request, str(refusal))
            return redirect(back)
        except TermsInvalid as invalid:
            form.show(invalid)
        else:
            messages.success(request, f"Le lot {lot.number} est modifié.")
            return redirect(back)
    path = ((found.name, back),)
    return form_page(request, operator, form, path, title="Modifier le lot", over=str(lot), back=back)


@operator_view(*TASK_ROLES, with_members=False)
@may_read_and_send
def publish(request, operator, vehicle, number):
    """What publishing does, read once more, then asked."""
    found, lot = found_lot(operator, vehicle, number)
    if request.reads_only:
        return vehicle_page(request, operator, found)
    back = _page_of(operator, found)
    if request.method == "POST":
        try:
            lots.publish_lot(lot=lot, by=request.user, now=timezone.now())
        except (LotPublished, LotIncomplete) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"Le lot {lot.number} est publié.")
        return redirect(back)
    if lot.published_on is not None:
        messages.info(request, str(LotPublished()))
        return redirect(back)
    validity = period(lot.starts_on, lot.ends_on)
    context = {
        "operator": operator,
        "crumbs": vehicle_crumbs(operator, (found.name, back), ("Publier", "")),
        "lot": lot,
        "missing": " ".join(lots.missing_of(lot, on=timezone.localdate())),
        "edit_url": reverse("operator_lot_edit", args=[operator.slug, found.pk, lot.number]),
        "back": back,
        "consequences": [
            f"Le maximum de {format_cents(lot.ceiling_cents)} HT et la validité {validity} ne se modifient "
            "plus que par avenant ; les titulaires et leur rang, plus du tout.",
            f"La liste est close : {counted(lot.buyers.count(), 'acheteur')}. "
            "Un adhérent arrivé plus tard ne pourra pas commander sur ce lot.",
            f"Ses services peuvent être demandés dans ce cadre : {counted(lot.listings.count(), 'service')}.",
        ],
    }
    return render(request, "operator/lot_publish.html", context)


def found_lot(operator, vehicle: int, number: int):
    """(vehicle, lot) of the operator's, or 404."""
    found = _framework(operator, vehicle)
    return found, get_object_or_404(found.lots.prefetch_related("amendments"), number=number)


def _framework(operator, pk: int):
    found = found_vehicle(operator, pk)
    if found.legal_basis != LegalBasis.FRAMEWORK:
        raise Http404
    return found


def _page_of(operator, found) -> str:
    return reverse("operator_vehicle", args=[operator.slug, found.pk])
