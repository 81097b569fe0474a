"""An operator's shelf: every listing with its state and its place, and one listing's own page."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog.curation import queue, shelf
from catalog.curation.errors import CurationRefused
from catalog.curation.shelf_list import ALL, UNPRICED, shelf_list, with_flags
from catalog.curation.visas import holds, last_visa, needs_visa, record_visa, rules_of
from catalog.models import Family, Listing, ListingState, SubmissionState
from marketplace.web.formats import day
from marketplace.web.kit_words import connection_state
from marketplace.web.operator.catalogue import frame, listing_badge, submission_badge
from marketplace.web.operator.curation_forms import PlaceForm, ReasonForm, VehicleForm, VisaForm, WordsForm
from marketplace.web.operator.forms import capitalised
from marketplace.web.operator.lists import chosen, counted, rest_of_address, tabs, typed
from marketplace.web.operator.submissions import curators
from provisioning import connecting
from subscriptions.vehicles import set_vehicle, vehicle_of, vehicles_of

GROUPS = {
    ALL: "Tous",
    ListingState.LISTED: "Au catalogue",
    ListingState.DRAFT: "En préparation",
    ListingState.SUSPENDED: "Suspendus",
    UNPRICED: "Sans tarif",
    ListingState.REFUSED: "Refusés",
    ListingState.WITHDRAWN: "Retirés",
}
DONE = {
    "lister": "« {} » est au catalogue.",
    "suspendre": "« {} » est suspendu ; les abonnés reçoivent votre message.",
    "reprendre": "« {} » est de nouveau au catalogue.",
    "retirer": "« {} » est retiré du catalogue.",
    "rouvrir": "« {} » est de nouveau en préparation.",
}


@curators
@require_safe
def listing_list(request, operator):
    """Every listing in the order of the shelf."""
    search, group = typed(request), chosen(request, GROUPS)
    family = request.GET.get("famille", "")
    family = family if family in Family else ""
    found = shelf_list(
        operator=operator,
        search=search,
        family=family,
        group=group,
        page=request.GET.get("page"),
        on=_today(),
    )
    ranks = shelf.ranks(operator=operator, listings=found.page)
    context = frame(
        request,
        operator,
        "operator_shelf",
        search=search,
        family=family,
        families=[{"value": choice.value, "label": choice.label} for choice in Family],
        group=group,
        groups=tabs(request, labels=GROUPS, counts=found.counts, active=group, search=search),
        page=found.page,
        rest=rest_of_address(q=search, etat=group, famille=family),
        total=counted(found.counts[group], "service"),
        rows=[_row(operator, listing, ranks.get(listing.pk)) for listing in found.page],
        back=request.get_full_path(),
    )
    return render(request, "operator/shelf.html", context)


@curators
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request, operator, listing):
    """One listing: its state, its place, the operator's own words; a POST keeps the words."""
    found = _found(operator, listing)
    form = WordsForm(request.POST if request.method == "POST" else None, initial=_words(found))
    if request.method == "POST" and form.is_valid():
        shelf.set_words(listing=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        messages.success(request, "C’est enregistré.")
        return redirect("operator_listing", operator=operator.slug, listing=found.pk)
    return _page(request, operator, found, form=form)


@curators
@require_POST
def move(request, operator, listing):
    """Lists, suspends, resumes, withdraws or reopens, as the button pressed says."""
    found = _found(operator, listing)
    action = request.POST.get("action", "")
    if action not in DONE:
        raise Http404
    form = ReasonForm(request.POST if action in ("suspendre", "retirer") else None, prefix=action)
    if form.is_bound and not form.is_valid():
        return _page(request, operator, found, **{f"{action}_form": form})
    try:
        _move(action, found, form, by=request.user, now=timezone.now())
    except CurationRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, DONE[action].format(found.sheet.name))
    return redirect("operator_listing", operator=operator.slug, listing=found.pk)


@curators
@require_POST
def place(request, operator, listing):
    """Up or down by one, or to a place of the shelf."""
    found = _found(operator, listing)
    if found.state == ListingState.WITHDRAWN:
        raise Http404
    form = PlaceForm(request.POST)
    if form.is_valid():
        at = shelf.place(
            listing=found,
            position=form.wanted(shelf.ranks(operator=operator, listings=[found])[found.pk]),
            by=request.user,
            now=timezone.now(),
        )
        messages.success(request, f"« {found.sheet.name} » est au rang {at}.")
    else:
        messages.error(request, "Donnez un rang : un nombre entier, à partir de 1.")
    url = reverse("operator_shelf", args=[operator.slug])
    back = request.POST.get("back", "")
    return redirect(back if back.startswith(f"{url}?") else f"{url}#service-{found.pk}")


@curators
@require_POST
def visa(request, operator, listing):
    """Notes the opinion of the ethics committee."""
    found = _found(operator, listing)
    form = VisaForm(request.POST, prefix="visa")
    if form.is_valid():
        try:
            record_visa(listing=found, by=request.user, now=timezone.now(), **form.cleaned_data)
        except CurationRefused as refusal:
            form.add_error(refusal.field or None, str(refusal))
        else:
            messages.success(request, "L’avis du comité d’éthique est noté.")
            return redirect("operator_listing", operator=operator.slug, listing=found.pk)
    return _page(request, operator, found, visa_form=form)


@curators
@require_POST
def vehicle(request, operator, listing):
    """Chooses the purchasing vehicle of new subscriptions."""
    found = _found(operator, listing)
    known = vehicles_of(operator)
    form = VehicleForm(request.POST, vehicles=known)
    if not form.is_valid():
        return _page(request, operator, found, vehicle_form=form)
    chosen_one = next(one for one in known if one.pk == form.cleaned_data["vehicle"])
    set_vehicle(listing=found, vehicle=chosen_one, by=request.user, now=timezone.now())
    messages.success(request, f"Les nouveaux abonnements suivent « {chosen_one.name} ».")
    return redirect("operator_listing", operator=operator.slug, listing=found.pk)


def _move(action: str, found: Listing, form: ReasonForm, *, by, now) -> None:
    who = {"listing": found, "by": by, "now": now}
    if action == "lister":
        shelf.put_on_shelf(**who)
    elif action == "suspendre":
        shelf.suspend(message=form.cleaned_data["reason"], **who)
    elif action == "reprendre":
        shelf.resume(**who)
    elif action == "retirer":
        shelf.withdraw(reason=form.cleaned_data["reason"], **who)
    else:
        shelf.reopen(**who)


def _today():
    return localdate(timezone.now())


def _found(operator, pk: int) -> Listing:
    listings = Listing.objects.filter(operator=operator).select_related(
        "operator__organisation",
        "approved_revision",
        "shared_from__operator",
        "offer__product__sheet__vendor__organisation",
    )
    return get_object_or_404(with_flags(listings, on=_today()), pk=pk)


def _words(found: Listing) -> dict:
    return {name: getattr(found, name) for name in ("own_text", "terms", "price_is_public")}


def _row(operator, listing: Listing, rank: int | None) -> dict:
    sheet = listing.sheet
    notes = []
    if listing.waiting:
        notes.append("une version à examiner")
    if not listing.priced and listing.state != ListingState.WITHDRAWN:
        notes.append("sans tarif publié")
    if listing.shared_from:
        notes.append(f"reçu de {listing.shared_from.operator.short_name}")
    return {
        "pk": listing.pk,
        "name": sheet.name,
        "url": reverse("operator_listing", args=[operator.slug, listing.pk]),
        "family": sheet.get_family_display(),
        "vendor": sheet.vendor.organisation.name,
        "badge": listing_badge(listing.state),
        "note": capitalised(", ".join(notes)),
        "rank": rank,
        "place_url": reverse("operator_listing_place", args=[operator.slug, listing.pk]),
    }


def _page(request, operator, found: Listing, **forms):
    content = found.approved_revision.content if found.approved_revision else found.sheet.__dict__
    opinion = last_visa(found)
    known, current = vehicles_of(operator), vehicle_of(found)
    state = ListingState(found.state)
    context = frame(
        request,
        operator,
        "operator_shelf",
        (found.sheet.name, ""),
        listing=found,
        sheet=found.sheet,
        vendor=found.vendor.organisation,
        badge=listing_badge(found.state),
        actions=_actions(operator, found),
        facts=_facts(operator, found),
        grids_url=reverse("operator_listing_grids", args=[operator.slug, found.pk]),
        priced=found.priced,
        may_list=state == ListingState.DRAFT and found.approved_revision is not None,
        may_suspend=state == ListingState.LISTED,
        may_resume=state == ListingState.SUSPENDED,
        may_withdraw=state in (ListingState.DRAFT, ListingState.LISTED, ListingState.SUSPENDED),
        may_reopen=state == ListingState.WITHDRAWN,
        move_url=reverse("operator_listing_move", args=[operator.slug, found.pk]),
        vehicles=known,
        vehicle=current.name if current else "",
        vehicle_url=reverse("operator_listing_vehicle", args=[operator.slug, found.pk]),
        visa_url=reverse("operator_listing_visa", args=[operator.slug, found.pk]),
        visa_needed=needs_visa(rules=rules_of(operator), content=content),
        visa_holds=holds(opinion, on=_today()),
        visa=opinion
        and {
            "opinion": capitalised(opinion.get_opinion_display()),
            "given": day(opinion.given_on),
            "until": day(opinion.valid_until),
            "text": opinion.text,
        },
        history=[
            {
                "when": day(past.submitted_at),
                "url": reverse("operator_submission", args=[operator.slug, past.public_id]),
                "badge": submission_badge(past.state),
            }
            for past in queue.history(found)
        ],
        moves=[
            {
                "when": day(one.at),
                "what": f"{capitalised(one.get_before_display())} → {one.get_after_display()}",
                "by": str(one.by) if one.by else "Halle",
                "reason": one.reason,
            }
            for one in queue.moves(found)
        ],
        **{
            "form": WordsForm(initial=_words(found)),
            "suspendre_form": ReasonForm(prefix="suspendre"),
            "retirer_form": ReasonForm(prefix="retirer"),
            "visa_form": VisaForm(prefix="visa"),
            "vehicle_form": VehicleForm(vehicles=known, initial={"vehicle": current and current.pk}),
        }
        | forms,
    )
    return render(request, "operator/listing.html", context)


def _facts(operator, found: Listing) -> list[dict]:
    facts = [
        {"label": "Éditeur", "value": found.vendor.organisation.name},
        {"label": "Famille", "value": found.sheet.get_family_display()},
        {"label": "Version lue par vos adhérents", "value": _version(found)},
        {
            "label": "Tarif",
            "value": "publié" if found.priced else "aucun tarif publié",
            "url": reverse("operator_listing_grids", args=[operator.slug, found.pk]),
        },
    ]
    facts.append(
        {
            "label": "Ouverture des services",
            "value": connection_state(connecting.endpoint_of(found.sheet))["label"],
            "url": reverse("operator_listing_connection", args=[operator.slug, found.pk]),
        }
    )
    if found.shared_from:
        facts.append({"label": "Reçu de", "value": found.shared_from.operator.short_name})
    return facts


def _version(found: Listing) -> str:
    if found.approved_revision is None:
        return "aucune"
    return f"acceptée le {day(found.approved_at)}" if found.approved_at else "acceptée"


def _actions(operator, found: Listing) -> list[dict]:
    actions = []
    waiting = found.submissions.filter(state=SubmissionState.PENDING).first() if found.waiting else None
    if waiting:
        url = reverse("operator_submission", args=[operator.slug, waiting.public_id])
        actions.append({"label": "Examiner la nouvelle version", "url": url, "style": "primary"})
    if found.state == ListingState.LISTED:
        url = reverse("service", args=[operator.slug, found.sheet.slug])
        actions.append({"label": "Voir comme vos adhérents", "url": url, "style": "secondary"})
        url = reverse("operator_share_offer", args=[operator.slug, found.pk])
        actions.append({"label": "Proposer à un autre opérateur", "url": url, "style": "secondary"})
    if found.state == ListingState.LISTED:
        url = reverse("operator_bulk_new", args=[operator.slug, found.pk])
        actions.append({"label": "Demander pour des adhérents", "url": url, "style": "secondary"})
    return actions
