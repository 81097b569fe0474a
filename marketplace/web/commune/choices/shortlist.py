"""One shortlist: prepared, frozen, decided, and its file."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.models import Criterion, Favourite, Listing, ListingState, Shortlist, ShortlistState
from catalog.shortlists import deciding, preparing
from catalog.shortlists.queries import Compared, compared, shortlist_for_member
from catalog.shortlists.refusals import KeepingRefused
from catalog.shortlists.table import calculation, rows
from marketplace.web.access import member_view
from marketplace.web.commune.choices.forms import NONE, DecideForm, NoteForm
from marketplace.web.commune.choices.frame import DECIDING, PREPARING, SERVICE, crumbs
from marketplace.web.commune.choices.shortlists import BADGES
from marketplace.web.formats import day, moment
from marketplace.web.pdf import FileMissing, pdf_response
from marketplace.web.public.shelf_words import LEVEL_BADGES
from tenants.models import Organisation

STEPS = ("Préparer la présélection", "La figer", "Motiver le choix")


@member_view()
@require_safe
def detail(request, organisation, public_id):
    """What is compared, and what this person may do about it."""
    return _page(request, organisation, _found(organisation, public_id))


@member_view(*PREPARING)
@require_POST
def item(request, organisation, public_id, listing):
    """Notes something of a service, or takes it off the list."""
    shortlist = _found(organisation, public_id)
    found = get_object_or_404(Listing.objects.filter(pk__in=shortlist.items.values("listing")), pk=listing)
    doing = {"shortlist": shortlist, "listing": found, "by": request.user, "now": timezone.now()}
    form = NoteForm(request.POST, prefix=str(listing))
    removed = request.POST.get("action") == "retirer"
    if not removed and not form.is_valid():
        return _page(request, organisation, shortlist, wrong=(listing, form))
    try:
        if removed:
            preparing.remove_item(**doing)
            messages.success(request, f"« {found.shown.name} » est retiré de la présélection.")
        else:
            preparing.note_item(note=form.cleaned_data["note"], **doing)
            messages.success(request, "Vos observations sont enregistrées.")
    except KeepingRefused as refusal:
        messages.error(request, str(refusal))
    return _back(organisation, shortlist)


@member_view(*PREPARING)
@require_POST
def freeze(request, organisation, public_id):
    """From now on nothing of it changes."""
    shortlist = _found(organisation, public_id)
    try:
        deciding.freeze(shortlist=shortlist, by=request.user, now=timezone.now())
    except KeepingRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "La présélection est figée : prix et preuves du jour y sont copiés.")
    return _back(organisation, shortlist)


@member_view(*PREPARING)
@require_POST
def discard(request, organisation, public_id):
    """Throws it away while it is open."""
    shortlist = _found(organisation, public_id)
    try:
        preparing.discard(shortlist=shortlist, by=request.user, now=timezone.now())
    except KeepingRefused as refusal:
        messages.error(request, str(refusal))
        return _back(organisation, shortlist)
    messages.success(request, f"La présélection « {shortlist.title} » est supprimée.")
    return redirect("member_shortlists", siren=organisation.siren)


@member_view(*DECIDING)
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request, organisation, public_id):
    """Which one, on which criteria, and why. Whoever acts for the organisation does not choose for it."""
    if request.acting_for:
        raise Http404
    shortlist = _found(organisation, public_id)
    if shortlist.state != ShortlistState.FROZEN:
        return _back(organisation, shortlist)
    services = compared(shortlist=shortlist, on=localdate(timezone.now()))
    form = DecideForm(request.POST if request.method == "POST" else None, services=services)
    if request.method == "POST" and form.is_valid():
        listings = {str(one.item.listing_id): one.item.listing for one in services}
        try:
            deciding.decide(
                shortlist=shortlist,
                chosen=listings.get(form.cleaned_data["chosen"]),
                criteria=form.cleaned_data["criteria"],
                reasons=form.cleaned_data["reasons"],
                by=request.user,
                now=timezone.now(),
            )
        except KeepingRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "Le choix est motivé et gardé. Le document se prépare.")
            return _back(organisation, shortlist)
    url = reverse("member_shortlist", args=[organisation.siren, shortlist.public_id])
    context = {
        "organisation": organisation,
        "shortlist": shortlist,
        "crumbs": [
            *crumbs(organisation, "member_shortlists", shortlist.title)[:-1],
            {"label": shortlist.title, "url": url},
            {"label": "Motiver le choix", "url": ""},
        ],
        "form": form,
        "none": NONE,
        "table": _table(services),
        "back_url": url,
    }
    return render(request, "commune/choices/decide.html", context)


@member_view()
@require_safe
def progress(request, organisation, public_id):
    """The part of the page that waits for the file: asked for again until it is there."""
    shortlist = _found(organisation, public_id)
    if shortlist.state != ShortlistState.DECIDED:
        raise Http404
    context = {"file": _file(organisation, shortlist)}
    return render(request, "commune/choices/_file.html", context)


@member_view()
@require_safe
def file(request, organisation, public_id):
    """The document, as it was made once."""
    shortlist = _found(organisation, public_id)
    if not shortlist.file:
        raise Http404
    try:
        return pdf_response(
            path=shortlist.file.name, filename=f"choix-{shortlist.decided_at:%Y-%m-%d}.pdf", attached=True
        )
    except FileMissing as error:
        messages.error(request, str(error))
        return _back(organisation, shortlist)


def _found(organisation: Organisation, public_id) -> Shortlist:
    return get_object_or_404(shortlist_for_member(organisation=organisation), public_id=public_id)


def _back(organisation: Organisation, shortlist: Shortlist):
    return redirect("member_shortlist", siren=organisation.siren, public_id=shortlist.public_id)


def _page(request, organisation: Organisation, shortlist: Shortlist, *, wrong: tuple | None = None):
    services = compared(shortlist=shortlist, on=localdate(timezone.now()))
    is_open = shortlist.state == ShortlistState.OPEN
    prepares = is_open and bool(request.roles & set(PREPARING))
    address = [organisation.siren, shortlist.public_id]
    context = {
        "organisation": organisation,
        "crumbs": crumbs(organisation, "member_shortlists", shortlist.title),
        "shortlist": shortlist,
        "badge": BADGES[shortlist.state],
        "steps": _steps(shortlist),
        "facts": _facts(shortlist),
        "is_open": is_open,
        "prepares": prepares,
        "services": [_service(one, organisation, shortlist, prepares, wrong) for one in services],
        "wrong": wrong[1] if wrong else None,
        "table": _table(services, chosen=shortlist.chosen_id),
        "calculations": [found for one in services if (found := calculation(one.snapshot))],
        "add": _more(organisation, shortlist, services) if prepares else None,
        "freeze_url": reverse("member_shortlist_freeze", args=address),
        "discard_url": reverse("member_shortlist_discard", args=address),
        "decide_url": reverse("member_shortlist_decide", args=address)
        if shortlist.state == ShortlistState.FROZEN
        and request.roles & set(DECIDING)
        and not request.acting_for
        else "",
        "choice": _choice(shortlist, services) if shortlist.state == ShortlistState.DECIDED else None,
        "file": _file(organisation, shortlist),
    }
    return render(request, "commune/choices/shortlist.html", context)


def _steps(shortlist: Shortlist) -> list[dict]:
    done = {ShortlistState.OPEN: 0, ShortlistState.FROZEN: 2, ShortlistState.DECIDED: 3}[shortlist.state]
    days = (None, shortlist.frozen_at, shortlist.decided_at)
    return [
        {
            "label": label,
            "state": "done" if rank < done else "current" if rank == done else "todo",
            "when": f"le {day(at)}" if at else "",
        }
        for rank, (label, at) in enumerate(zip(STEPS, days, strict=True))
    ]


def _facts(shortlist: Shortlist) -> list[dict]:
    facts = [
        {"label": "Services proposés par", "value": shortlist.operator.organisation.name},
        {
            "label": "Commencée",
            "value": f"le {day(shortlist.created_at)}",
            "note": f"par {shortlist.created_by}",
        },
    ]
    if shortlist.search:
        facts.append({"label": "Recherche", "value": shortlist.search})
    if shortlist.frozen_at:
        value, by = f"le {moment(shortlist.frozen_at)}", f"par {shortlist.frozen_by}"
        facts.append({"label": "Figée", "value": value, "note": by})
    return facts


def _service(
    one: Compared, organisation: Organisation, shortlist: Shortlist, prepares: bool, wrong: tuple | None
) -> dict:
    listing = one.item.listing
    form = None
    if prepares:
        form = NoteForm(prefix=str(listing.pk), initial={"note": one.item.note})
        if wrong and wrong[0] == listing.pk:
            form = wrong[1]
    return {
        "name": one.snapshot["name"],
        "vendor": one.snapshot["vendor"],
        "listed": listing.state == ListingState.LISTED,
        "url": reverse("service", args=[listing.operator.slug, listing.sheet.slug]),
        "note": one.item.note,
        "form": form,
        "action": reverse(
            "member_shortlist_item", args=[organisation.siren, shortlist.public_id, listing.pk]
        ),
    }


def _table(services: list[Compared], *, chosen: int | None = None) -> dict:
    found = rows([one.snapshot for one in services], [one.item.note for one in services])
    return {
        "heads": [
            {"name": one.snapshot["name"], "chosen": one.item.listing_id == chosen} for one in services
        ],
        "rows": [
            {
                "label": row.label,
                "cells": [
                    {
                        "text": cell.text,
                        "note": cell.note,
                        "badge": {"state": LEVEL_BADGES[cell.level][0], "label": cell.level_label}
                        if cell.level
                        else None,
                    }
                    for cell in row.cells
                ],
            }
            for row in found
        ],
    }


def _more(organisation: Organisation, shortlist: Shortlist, services: list[Compared]) -> dict:
    """Where other services come from: the search, and the favourites of that shelf."""
    there = [one.item.listing_id for one in services]
    kept = (
        Favourite.objects.filter(
            tenant=organisation,
            listing__operator=shortlist.operator,
            listing__state=ListingState.LISTED,
        )
        .exclude(listing__in=there)
        .select_related("listing__offer__product__sheet", "listing__approved_revision")
        .order_by("-added_at", "-pk")[: preparing.MOST]
    )
    shelf = reverse("storefront", args=[shortlist.operator.slug])
    territory = organisation.territory
    insee = f"insee={territory.code}" if territory and territory.kind == "commune" else ""
    query = "&".join(filter(None, [shortlist.query, insee]))
    return {
        "url": reverse("member_shortlist_add", args=[organisation.siren, shortlist.operator.slug]),
        "shelf_url": f"{shelf}?{query}" if query else shelf,
        "favourites": [
            {"name": favourite.listing.shown.name, "slug": favourite.listing.sheet.slug} for favourite in kept
        ],
        "full": len(there) >= preparing.MOST,
        "service_name": SERVICE,
    }


def _choice(shortlist: Shortlist, services: list[Compared]) -> dict:
    names = {one.item.listing_id: one.snapshot["name"] for one in services}
    labels = [Criterion(criterion).label for criterion in shortlist.criteria]
    return {
        "name": names.get(shortlist.chosen_id, ""),
        "criteria": [label[:1].upper() + label[1:] for label in labels],
        "without_environment": not deciding.considers_environment(shortlist.criteria),
        "reasons": shortlist.reasons,
        "at": moment(shortlist.decided_at),
        "by": str(shortlist.decided_by),
    }


def _file(organisation: Organisation, shortlist: Shortlist) -> dict:
    address = [organisation.siren, shortlist.public_id]
    return {
        "ready": bool(shortlist.file),
        "url": reverse("member_shortlist_file", args=address),
        "poll_url": "" if shortlist.file else reverse("member_shortlist_progress", args=address),
        "page_url": reverse("member_shortlist", args=address),
        "sha256": shortlist.sha256,
    }
