"""What an operator offers to others, and what it is offered."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.curation import sharing
from catalog.curation.errors import CurationRefused
from catalog.models import Listing, ListingShare, ListingState, ShareState
from marketplace.web.formats import day
from marketplace.web.operator.catalogue import frame
from marketplace.web.operator.curation_forms import RefusalForm, ShareForm
from marketplace.web.operator.lists import chosen, rest_of_address, tabs
from marketplace.web.operator.submissions import curators

PAGE_SIZE = 25
SIDES = {"recus": "Reçus", "proposes": "Proposés"}
BADGES = {
    ShareState.OFFERED: "info",
    ShareState.ACCEPTED: "success",
    ShareState.REFUSED: "danger",
    ShareState.CANCELLED: "neutral",
}


@curators
@require_safe
def share_list(request, operator):
    """Both sides, what waits first."""
    return _page(request, operator, side=chosen(request, SIDES))


@curators
@require_http_methods(["GET", "HEAD", "POST"])
def offer(request, operator, listing):
    """Offers one listing of the shelf to another operator."""
    listings = Listing.objects.filter(operator=operator, state=ListingState.LISTED)
    found = get_object_or_404(listings.select_related("operator", "offer__product__sheet"), pk=listing)
    form = ShareForm(
        request.POST if request.method == "POST" else None, operators=sharing.may_be_offered_to(found)
    )
    if request.method == "POST" and form.is_valid():
        try:
            share = sharing.offer(listing=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except CurationRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, f"« {found.sheet.name} » est proposé à {share.to_operator.short_name}.")
            return redirect(f"{reverse('operator_shares', args=[operator.slug])}?etat=proposes")
    listing_url = reverse("operator_listing", args=[operator.slug, found.pk])
    context = frame(
        request,
        operator,
        "operator_shelf",
        (found.sheet.name, listing_url),
        ("Proposer", ""),
        form=form,
        sheet=found.sheet,
        listing_url=listing_url,
        nobody=not form.fields["to_operator"].queryset.exists(),
    )
    return render(request, "operator/share_offer.html", context)


@curators
@require_POST
def accept(request, operator, share):
    """Takes the service onto this operator's shelf."""
    found = get_object_or_404(sharing.offered_to(operator), pk=share)
    try:
        listing = sharing.accept(share=found, by=request.user, now=timezone.now())
    except CurationRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("operator_shares", operator=operator.slug)
    messages.success(
        request,
        f"« {found.listing.sheet.name} » est dans votre rayon, en préparation : relisez son tarif et vos "
        "conditions, publiez le tarif, puis mettez-le au catalogue.",
    )
    return redirect("operator_listing", operator=operator.slug, listing=listing.pk)


@curators
@require_POST
def refuse(request, operator, share):
    """Says no to another operator, and why."""
    found = get_object_or_404(sharing.offered_to(operator), pk=share)
    form = RefusalForm(request.POST, prefix=str(found.pk))
    if not form.is_valid():
        return _page(request, operator, side="recus", wrong=(found.pk, form))
    try:
        sharing.refuse(share=found, by=request.user, now=timezone.now(), **form.cleaned_data)
    except CurationRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La proposition est refusée ; l’autre opérateur en reçoit la raison.")
    return redirect("operator_shares", operator=operator.slug)


@curators
@require_POST
def cancel(request, operator, share):
    """Takes an offer back."""
    found = get_object_or_404(sharing.offered_by(operator), pk=share)
    try:
        sharing.cancel(share=found, by=request.user, now=timezone.now())
    except CurationRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La proposition est annulée.")
    return redirect(f"{reverse('operator_shares', args=[operator.slug])}?etat=proposes")


def _page(request, operator, *, side: str, wrong: tuple | None = None):
    received, sent = sharing.offered_to(operator), sharing.offered_by(operator)
    shares = received if side == "recus" else sent
    page = Paginator(shares, PAGE_SIZE).get_page(request.GET.get("page"))
    counts = {"recus": received.count(), "proposes": sent.count()}
    wrong_share, wrong_form = wrong or (None, None)
    context = frame(
        request,
        operator,
        "operator_shares",
        sides=tabs(request, labels=SIDES, counts=counts, active=side, search=""),
        side=side,
        page=page,
        rest=rest_of_address(etat=side),
        wrong_form=wrong_form,
        rows=[
            {
                **_row(share),
                "form": wrong_form
                if share.pk == wrong_share
                else RefusalForm(prefix=str(share.pk), auto_id="id_%s"),
            }
            for share in page
        ],
    )
    return render(request, "operator/shares.html", context)


def _row(share: ListingShare) -> dict:
    shown = share.listing.shown
    return {
        "pk": share.pk,
        "name": shown.name,
        "summary": shown.summary,
        "family": shown.get_family_display(),
        "vendor": share.listing.vendor.organisation.name,
        "from": share.listing.operator.short_name,
        "to": share.to_operator.short_name,
        "when": day(share.offered_at),
        "message": share.message,
        "badge": {
            "state": BADGES[ShareState(share.state)],
            "label": share.get_state_display().capitalize(),
        },
        "reason": share.reason,
        "waits": share.state == ShareState.OFFERED,
    }
