"""What a vendor says of itself: its presentation, the terms it agrees to, its declaration of the year."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.vendors import declarations, operations
from catalog.vendors import terms as agreements
from catalog.vendors.declarations import QUESTIONS
from catalog.vendors.queries import duties
from marketplace.web.access import vendor_view
from marketplace.web.formats import day
from marketplace.web.vendor.forms import DeclarationForm, ProfileForm
from tenants.models import Role
from tenants.refusals import Refused


@vendor_view(Role.VENDOR_ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request, vendor):
    """What buyers read of the vendor."""
    if request.method != "POST":
        form = ProfileForm(initial={name: getattr(vendor, name) for name in operations.PROFILE})
        return _profile_page(request, vendor, form)
    form = ProfileForm(request.POST)
    if form.is_valid():
        try:
            operations.change_profile(
                vendor=vendor, profile=form.cleaned_data, by=request.user, now=timezone.now()
            )
        except Refused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "Votre présentation est enregistrée.")
            return redirect("vendor_profile", siren=vendor.organisation.siren)
    return _profile_page(request, vendor, form)


@vendor_view()
@require_safe
def papers(request, vendor):
    """Terms and declarations: what is done, what is due."""
    return _papers_page(request, vendor, _declaration_form(vendor))


@vendor_view(Role.VENDOR_ADMIN)
@require_POST
def agree(request, vendor):
    """Agrees to the version that was read."""
    try:
        agreements.agree(
            vendor=vendor,
            version=request.POST.get("version", ""),
            by=request.user,
            now=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Les conditions sont acceptées.")
    return redirect("vendor_papers", siren=vendor.organisation.siren)


@vendor_view(Role.VENDOR_ADMIN)
@require_POST
def declare(request, vendor):
    """Signs the declaration of the year."""
    form = DeclarationForm(request.POST)
    form.is_valid()  # what it refuses, the room refuses too, and more
    answers = {q.code: form.data.get(q.code, "") for q in QUESTIONS}
    try:
        declarations.declare(vendor=vendor, answers=answers, by=request.user, now=timezone.now())
    except declarations.DeclarationIncomplete as incomplete:
        for code, sentence in incomplete.errors.items():
            if code not in form.errors:
                form.add_error(code, sentence)
        return _papers_page(request, vendor, form)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La déclaration de l’année est signée.")
    return redirect("vendor_papers", siren=vendor.organisation.siren)


def _declaration_form(vendor) -> DeclarationForm:
    year = localdate(timezone.now()).year
    return DeclarationForm(initial=declarations.proposed_answers(vendor=vendor, year=year))


def _profile_page(request, vendor, form):
    context = {
        "vendor": vendor,
        "name": vendor.organisation.name,
        "form": form,
        "crumbs": crumbs(vendor, "Présentation"),
    }
    return render(request, "vendor/profile.html", context)


def _papers_page(request, vendor, form):
    due = duties(vendor=vendor, on=localdate(timezone.now()))
    context = {
        "name": vendor.organisation.name,
        "crumbs": crumbs(vendor, "Conditions et déclaration"),
        "siren": vendor.organisation.siren,
        "terms": due.terms,
        "terms_since": day(due.terms.in_force_from) if due.terms else "",
        "agreements": [
            {"version": a.terms.version, "on": day(a.agreed_at)}
            for a in vendor.agreements.select_related("terms").order_by("-agreed_at")
        ],
        "year": due.declaration_year,
        "form": form,
        "may_sign": Role.VENDOR_ADMIN in request.roles,
        "declarations": [
            {
                "year": one.year,
                "on": day(one.declared_at),
                "answers": [
                    {
                        "label": q.label,
                        "value": ("oui" if one.answers.get(q.code) else "non")
                        if q.yes
                        else one.answers.get(q.code) or "non renseigné",
                    }
                    for q in QUESTIONS
                ],
            }
            for one in vendor.declarations.order_by("-year")
        ],
    }
    return render(request, "vendor/papers.html", context)


def crumbs(vendor, label: str) -> list[dict]:
    """The way back to the vendor's services."""
    return [
        {"label": vendor.organisation.name, "url": reverse("vendor_home", args=[vendor.organisation.siren])},
        {"label": label, "url": ""},
    ]
