"""One screen to ask for a service: what, how much, who must approve, then one button."""

import json
import uuid
from functools import partial

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timezone import localdate
from django.views.decorators.http import require_http_methods

from catalog.models import Listing, ListingState
from catalog.prices import vat_on
from catalog.pricing import PricingError
from marketplace.web.access import member_view
from marketplace.web.commune.companions import FIELD, blocking, needs_of, rows, told
from marketplace.web.commune.cover_choice import COMMUNES, COVER, SHOWN, SOME, CoverChoice
from marketplace.web.commune.forms import FORM_ID, SubscribeForm
from marketplace.web.commune.home import storefront_url
from marketplace.web.commune.trial import trial_beside
from marketplace.web.expecting import expected_when, expected_why
from marketplace.web.formats import net
from marketplace.web.price_views import breakdown, price_card
from subscriptions.bundles import CompanionRefused, request_bundle
from subscriptions.chain import waits_for
from subscriptions.choosing import Choices, Offer, OfferedOption, PricedChoices, offer_to, price_of_option
from subscriptions.deciding import assembly, head
from subscriptions.envelopes import fitting
from subscriptions.exceptions import (
    AlreadyCovered,
    AlreadySubscribed,
    CommitmentMissing,
    CountsMissing,
    CoverRefused,
    NotAMember,
    NotAvailable,
    OptionGone,
    OptionsApart,
    OrderRefused,
    PrerequisiteMissing,
    PriceChanged,
    ServiceCodeMissing,
    StartInvalid,
)
from subscriptions.expecting import expected_of_new
from subscriptions.models import Party
from subscriptions.queries import Conditions, open_subscription, request_conditions, signatories
from subscriptions.requesting import chorus_rules
from subscriptions.wanted_covers import counts_covered, with_covered
from tenants.models import Role
from tenants.models.organisation import OrganisationKind

VEHICLE = "cadre"  # in the address: another purchasing vehicle than the first
RECALCULATE = "recalculer"


@member_view(Role.SECRETARY)
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request, organisation, listing):
    """Ask for a listing. Sent twice, it is one request; a price that changed is shown again first."""
    listing = Listing.objects.for_cards().filter(pk=listing).exclude(state=ListingState.DRAFT).first()
    if listing is None:
        raise Http404
    now = timezone.now()
    try:
        offer = offer_to(listing=listing, organisation=organisation, today=localdate(now))
    except NotAvailable as error:
        return _refused(request, organisation, listing, error)
    today = localdate(now)
    blank = partial(
        SubscribeForm,
        offer=offer,
        needs=needs_of(listing=listing, organisation=organisation, today=today),
        rules=chorus_rules(organisation=organisation),
        today=today,
        communes=CoverChoice.of(organisation=organisation, listing=listing, on=today),
    )
    page = partial(_page, request, organisation, offer, blank, now=now)
    if request.method == "POST":
        form = blank(request.POST)
        if RECALCULATE in request.POST:
            form.forget_errors_besides_choices()
            return page(form=form)
        if not form.is_valid() or form.gone or form.needs_changed or form.communes_changed:
            # A double click changes what is missing: its first half has been heard.
            existing = open_subscription(organisation=organisation, listing=listing)
            return _existing(request, organisation, existing) if existing else page(form=form)
        try:
            return _request(request, organisation, listing, form, now=now)
        except AlreadySubscribed as error:
            return _existing(request, organisation, error.existing)
        except PriceChanged as change:
            return page(form=form, change=change)
        except CommitmentMissing as missing:  # made compulsory since the form was read
            form.add_error("commitment_number", str(missing))
            return page(form=form)
        except StartInvalid as error:
            form.add_error("wanted_from", str(error))
            return page(form=form)
        except CompanionRefused as error:
            form.add_error(FIELD, str(error))
            return page(form=form)
        except CoverRefused as error:  # taken since the form was read, a moment ago
            form.add_error(COVER, str(error))
            return page(form=form)
        except PrerequisiteMissing as error:  # nothing to tick: it cannot be asked for here, or just ended
            messages.warning(request, str(error))
            return page(form=form)
        except (
            CountsMissing,
            OptionGone,
            OptionsApart,
            ServiceCodeMissing,
        ) as error:
            # The terms have changed since the form was read, a moment ago.
            messages.warning(request, str(error))
            return redirect(request.get_full_path())
        except (NotAvailable, NotAMember, OrderRefused) as error:
            return _refused(request, organisation, listing, error)
    if existing := open_subscription(organisation=organisation, listing=listing):
        return _existing(request, organisation, existing)
    return page(form=None)


def _request(request, organisation, listing, form: SubscribeForm, *, now):
    typed = form.cleaned_data
    subscription = request_bundle(
        organisation=organisation,
        companions=typed.get(FIELD, ()),
        listing=listing,
        requested_by=request.user,
        request_key=typed["request_key"],
        shown_cents=typed["shown_cents"],
        choices=form.choices,
        covers=form.covers,
        wanted_from=typed["wanted_from"],
        commitment_number=typed["commitment_number"],
        service_code=typed.get("service_code", ""),
        vehicle_id=_vehicle(request),
        now=now,
    )
    others = ", ".join(one.listing.shown.name for one in typed.get(FIELD, ()))
    also = f" Avec elle : {others}, à suivre dans « Abonnements »." if others else ""
    approved = "" if waits_for(subscription, Party.MEMBER) else " et approuvée par l’enveloppe"
    messages.success(request, f"Votre demande est enregistrée{approved}. Suivez-la ici.{also}")
    return redirect("member_subscription", siren=organisation.siren, public_id=subscription.public_id)


def _existing(request, organisation, existing):
    messages.info(request, "Votre collectivité a déjà demandé ce service : voici où en est la demande.")
    return redirect("member_subscription", siren=organisation.siren, public_id=existing.public_id)


def _page(request, organisation, offer: Offer, blank, *, form: SubscribeForm | None, now, change=None):
    """The screen with today's price of what is chosen: in the form, or in the address that leads here. A form
    keeps what was typed; the price shown is always drawn again, and so is the key unless this same request
    was sent before."""
    listing = offer.listing
    asked = form or blank(request.GET)
    choices = with_covered(asked.choices, offer=offer, organisation=organisation, communes=asked.covers)
    try:
        conditions = request_conditions(
            organisation=organisation,
            offer=offer,
            choices=choices,
            today=localdate(now),
            vehicle_id=_vehicle(request),
        )
    except (NotAvailable, NotAMember, OrderRefused) as error:
        return _refused(request, organisation, listing, error)
    shown, errors = _form_again(blank, form, form.data if form else request.GET, conditions)
    if "options" in shown.fields:
        shown.fields["options"].choices = [
            (option.code, _option_words(offer, option, choices)) for option in offer.options
        ]
    context = {
        "organisation": organisation,
        "listing": listing,
        "sheet": listing.shown,
        "operator": listing.operator,
        "form": shown,
        "form_id": FORM_ID,
        "gone": bool(form and form.gone),
        "needs": rows(shown.needs, organisation),
        "needs_changed": bool(form and form.needs_changed),
        "communes_changed": bool(form and form.communes_changed),
        **_covering(shown, offer),
        "blocking": blocking(shown.needs),
        "has_errors": errors,
        "incomplete": bool(form and form.errors and not errors),
        "change": change and _change(change, form, conditions),
        "trial": trial_beside(organisation, listing, today=localdate(now)),
        "vehicle": conditions.vehicle,
        "deliberation": conditions.deliberation,
        "storefront_url": storefront_url(listing.operator, organisation),
        "bulk_url": reverse("member_bulk_new", args=[organisation.siren, listing.pk])
        if organisation.kind == OrganisationKind.EPCI
        else "",
        **_price(organisation, conditions),
        **_approval(request, organisation, conditions),
        "envelope": _envelope(request, organisation, listing, conditions, today=localdate(now)),
        **_expected(listing, conditions, today=localdate(now)),
    }
    return render(request, "commune/subscribe.html", context)


def _form_again(blank, form: SubscribeForm | None, typed, conditions: Conditions):
    """The form to show, and whether it says what to correct."""
    empty = blank()
    data = {name: typed.get(name, field.initial or "") for name, field in empty.fields.items()}
    data["options"] = typed.getlist("options")
    if FIELD in empty.fields:
        data[FIELD] = typed.getlist(FIELD) if form else empty.fields[FIELD].initial
    data["request_key"] = str(_key(form))
    data["shown_cents"] = str(conditions.priced.net_cents) if conditions.priced else ""
    data["shown_choices"] = _told(conditions.priced)
    data["shown_needs"] = told(empty.needs)
    data[SHOWN] = empty.communes.told
    if COMMUNES in empty.fields:
        data[COMMUNES] = typed.getlist(COMMUNES) if form else empty.fields[COMMUNES].initial
    visible = {field.name for field in empty.visible_fields()}
    errors = bool(form and visible & form.errors.keys())
    if not errors:
        return blank(initial=data), False
    again = blank(data)
    again.errors.clear()
    again.errors.update({name: found for name, found in form.errors.items() if name in visible})
    return again, True


def _covering(shown: SubscribeForm, offer: Offer) -> dict:
    """The communes of an intercommunality, each with its box or why it has none."""
    found = shown.communes
    ticked = shown[COMMUNES].value() or () if COMMUNES in shown.fields else ()
    return {
        "communes": found.rows(ticked),
        "communes_summary": found.summary,
        "communes_open": COMMUNES in shown.errors or (COVER in shown.fields and shown[COVER].value() == SOME),
        "communes_counted": bool(found.free) and counts_covered(offer),
    }


def _option_words(offer: Offer, option: OfferedOption, choices: Choices) -> str:
    """Its name, what it adds to the price, what it is."""
    try:
        cents = price_of_option(offer=offer, option=option, counts=choices.counts).total_cents
    except PricingError:
        asked = next((one.question for one in option.counted), "")
        costs = f"le prix dépend du {asked}" if asked else "prix à demander à l’opérateur"
    else:
        costs = f"{net(cents, taxed=vat_on(grid=offer.grid, facts=offer.facts).taxed)} la première année"
    words = format_html("{}{}: {}", option.name, "\u00a0", costs)
    return format_html("{} <small>{}</small>", words, option.summary) if option.summary else words


def _change(change: PriceChanged, form: SubscribeForm, conditions: Conditions) -> dict:
    """Both prices, and whether it is the person who chose something else since the page was drawn."""
    own = form.cleaned_data["shown_choices"] != _told(conditions.priced)
    taxed = conditions.priced is None or conditions.priced.price.vat.taxed
    before, now = net(change.shown_cents, taxed=taxed), net(change.current_cents, taxed=taxed)
    return {"before": before, "now": now, "own": own}


def _told(priced: PricedChoices | None) -> str:
    """What was chosen, to be compared with what is chosen next."""
    return json.dumps(priced.choices.to_dict(), sort_keys=True) if priced else ""


def _price(organisation, conditions: Conditions) -> dict:
    if conditions.priced is None:
        return {"price": None, "breakdown": None}
    price = conditions.priced.price
    return {
        "price": price_card(price=price, commune=organisation.territory, choose_url=""),
        "breakdown": breakdown(
            quote=price.quote,
            vat=price.vat,
            vat_cents=price.vat_cents,
            caption=f"Le calcul pour {organisation.territory.name}, par an",
        ),
    }


def _vehicle(request) -> int | None:
    typed = request.GET.get(VEHICLE, "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


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


def _envelope(request, organisation, listing: Listing, conditions: Conditions, *, today) -> str:
    """What is said when an envelope would approve this request at once; "" when none would."""
    if conditions.priced is None:
        return ""
    found = fitting(
        organisation=organisation,
        vehicle=conditions.vehicle,
        listing=listing,
        yearly_cents=conditions.priced.net_cents,
        requested_by=request.user,
        on=today,
    )
    if not found:
        return ""
    return (
        f"Cette demande entre dans l’enveloppe n° {found[0].number} de {found[0].signed_by} : elle sera "
        "approuvée tout de suite."
    )


def _expected(listing: Listing, conditions: Conditions, *, today) -> dict:
    """When the service would be open, were it asked for now."""
    expected = expected_of_new(
        vehicle=conditions.vehicle, listing=listing, by_council=conditions.deliberation, on=today
    )
    return {"expected": expected_when(expected, today=today), "expected_why": expected_why(expected)}


def _refused(request, organisation, listing, error):
    """The service cannot be asked for: why, and what to do."""
    context = {
        "organisation": organisation,
        "sheet": listing.shown,
        "operator": listing.operator,
        "reason": str(error),
        "not_member": isinstance(error, NotAMember),
        "covered": isinstance(error, AlreadyCovered),
        "routes": [
            {"name": route.name, "basis": route.get_legal_basis_display(), "url": f"?{VEHICLE}={route.pk}"}
            for route in getattr(error, "routes", ())
        ],
        "storefront_url": storefront_url(listing.operator, organisation),
    }
    return render(request, "commune/subscribe_refused.html", context)
