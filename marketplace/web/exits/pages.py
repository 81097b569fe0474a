"""Departures from an operator's services: where each stands, a longer transition, the certificate."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from marketplace.web.access import operator_view
from marketplace.web.commune.forms import TYPED_DATE
from marketplace.web.formats import day
from marketplace.web.leaving_words import badge, steps
from marketplace.web.operator.lists import chosen, counted, crumbs, rest_of_address, tabs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions import leaving
from subscriptions.exceptions import ExitRefused, WrongState
from subscriptions.exit_queries import counts_of_exits, exits_of_operator
from subscriptions.models import Exit, ExitState

PAGE_SIZE = 25
TITLE = "Départs"
LABELS = {"en-cours": "En cours", "termines": "Terminés ou annulés"}
EXTENDABLE = (ExitState.NOTICE, ExitState.TRANSITION)


class ExtendForm(forms.Form):
    """A longer transition, because a shorter one is technically impossible."""

    until = forms.DateField(
        label="Premier jour après la transition",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez une date.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    reason = forms.CharField(
        label="Pourquoi la transition ne peut pas être plus courte",
        max_length=500,
        help_text="L’adhérent le lira.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Dites pourquoi la transition ne peut pas se faire dans les délais.",
            "max_length": "Ce texte est trop long : 500 caractères au plus.",
        },
    )


class CertificateForm(forms.Form):
    """The vendor's proof that the data are erased."""

    on = forms.DateField(
        label="Date du certificat",
        widget=TYPED_DATE,
        error_messages={
            "required": "Indiquez la date du certificat.",
            "invalid": "Cette date n’existe pas. Écrivez-la ainsi : 17/03/2027.",
        },
    )
    file = forms.FileField(
        label="Le certificat d’effacement",
        help_text="Celui que l’éditeur vous a remis : un fichier PDF de 10 Mo au plus.",
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
        error_messages={
            "required": "Joignez le certificat, au format PDF.",
            "empty": "Ce fichier est vide. Choisissez le PDF du certificat.",
            "invalid": "Joignez le certificat, au format PDF.",
        },
    )


@operator_view()
@require_safe
def exit_list(request, operator):
    """Departures, those whose next phase comes first at the top."""
    group = chosen(request, LABELS)
    counts = counts_of_exits(operator=operator)
    found = exits_of_operator(operator=operator, over=group == "termines")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, "")),
        "tabs": tabs(request, labels=LABELS, counts=counts, active=group, search=""),
        "page": page,
        "rest": rest_of_address(etat=group),
        "total": counted(counts[group], "départ"),
        "rows": [
            {
                "url": reverse("operator_exit", args=[operator.slug, row.public_id]),
                "member": row.subscription.tenant.name,
                "service": row.subscription.service_name,
                "badge": badge(row),
                "ends": day(row.retrieval_from),
                "erased": day(row.erasure_from),
            }
            for row in page
        ],
    }
    return render(request, "operator/exits.html", context)


@operator_view()
@require_safe
def detail(request, operator, public_id):
    """One departure, and what the operator may do about it."""
    return _page(request, operator, _exit(operator, public_id))


@operator_view(*TASK_ROLES)
@require_POST
def extend(request, operator, public_id):
    """A longer transition."""
    found = _exit(operator, public_id)
    form = ExtendForm(request.POST)
    if form.is_valid():
        try:
            leaving.extend(leaving=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ExitRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        except WrongState as refusal:
            messages.error(request, str(refusal))
            return _back(operator, found)
        else:
            messages.success(request, "La transition est prolongée.")
            return _back(operator, found)
    return _page(request, operator, found, extend_form=form)


@operator_view(*TASK_ROLES)
@require_POST
def certify(request, operator, public_id):
    """The certificate is put on record."""
    found = _exit(operator, public_id)
    form = CertificateForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            leaving.certify(leaving=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ExitRefused as refusal:
            form.add_error(refusal.field, str(refusal))
        except WrongState as refusal:
            messages.error(request, str(refusal))
            return _back(operator, found)
        else:
            messages.success(request, "Le certificat est enregistré. L’adhérent peut le lire sur sa page.")
            return _back(operator, found)
    return _page(request, operator, found, certificate_form=form)


@operator_view()
@require_safe
def certificate(request, operator, public_id):
    """The certificate on record."""
    found = _exit(operator, public_id)
    if not found.certificate:
        raise Http404
    try:
        return pdf_response(
            path=found.certificate.name, filename=f"certificat-{found.subscription.tenant.siren}.pdf"
        )
    except FileMissing as error:
        messages.error(request, str(error))
        return _back(operator, found)


def _page(request, operator, found: Exit, *, extend_form=None, certificate_form=None):
    acts = bool(request.roles & TASK_ROLES)
    subscription = found.subscription
    member = subscription.tenant
    extends = acts and found.state in EXTENDABLE
    certifies = acts and found.state == ExitState.ERASURE and not found.certificate
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator, (TITLE, reverse("operator_exits", args=[operator.slug])), (member.name, "")
        ),
        "title": subscription.service_name,
        "member": member.name,
        "badge": badge(found),
        "steps": steps(found),
        "facts": [
            {"label": "Adhérent", "value": member.name},
            {"label": "Éditeur", "value": subscription.listing.vendor.organisation.name},
            {
                "label": "Part vers",
                "value": found.get_destination_display() or "non précisé : fin du contrat",
            },
            {"label": "Demandé le", "value": day(found.requested_at)},
            *([{"label": "Motif", "value": found.reason}] if found.reason else []),
        ],
        "public_id": found.public_id,
        "extend_form": (extend_form or ExtendForm()) if extends else None,
        "certificate_form": (certificate_form or CertificateForm()) if certifies else None,
        "has_errors": bool(
            (extend_form and extend_form.errors) or (certificate_form and certificate_form.errors)
        ),
        "certificate_url": reverse("operator_exit_certificate", args=[operator.slug, found.public_id])
        if found.certificate
        else "",
        "closes": found.state == ExitState.ERASURE and not found.closed_at,
    }
    return render(request, "operator/exit.html", context)


def _exit(operator, public_id) -> Exit:
    return get_object_or_404(exits_of_operator(operator=operator), public_id=public_id)


def _back(operator, found: Exit):
    return redirect("operator_exit", operator.slug, found.public_id)
