"""The purchasing vehicles of an operator, one by one, with the lots of a framework agreement."""

from datetime import date

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from marketplace.web.access import operator_view
from marketplace.web.formats import format_number
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted, crumbs
from marketplace.web.operator.lot_cards import lot_card, period
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.operator.vehicle_forms import VehicleForm
from subscriptions.chain import parties_of
from subscriptions.exceptions import TermsInvalid
from subscriptions.models import LegalBasis, PurchasingVehicle
from subscriptions.vehicle_queries import lots_of, vehicle_rows
from subscriptions.vehicle_terms import change_vehicle, make_vehicle
from tenants.models import Role

TITLE = "Cadres d’achat"


@operator_view(with_members=False)
@require_safe
def vehicle_list(request, operator):
    """Every vehicle: its basis, when it is open, what is bought through it."""
    return _list_page(request, operator)


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator):
    """A vehicle that did not exist."""
    if request.reads_only:
        return _list_page(request, operator)
    form = VehicleForm(
        request.POST or None,
        initial={"deliberation_required": True, "separate_approver": True, "term_years": 1},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = make_vehicle(operator=operator, terms=form.terms(), by=request.user, now=timezone.now())
        except TermsInvalid as invalid:
            form.show(invalid)
        else:
            messages.success(request, f"« {made.name} » est créé.")
            return redirect("operator_vehicle", operator=operator.slug, vehicle=made.pk)
    back = reverse("operator_vehicles", args=[operator.slug])
    return form_page(
        request, operator, form, title="Créer un cadre d’achat", label="Créer le cadre", back=back
    )


@operator_view(with_members=False)
@require_safe
def vehicle(request, operator, vehicle):
    """One vehicle, with what is left of each lot."""
    return vehicle_page(request, operator, found_vehicle(operator, vehicle))


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request, operator, vehicle):
    """Other terms for the subscriptions to come."""
    found = found_vehicle(operator, vehicle)
    if request.reads_only:
        return vehicle_page(request, operator, found)
    form = VehicleForm.of(found, request.POST or None)
    back = reverse("operator_vehicle", args=[operator.slug, found.pk])
    if request.method == "POST" and form.is_valid():
        try:
            change_vehicle(vehicle=found, terms=form.terms(), by=request.user, now=timezone.now())
        except TermsInvalid as invalid:
            form.show(invalid)
        else:
            messages.success(request, "Le cadre d’achat est modifié.")
            return redirect(back)
    path = ((found.name, back),)
    return form_page(
        request, operator, form, path, title="Modifier le cadre d’achat", over=found.name, back=back
    )


def _list_page(request, operator):
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, "")),
        "may_act": may_act(request),
        "new_url": reverse("operator_vehicle_new", args=[operator.slug]),
        "reads_indices": may_act(request) or request.reads_only or Role.AUDITOR in request.roles,
        "indices_url": reverse("operator_indices", args=[operator.slug]),
        "rows": [
            {
                "name": one.name,
                "url": reverse("operator_vehicle", args=[operator.slug, one.pk]),
                "basis": capitalised(one.get_legal_basis_display()),
                "period": "celle de chaque lot" if _by_lot(one) else period(one.starts_on, one.ends_on),
                "badge": None if one.is_in_force(on=_today()) else _closed(one),
                "listings": format_number(one.listing_count),
                "lots": counted(one.lot_count, "lot") if one.lot_count else "",
            }
            for one in vehicle_rows(operator=operator)
        ],
    }
    return render(request, "operator/vehicles.html", context)


def found_vehicle(operator, pk: int) -> PurchasingVehicle:
    """The operator's vehicle, or 404."""
    rows = PurchasingVehicle.objects.filter(operator=operator)
    return get_object_or_404(rows.select_related("operator__organisation", "coordinator"), pk=pk)


def vehicle_crumbs(operator, *path: tuple[str, str]) -> list[dict]:
    """Below the list of vehicles."""
    return crumbs(operator, (TITLE, reverse("operator_vehicles", args=[operator.slug])), *path)


def form_page(
    request, operator, form, path=(), *, title: str, back: str, over: str = "", label: str = "Enregistrer"
):
    """One form, alone on its page."""
    context = {
        "operator": operator,
        "crumbs": vehicle_crumbs(operator, *path, (title, "")),
        "title": title,
        "over": over,
        "form": form,
        "label": label,
        "back": back,
    }
    return render(request, "operator/vehicle_form.html", context)


def vehicle_page(request, operator, found: PurchasingVehicle):
    """The page of one vehicle."""
    framework = found.legal_basis == LegalBasis.FRAMEWORK
    address = [operator.slug, found.pk]
    listings = found.listings.select_related("offer__product__sheet").order_by("position", "pk")
    context = {
        "operator": operator,
        "crumbs": vehicle_crumbs(operator, (found.name, "")),
        "vehicle": found,
        "basis": capitalised(found.get_legal_basis_display()),
        "badge": None if found.is_in_force(on=_today()) else _closed(found),
        "facts": _facts(found),
        "may_act": may_act(request),
        "edit_url": reverse("operator_vehicle_edit", args=address),
        "is_framework": framework,
        "new_lot_url": reverse("operator_lot_new", args=address),
        "lots": [lot_card(operator, lot, on=_today()) for lot in lots_of(found)] if framework else [],
        "listings": [one.sheet.name for one in listings],
    }
    return render(request, "operator/vehicle.html", context)


def may_act(request) -> bool:
    """Whether she may change vehicles and lots, beside reading them."""
    return bool(request.roles & TASK_ROLES)


def _today() -> date:
    return timezone.localdate()


def _by_lot(found: PurchasingVehicle) -> bool:
    dated = found.starts_on or found.ends_on
    return found.legal_basis == LegalBasis.FRAMEWORK and not dated


def _closed(found: PurchasingVehicle) -> dict:
    if found.starts_on and found.starts_on > _today():
        return {"state": "info", "label": "À venir"}
    return {"state": "neutral", "label": "Terminé"}


def _facts(found: PurchasingVehicle) -> list[dict]:
    facts = [
        {"label": "Fondement", "value": capitalised(found.get_legal_basis_display())},
        {"label": "Validité", "value": capitalised(period(found.starts_on, found.ends_on))},
        {"label": "Engagement de l’adhérent", "value": counted(found.term_years, "an")},
        {"label": "À la fin d’une période du contrat", "value": capitalised(found.get_renewal_display())},
        *_renewals(found),
        {
            "label": "Révision des prix",
            "value": found.formula_in_words or "prix fermes",
            "note": _when(found),
        },
        {"label": "Délibération", "value": "Exigée" if found.deliberation_required else "Non exigée"},
        {
            "label": "Approbation",
            "value": "Par une autre personne que le demandeur"
            if found.separate_approver
            else "Le demandeur peut approuver",
            "note": _then(found),
        },
    ]
    if found.coordinator:
        facts.append({"label": "Coordonnateur", "value": found.coordinator.name})
    return facts


def _then(found: PurchasingVehicle) -> str:
    asked = [party.label for party in parties_of(found)[1:]]
    return f"Puis l’accord de {' et de '.join(asked)}" if asked else ""


def _when(found: PurchasingVehicle) -> str:
    return capitalised(found.get_revision_day_display()) if found.formula else ""


def _renewals(found: PurchasingVehicle) -> list[dict]:
    if not found.renewals:
        return []
    return [
        {
            "label": "Termes",
            "value": f"{counted(found.period_years, 'an')}, "
            f"{counted(found.renewals, 'reconduction')} au plus",
            "note": f"Préavis : {counted(found.notice_days, 'jour')}",
        }
    ]
