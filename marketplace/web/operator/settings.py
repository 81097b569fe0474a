"""Settings of an operator, group by group. An auditor reads them as facts, without a form."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.formats import day, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import crumbs
from marketplace.web.operator.settings_forms import (
    BillingForm,
    IdentityForm,
    LogoForm,
    SettingsForm,
    StatutesForm,
    StorefrontForm,
    VatForm,
    show_mistakes,
)
from provisioning.at_keycloak.accounts import FOR_A_PERSON
from provisioning.at_keycloak.queries import drifts_of, in_words, last_rounds, refusals_of
from provisioning.models import AccountDrift, OrganisationTold
from sso.automatic import what_is_automatic
from sso.keycloak.broker import is_broker
from sso.stepping_up import strongly
from tenants.models import Operator, Role
from tenants.operators import logos, operations, vat_positions
from tenants.operators.colours import lowest_contrast
from tenants.operators.settings import SettingsInvalid
from tenants.pictures import PictureRefused

TABS = {
    "operator_settings": "Identité et contact",
    "operator_settings_storefront": "Vitrine",
    "operator_settings_statutes": "Statuts",
    "operator_settings_billing": "Facturation et TVA",
    "operator_colleges": "Collèges",
    "operator_settings_sign_in": "Connexion",
}

DIFFERENCES_SHOWN = 50

settings_view = operator_view(Role.OPERATOR_ADMIN, with_members=False)
may_read_and_send = require_http_methods(["GET", "HEAD", "POST"])


@settings_view
@may_read_and_send
def identity(request, operator):
    """Its name, and who helps its members."""
    return _group(request, operator, IdentityForm, "operator_settings", _plain_page)


@settings_view
@may_read_and_send
def storefront(request, operator):
    """Its colour, domain name and logo."""
    return _group(request, operator, StorefrontForm, "operator_settings_storefront", _storefront_page)


@settings_view
@may_read_and_send
def statutes(request, operator):
    """What its statutes say: legal kind, who collects, population key, withdrawal."""
    return _group(request, operator, StatutesForm, "operator_settings_statutes", _plain_page)


@settings_view
@may_read_and_send
@strongly("Enregistrer les coordonnées bancaires")
def billing(request, operator):
    """Payment delay, bank account, and its VAT positions."""
    return _group(request, operator, BillingForm, "operator_settings_billing", _billing_page)


@operator_view(Role.OPERATOR_ADMIN)
@require_safe
def sign_in(request, operator):
    """What signing in does by itself here, what is left to a person, and what Keycloak has of its members."""
    rows = [
        {
            "what": one.what,
            "badge": {"state": "success", "label": "Automatique"}
            if one.automatic
            else {"state": "warning", "label": "À la main"},
            "how": one.how,
        }
        for one in what_is_automatic()
    ]
    context = frame(request, operator, "operator_settings_sign_in", rows=rows, by_keycloak=is_broker())
    if context["by_keycloak"]:
        today = timezone.localdate()
        found = drifts_of(operator=operator, on=today)
        context |= {
            "rounds": [
                {"label": capitalised(one.get_kind_display()), "value": in_words(one)}
                for one in last_rounds()
            ],
            "differences": [
                *(_refusal(one) for one in refusals_of(operator=operator, on=today)[:DIFFERENCES_SHOWN]),
                *(_difference(one) for one in found[:DIFFERENCES_SHOWN]),
            ],
            "left_out": max(0, found.filter(closed_at=None).count() - DIFFERENCES_SHOWN),
        }
    return render(request, "operator/settings_sign_in.html", context)


def _refusal(told: OrganisationTold) -> dict:
    return {
        "where": told.tenant.name,
        "who": "—",
        "badge": {"state": "warning", "label": "Pas transmis"},
        "since": moment(told.to_tell_since),
        "words": f"{told.problem} Halle le redemande. Si cela dure, prévenez l’équipe de la plateforme.",
    }


def _difference(drift: AccountDrift) -> dict:
    if drift.closed_at is not None:
        badge = {"state": "success", "label": f"Réglé le {day(localdate(drift.closed_at))}"}
    elif drift.kind in FOR_A_PERSON:
        badge = {"state": "warning", "label": "À régler"}
    else:
        badge = {"state": "info", "label": "Halle le remet en place"}
    who = drift.user.get_full_name() if drift.user else ""
    return {
        "where": drift.tenant.name,
        "who": who or "—",
        "badge": badge,
        "since": moment(drift.opened_at),
        "words": drift.words,
    }


@settings_view
@require_POST
def set_logo(request, operator):
    """Replaces the logo by the picture sent."""
    form = LogoForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            logos.set_logo(
                operator=operator, file=form.cleaned_data["file"], by=request.user, now=timezone.now()
            )
        except PictureRefused as refusal:
            form.add_error("file", str(refusal))
        else:
            messages.success(request, "Le nouveau logo est en place.")
            return redirect("operator_settings_storefront", operator=operator.slug)
    return _storefront_page(request, operator, logo_form=form)


@settings_view
@require_POST
def remove_logo(request, operator):
    """Takes the logo away."""
    logos.remove_logo(operator=operator, by=request.user, now=timezone.now())
    messages.success(request, "Le logo est retiré.")
    return redirect("operator_settings_storefront", operator=operator.slug)


@settings_view
@require_POST
def add_vat_position(request, operator):
    """A new VAT position, from a day on."""
    form = VatForm(request.POST)
    if form.is_valid():
        try:
            position = vat_positions.set_vat_position(
                operator=operator,
                statement=vat_positions.VatStatement(**form.cleaned_data),
                by=request.user,
                now=timezone.now(),
            )
        except SettingsInvalid as invalid:
            show_mistakes(form, invalid)
        else:
            messages.success(request, f"Position de TVA enregistrée à partir du {day(position.since)}.")
            return redirect("operator_settings_billing", operator=operator.slug)
    return _billing_page(request, operator, vat_form=form)


def _group(request, operator, form_class: type[SettingsForm], name: str, page) -> HttpResponse:
    """Shows a group of settings, or keeps what was sent."""
    if request.method != "POST":
        return page(request, operator, form=form_class.of(operator), name=name)
    form = form_class(request.POST)
    if form.is_valid():
        try:
            operations.change_settings(
                operator=operator, changes=form.cleaned_data, by=request.user, now=timezone.now()
            )
        except SettingsInvalid as invalid:
            show_mistakes(form, invalid)
        else:
            messages.success(request, "Les réglages sont enregistrés.")
            return redirect(name, operator=operator.slug)
    return page(request, operator, form=form, name=name)


def frame(request, operator, name: str, **context) -> dict:
    """What every page of the settings gives its template."""
    tabs = [
        {"label": label, "url": reverse(target, args=[operator.slug]), "active": target == name}
        for target, label in TABS.items()
    ]
    return {
        "operator": operator,
        "crumbs": crumbs(operator, ("Réglages", "")),
        "tabs": tabs,
        "tab": TABS[name],
        "may_change": Role.OPERATOR_ADMIN in request.roles,
        **context,
    }


def facts_of(form: SettingsForm, operator: Operator) -> list[dict]:
    """The form's fields as facts, for who reads only."""
    return [{"label": field.label, "value": _in_words(operator, field.name)} for field in form]


def _in_words(operator: Operator, name: str) -> str:
    in_words = getattr(operator, f"get_{name}_display", None)
    value = in_words() if in_words else getattr(operator, name)
    return "non renseigné" if value == "" else capitalised(str(value))


def _plain_page(request, operator, *, form, name):
    context = frame(request, operator, name, form=form, facts=facts_of(form, operator))
    return render(request, "operator/settings.html", context)


def _storefront_page(
    request, operator, *, form=None, logo_form=None, name="operator_settings_storefront"
) -> HttpResponse:
    form = form or StorefrontForm.of(operator)
    version = logos.logo_version(operator)
    context = frame(
        request,
        operator,
        name,
        form=form,
        facts=facts_of(form, operator),
        logo_form=logo_form or LogoForm(),
        logo_url=f"{reverse('operator_logo', args=[operator.slug])}?v={version}" if version else "",
        contrast=f"{lowest_contrast(operator.accent):.1f}".replace(".", ","),
    )
    return render(request, "operator/settings_storefront.html", context)


def _billing_page(request, operator, *, form=None, vat_form=None, name="operator_settings_billing"):
    form = form or BillingForm.of(operator)
    positions = list(operator.vat_positions.order_by("-since"))
    today = timezone.localdate()
    current = next((position for position in positions if position.since <= today), None)
    context = frame(
        request,
        operator,
        name,
        form=form,
        facts=facts_of(form, operator),
        vat_form=vat_form or VatForm(),
        positions=[
            {
                "regime": capitalised(position.get_regime_display()),
                "since": day(position.since),
                "source": position.source or "non renseigné",
                "state": _place_in_time(position, current),
                "badge": "success" if position == current else "neutral",
            }
            for position in positions
        ],
    )
    return render(request, "operator/settings_billing.html", context)


def _place_in_time(position, current) -> str:
    if position == current:
        return "En vigueur"
    if current is None or position.since > current.since:
        return "À venir"
    return "Remplacée"
