"""One screen to ask for a service: what, how much, who must approve, then one button."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from catalog.models import Listing, ListingState
from marketplace.web.access import member_view
from marketplace.web.commune.forms import SubscribeForm
from marketplace.web.commune.home import storefront_url
from marketplace.web.formats import format_cents
from marketplace.web.price_views import breakdown, price_card
from subscriptions import operations
from subscriptions.deciding import assembly, head
from subscriptions.exceptions import (
    AlreadySubscribed,
    CommitmentMissing,
    NotAMember,
    NotAvailable,
    OrderRefused,
    PriceChanged,
)
from subscriptions.queries import Conditions, open_subscription, request_conditions, signatories
from tenants.models import Role

VEHICLE = "cadre"  # in the address: another purchasing vehicle than the first


@member_view(Role.SECRETARY)
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request, organisation, listing):
    """Ask for a listing. Sent twice, it is one request; a price that changed is shown again first."""
    listing = Listing.objects.for_cards().filter(pk=listing).exclude(state=ListingState.DRAFT).first()
    if listing is None:
        raise Http404
    now = timezone.now()
    if request.method == "POST":
        form = _form(organisation, request.POST)
        if not form.is_valid():
            return _page(request, organisation, listing, form=form, now=now)
        try:
            return _request(request, organisation, listing, form.cleaned_data, now=now)
        except AlreadySubscribed as error:
            return _existing(request, organisation, error.existing)
        except PriceChanged as change:
            return _page(request, organisation, listing, form=form, change=change, now=now)
        except CommitmentMissing as missing:  # made compulsory since the form was read
            form.add_error("commitment_number", str(missing))
            return _page(request, organisation, listing, form=form, now=now)
        except (NotAvailable, NotAMember, OrderRefused) as error:
            return _refused(request, organisation, listing, error)
    if existing := open_subscription(organisation=organisation, listing=listing):
        return _existing(request, organisation, existing)
    return _page(request, organisation, listing, form=None, now=now)


def _request(request, organisation, listing, typed: dict, *, now):
    subscription = operations.request_subscription(
        organisation=organisation,
        listing=listing,
        requested_by=request.user,
        request_key=typed["request_key"],
        shown_cents=typed["shown_cents"],
        commitment_number=typed["commitment_number"],
        vehicle_id=_vehicle(request),
        now=now,
    )
    messages.success(request, "Votre demande est enregistrée. Suivez-la ici.")
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)


def _existing(request, organisation, existing):
    messages.info(request, "Votre collectivité a déjà demandé ce service : voici où en est la demande.")
    return redirect("member_subscription", siren=organisation.siren, public_id=existing.public_id)


def _page(request, organisation, listing, *, form, now, change=None):
    """The screen with today's price. A bound form keeps what was typed; the price shown is always drawn
    again, and so is the key unless this same request was sent before."""
    today = localdate(now)
    try:
        conditions = request_conditions(
            organisation=organisation, listing=listing, today=today, vehicle_id=_vehicle(request)
        )
    except (NotAvailable, NotAMember, OrderRefused) as error:
        return _refused(request, organisation, listing, error)
    price = conditions.price
    errors = bool(form and "commitment_number" in form.errors)
    data = {
        "request_key": str(_key(form)),
        "shown_cents": str(price.net_cents),
        "commitment_number": form.data.get("commitment_number", "") if form else "",
    }
    context = {
        "organisation": organisation,
        "listing": listing,
        "sheet": listing.shown,
        "operator": listing.operator,
        "form": _form(organisation, data) if errors else _form(organisation, initial=data),
        "has_errors": errors,
        "incomplete": bool(form and form.errors and not errors),
        "change": change
        and {"before": format_cents(change.shown_cents), "now": format_cents(price.net_cents)},
        "price": price_card(price=price, commune=organisation.territory, choose_url=""),
        "breakdown": breakdown(
            quote=price.quote,
            vat_category=price.grid.vat_category,
            vat_rate=price.grid.vat_rate,
            vat_reason=price.grid.vat_reason,
            vat_cents=price.vat_cents,
            caption=f"Le calcul pour {organisation.territory.name}, par an",
        ),
        "vehicle": conditions.vehicle,
        "deliberation": conditions.deliberation,
        "storefront_url": storefront_url(listing.operator, organisation),
        **_approval(request, organisation, conditions),
    }
    return render(request, "commune/subscribe.html", context)


def _vehicle(request) -> int | None:
    typed = request.GET.get(VEHICLE, "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


def _form(organisation, data=None, **options) -> SubscribeForm:
    required = operations.commitment_required(organisation=organisation)
    return SubscribeForm(data, commitment_required=required, **options)


def _key(form) -> uuid.UUID:
    """The key this page was first drawn with, or a new one."""
    return (getattr(form, "cleaned_data", {}) if form else {}).get("request_key") or uuid.uuid4()


def _approval(request, organisation, conditions: Conditions) -> dict:
    """Who will have to approve: never the person who asks, where the vehicle wants another."""
    separate = conditions.vehicle.separate_approver
    people = [
        str(person)
        for person in signatories(organisation=organisation)
        if not (separate and person.pk == request.user.pk)
    ]
    return {"approvers": people, "assembly": assembly(organisation), "head": head(organisation)}


def _refused(request, organisation, listing, error):
    """The service cannot be asked for: why, and what to do."""
    context = {
        "organisation": organisation,
        "sheet": listing.shown,
        "operator": listing.operator,
        "reason": str(error),
        "not_member": isinstance(error, NotAMember),
        "routes": [
            {"name": route.name, "basis": route.get_legal_basis_display(), "url": f"?{VEHICLE}={route.pk}"}
            for route in getattr(error, "routes", ())
        ],
        "storefront_url": storefront_url(listing.operator, organisation),
    }
    return render(request, "commune/subscribe_refused.html", context)
