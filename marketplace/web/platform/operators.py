"""The platform's staff: which operators there are, what they lack, and opening a new one in one screen."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.issuing import missing_mentions
from catalog.vendors.queries import pending_applications
from marketplace.web.access import platform_view
from marketplace.web.formats import format_number, moment
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import counted
from marketplace.web.operator.settings_forms import show_mistakes
from marketplace.web.platform.forms import AdministratorForm, OpenOperatorForm
from tenants.identifiers import grouped
from tenants.operators import operations
from tenants.operators.queries import (
    administrator_invitations,
    invitation_state,
    operators_for_platform,
)
from tenants.operators.settings import SETTINGS, SettingsInvalid
from tenants.operators.vat_positions import VatStatement
from tenants.tenancy import tenant_scope

# Which field of the form asks for what the VAT operation calls otherwise.
VAT_FIELDS = {"regime": "vat_regime", "since": "vat_since", "source": "vat_source"}


@platform_view
@require_safe
def home(request):
    """The operators, what each lacks before it can work, and how many vendors ask to come in."""
    rows = [
        {
            "name": operator.short_name,
            "url": reverse("platform_operator", args=[operator.slug]),
            "kind": capitalised(operator.get_legal_kind_display()),
            "members": format_number(operator.members),
            "missing": ", ".join(_missing(operator)),
        }
        for operator in operators_for_platform(on=localdate(timezone.now()))
    ]
    waiting = pending_applications().count()
    asked = f" : {counted(waiting, 'demande')} à examiner" if waiting else ""
    context = {"rows": rows, "vendors_label": f"Éditeurs de services{asked}", "crumbs": _crumbs()}
    return render(request, "platform/home.html", context)


@platform_view
@require_http_methods(["GET", "HEAD", "POST"])
def new(request):
    """One screen, one transaction: the operator is open, or nothing has happened."""
    if request.method != "POST":
        return _new_page(request, OpenOperatorForm.blank())
    form = OpenOperatorForm(request.POST)
    if form.is_valid():
        try:
            operator = _open(form.cleaned_data, request.user)
        except SettingsInvalid as invalid:
            show_mistakes(form, invalid, VAT_FIELDS)
        else:
            messages.success(request, f"{operator.short_name} est ouvert.")
            return redirect("platform_operator", slug=operator.slug)
    return _new_page(request, form)


@platform_view
@require_safe
def detail(request, slug):
    """An operator in brief: what it lacks, and whether its administrator has come."""
    return _detail_page(request, slug, AdministratorForm())


@platform_view
@require_POST
def invite(request, slug):
    """Invites an administrator again: the first invitation expired, or its address was wrong."""
    form = AdministratorForm(request.POST)
    operator = _operator(slug)
    if form.is_valid():
        try:
            operations.invite_administrator(
                operator=operator,
                email=form.cleaned_data["administrator"],
                by=request.user,
                now=timezone.now(),
            )
        except SettingsInvalid as invalid:
            show_mistakes(form, invalid)
        else:
            messages.success(request, "L’invitation part par courriel.")
            return redirect("platform_operator", slug=slug)
    return _detail_page(request, slug, form)


def _open(typed: dict, by):
    vat = None
    if typed["vat_regime"] or typed["vat_since"] or typed["vat_source"]:
        vat = VatStatement(regime=typed["vat_regime"], since=typed["vat_since"], source=typed["vat_source"])
    return operations.open_operator(
        body=operations.Body(
            **{name: typed[name] for name in ("siret", "name", "address", "postcode", "city")}
        ),
        slug=typed["slug"],
        settings={name: typed[name] for name in SETTINGS if name in typed},
        vat=vat,
        college_names=typed["colleges"],
        administrator=typed["administrator"],
        by=by,
        now=timezone.now(),
    )


def _new_page(request, form):
    context = {"form": form, "groups": form.groups(), "crumbs": _crumbs(("Ouvrir un opérateur", ""))}
    return render(request, "platform/operator_new.html", context)


def _detail_page(request, slug: str, form):
    operator, now = _operator(slug), timezone.now()
    with tenant_scope([operator.organisation_id]):
        invitations = [
            {
                "email": invitation.email or "adresse effacée",
                "sent": moment(invitation.created_at),
                "until": moment(invitation.expires_at),
                "state": capitalised(invitation_state(invitation, now=now)),
            }
            for invitation in administrator_invitations(operator=operator)[:10]
        ]
    context = {
        "operator": operator,
        "crumbs": _crumbs((operator.short_name, "")),
        "facts": _facts(operator),
        "missing": _missing(operator),
        "invitations": invitations,
        "form": form,
    }
    return render(request, "platform/operator.html", context)


def _operator(slug: str):
    return get_object_or_404(operators_for_platform(on=localdate(timezone.now())), slug=slug)


def _missing(operator) -> list[str]:
    """What this operator lacks before it can work, in words."""
    return [
        *missing_mentions(operator),
        *(["la position de TVA"] if not operator.has_vat_position else []),
        *(["une personne qui l’administre"] if not operator.has_administrator else []),
    ]


def _facts(operator) -> list[dict]:
    siret = operator.organisation.siret
    return [
        {"label": "Organisme", "value": operator.organisation.name},
        {"label": "SIRET du siège", "value": grouped(siret) if siret else "inconnu"},
        {"label": "Statut", "value": capitalised(operator.get_legal_kind_display())},
        {"label": "Encaissement", "value": capitalised(operator.get_issuer_kind_display())},
        {"label": "Adhérents", "value": format_number(operator.members)},
        {
            "label": "Vitrine",
            "value": operator.hostname or operator.slug,
            "url": reverse("storefront", args=[operator.slug]),
        },
        {"label": "Aide", "value": operator.contact_email},
    ]


def _crumbs(*items: tuple[str, str]) -> list[dict]:
    first = {"label": "Plateforme", "url": reverse("platform_home") if items else ""}
    return [first, *({"label": label, "url": url} for label, url in items)]
