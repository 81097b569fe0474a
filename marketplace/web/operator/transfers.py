"""Contracts that pass from a vendor to another: an operator prepares the amendment, signs it, follows it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Vendor
from marketplace.web.access import operator_view
from marketplace.web.commune.forms import ask_files_again
from marketplace.web.commune.papers import FORMS
from marketplace.web.formats import day
from marketplace.web.operator.lists import counted, crumbs
from marketplace.web.operator.roles import TASK_ROLES
from marketplace.web.operator.transfer_forms import SignedForm, TransferForm, VendorForm
from marketplace.web.pdf import FileMissing, pdf_response
from subscriptions.models import ContractTransfer, TransferState
from subscriptions.transfers import operations
from subscriptions.transfers.checks import TransferRefused
from subscriptions.transfers.paper import amendment
from subscriptions.transfers.queries import other_operators, services_of, transferable, transfers_of
from tenants.identifiers import BadIdentifier

PAGE_SIZE = 25
TITLE, NEW = "Transferts de contrat", "Préparer un transfert"
BADGES = {
    TransferState.PREPARED: "warning",
    TransferState.SIGNED: "info",
    TransferState.IN_FORCE: "success",
    TransferState.CANCELLED: "neutral",
}


@operator_view(*TASK_ROLES)
@require_safe
def transfer_list(request, operator):
    """All that this operator has prepared."""
    page = Paginator(transfers_of(operator=operator), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, "")),
        "page": page,
        "may_act": not request.reads_only,
        "transfers": [
            {
                "url": _url("operator_transfer", operator, one),
                "old": one.from_vendor.organisation.name,
                "new": one.to_vendor.organisation.name,
                "on": day(one.effective_on),
                "badge": _badge(one),
            }
            for one in page
        ],
    }
    return render(request, "operator/transfers.html", context)


@operator_view(*TASK_ROLES)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request, operator):
    """First whose contracts (`?editeur=`), then what passes and to whom."""
    listings = list(transferable(operator=operator))
    vendors = list({one.vendor.pk: one.vendor for one in listings}.values())
    said = request.GET if "editeur" in request.GET else request.POST
    asked = VendorForm(said if "editeur" in said else None, vendors=vendors)
    vendor = None
    if asked.is_bound and asked.is_valid():
        vendor = next(one for one in vendors if str(one.pk) == asked.cleaned_data["editeur"])
    form = _transfer_form(request, [one for one in listings if one.vendor == vendor]) if vendor else None
    if vendor and request.method == "POST":
        prepared = _prepared(request, operator, vendor, form)
        if prepared:
            messages.success(request, "Le transfert est préparé : faites signer l’avenant.")
            return redirect("operator_transfer", operator.slug, prepared.public_id)
        ask_files_again(form)
    list_url = reverse("operator_transfers", args=[operator.slug])
    context = {
        "operator": operator,
        "crumbs": crumbs(operator, (TITLE, list_url), (NEW, "")),
        "title": NEW,
        "list_url": list_url,
        "reads_only": request.reads_only,
        "asked": asked,
        "vendor": vendor.organisation.name if vendor else "",
        "form": form,
        "action": request.get_full_path(),
    }
    return render(request, "operator/transfer_new.html", context)


def _transfer_form(request, listings: list) -> TransferForm:
    initial = {"services": [str(one.pk) for one in listings]}
    return TransferForm(request.POST or None, request.FILES or None, listings=listings, initial=initial)


def _prepared(request, operator, vendor: Vendor, form: TransferForm) -> ContractTransfer | None:
    """None when something is to mend: the form says what."""
    if not form.is_valid():
        return None
    try:
        return operations.prepare(
            operator=operator,
            from_vendor=vendor,
            by=request.user,
            now=timezone.now(),
            **form.terms(),
        )
    except BadIdentifier as refusal:
        form.add_error("siren", str(refusal))
    except TransferRefused as refusal:
        form.add_error(refusal.field or None, str(refusal))
    return None


@operator_view(*TASK_ROLES)
@require_safe
def detail(request, operator, transfer):
    """One transfer."""
    return _page(request, operator, _found(operator, transfer))


@operator_view(*TASK_ROLES)
@require_POST
def sign(request, operator, transfer):
    """The signed amendment is put on record."""
    found = _found(operator, transfer)
    form = SignedForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            operations.sign(transfer=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except TransferRefused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _signed(found))
            return redirect("operator_transfer", operator.slug, found.public_id)
    ask_files_again(form)
    return _page(request, operator, found, form=form)


def _signed(found: ContractTransfer) -> str:
    if found.effective_on <= localdate(timezone.now()):
        return "L’avenant signé est enregistré : le transfert prend effet dans quelques instants."
    return f"L’avenant signé est enregistré : le transfert prendra effet le {day(found.effective_on)}."


@operator_view(*TASK_ROLES)
@require_POST
def abandon(request, operator, transfer):
    """It will not happen."""
    found = _found(operator, transfer)
    try:
        operations.abandon(transfer=found, by=request.user, now=timezone.now())
    except TransferRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Le transfert est abandonné : rien ne change.")
    return redirect("operator_transfer", operator.slug, found.public_id)


@operator_view(*TASK_ROLES)
@require_safe
def paper(request, operator, transfer, form):
    """The amendment to sign, in one of two forms. Nothing of it is kept."""
    found = _found(operator, transfer)
    if form not in FORMS or found.state != TransferState.PREPARED:
        raise Http404
    _, media_type, write = FORMS[form]
    drawn = amendment(transfer=found, listings=services_of(transfer=found))
    headers = {
        "Content-Disposition": f'attachment; filename="avenant-de-transfert.{form}"',
        "X-Content-Type-Options": "nosniff",
    }
    content = write(drawn, dated=localdate(timezone.now()))
    return HttpResponse(content, content_type=media_type, headers=headers)


@operator_view(*TASK_ROLES)
@require_safe
def piece(request, operator, transfer, piece):
    """A document that was joined: `justificatif` or `avenant-signe`."""
    found = _found(operator, transfer)
    file = {"justificatif": found.evidence, "avenant-signe": found.signed_file}.get(piece)
    if not file:
        raise Http404
    try:
        return pdf_response(path=file.name, filename=f"transfert-{piece}.pdf")
    except FileMissing as error:
        messages.error(request, str(error))
        return redirect("operator_transfer", operator.slug, found.public_id)


def _found(operator, public_id) -> ContractTransfer:
    return get_object_or_404(
        transfers_of(operator=operator).select_related("operator__organisation"), public_id=public_id
    )


def _page(request, operator, found: ContractTransfer, *, form: SignedForm | None = None) -> HttpResponse:
    listings = services_of(transfer=found)
    open_ = found.state in (TransferState.PREPARED, TransferState.SIGNED)
    may_act = not request.reads_only
    old, new = found.from_vendor.organisation.name, found.to_vendor.organisation.name
    others = other_operators(listings=listings, operator=operator) if open_ else []
    context = {
        "operator": operator,
        "crumbs": crumbs(
            operator, (TITLE, reverse("operator_transfers", args=[operator.slug])), (f"{old} → {new}", "")
        ),
        "old": old,
        "new": new,
        "badge": _badge(found),
        "facts": _facts(found),
        "services": [
            {
                "name": one.sheet.name,
                "running": counted(one.running, "abonnement en cours", "abonnements en cours"),
            }
            for one in listings
        ],
        "others": ", ".join(others),
        "files": _files(operator, found),
        "papers": _papers(operator, found),
        "form": (form or SignedForm()) if may_act and found.state == TransferState.PREPARED else None,
        "sign_url": _url("operator_transfer_sign", operator, found),
        "abandon_url": _url("operator_transfer_abandon", operator, found) if may_act and open_ else "",
        "has_errors": bool(form and form.errors),
        "tasks_url": reverse("operator_tasks", args=[operator.slug])
        if found.state == TransferState.IN_FORCE
        else "",
    }
    return render(request, "operator/transfer.html", context)


def _facts(found: ContractTransfer) -> list[dict]:
    facts = [
        {"label": "Titulaire sortant", "value": found.from_vendor.organisation.name},
        {"label": "Nouveau titulaire", "value": found.to_vendor.organisation.name},
        {"label": "À partir du", "value": day(found.effective_on)},
        {"label": "Fondement", "value": found.get_basis_display()},
        {"label": "Motif", "value": found.reason},
        {"label": "Préparé", "value": f"le {day(localdate(found.prepared_at))} par {found.prepared_by}"},
    ]
    if found.signed_at:
        signed = f"le {day(localdate(found.signed_at))} par {found.signed_by}"
        facts.append({"label": "Signé", "value": signed})
    if found.settled_at:
        label = "Effet" if found.state == TransferState.IN_FORCE else "Abandonné"
        facts.append({"label": label, "value": f"le {day(localdate(found.settled_at))}"})
    return facts


def _files(operator, found: ContractTransfer) -> list[dict]:
    pieces = [("Lire le justificatif (PDF)", "justificatif", found.evidence)]
    pieces.append(("Lire l’avenant signé (PDF)", "avenant-signe", found.signed_file))
    return [
        {"label": label, "url": _url("operator_transfer_piece", operator, found, name)}
        for label, name, file in pieces
        if file
    ]


def _papers(operator, found: ContractTransfer) -> list[dict]:
    if found.state != TransferState.PREPARED:
        return []
    return [
        {"label": f"Avenant ({words})", "url": _url("operator_transfer_paper", operator, found, form)}
        for form, (words, _, _) in FORMS.items()
    ]


def _badge(found: ContractTransfer) -> dict:
    label = found.get_state_display()
    return {"state": BADGES[TransferState(found.state)], "label": f"{label[:1].upper()}{label[1:]}"}


def _url(name: str, operator, found: ContractTransfer, *rest: str) -> str:
    return reverse(name, args=[operator.slug, found.public_id, *rest])
