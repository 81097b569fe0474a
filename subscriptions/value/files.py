"""Writing a value file, and its review once a year is over."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from catalog.models import Listing
from catalog.pricing import PricingError, Quote
from subscriptions.choosing import Choices, price_choices
from subscriptions.exceptions import CountsMissing
from subscriptions.facts import facts_of_subscriber
from subscriptions.in_force import terms_on
from subscriptions.models import DiscountRate, Subscription, ValueFile, ValueReview
from subscriptions.queries import open_subscription
from subscriptions.value.assumptions import Assumptions
from subscriptions.value.figures import figures
from subscriptions.vat import vat_cents_asked
from tenants import audit
from tenants.days import years_after
from tenants.models import Organisation, User
from tenants.refusals import Refused

DEFAULT_YEARS = 5


class PriceUnknown(Refused):
    """The engine has no price for this organisation yet; the sentence says why."""


class WrittenMeanwhile(Refused):
    def __init__(self):
        super().__init__(
            "Quelqu’un d’autre a enregistré ce dossier pendant que vous écriviez. Ce que vous avez tapé est "
            "gardé : relisez-le, puis enregistrez de nouveau pour remplacer sa version."
        )


class NotReviewable(Refused):
    """There is no year over to review, or it was reviewed already."""


def rate_on(day: date) -> DiscountRate | None:
    """The public discount rate in force that day."""
    return DiscountRate.objects.filter(in_force_from__lte=day).order_by("-in_force_from").first()


def price_over_term(*, listing: Listing, organisation: Organisation, on: date) -> tuple[int, int]:
    """The first year and each one after, in cents, tax included: of the open subscription, else of a request
    made that day. Raises PriceUnknown, NotAvailable."""
    subscription = open_subscription(organisation=organisation, listing=listing)
    if subscription is not None:
        return _subscribed(subscription, on)
    try:
        price = price_choices(listing=listing, organisation=organisation, choices=Choices(), today=on).price
    except CountsMissing as missing:
        raise PriceUnknown(
            f"{missing} Faites d’abord la demande : le dossier reprendra son prix."
        ) from missing
    return price.gross_cents, price.following_cents + price.following_vat_cents


def _subscribed(subscription: Subscription, on: date) -> tuple[int, int]:
    def gross(quote: Quote) -> int:
        return quote.total_cents + vat_cents_asked(subscription, quote)

    first = Quote.from_dict(subscription.quote)
    facts = facts_of_subscriber(subscription, on=on)
    try:
        later = terms_on(subscription, on).price(facts, first_year=False)
    except PricingError:
        later = first.recurring()
    return gross(first), gross(later)


@transaction.atomic
def write(
    *,
    listing: Listing,
    organisation: Organisation,
    assumptions: Assumptions,
    revision: int,
    by: User,
    now: datetime,
) -> ValueFile:
    """Keeps the file of a listing; `revision` is the one that was read, 0 for a new one. Raises
    WrittenMeanwhile when it is no longer that."""
    kept = {
        "assumptions": assumptions.model_dump(mode="json"),
        "written_by": by,
        "written_at": now,
        "revision": revision + 1,
    }
    if revision:
        rows = ValueFile.objects.filter(tenant=organisation, listing=listing, revision=revision)
        if not rows.update(**kept):
            raise WrittenMeanwhile
        file = ValueFile.objects.get(tenant=organisation, listing=listing)
    else:
        file = ValueFile(tenant=organisation, listing=listing, service_name=listing.shown.name, **kept)
        try:
            with transaction.atomic():
                file.save(force_insert=True)
        except IntegrityError:
            raise WrittenMeanwhile from None
    found = figures(assumptions)
    audit.record(
        tenant=organisation,
        actor=by,
        what="value_file.written",
        sentence=f"{{actor}} a écrit le dossier de valeur de « {file.service_name} ».",
        subject_id=file.pk,
        now=now,
        details={
            "revision": file.revision,
            "total_cost_cents": found.total_cost_cents,
            "net_present_cents": found.net_present_cents,
        },
    )
    return file


def year_to_review(file: ValueFile, *, on: date) -> tuple[int, date, date] | None:
    """The first year of the service that is over and not reviewed: its number, and its half-open days. None
    while there is none. The tenant scope holds the file's."""
    subscription = open_subscription(organisation=file.tenant, listing=file.listing)
    if subscription is None or subscription.active_from is None:
        return None
    opened = subscription.active_from
    done = set(file.reviews.values_list("year", flat=True))
    for year in range(1, file.assumptions["years"] + 1):
        starts, ends = years_after(opened, year - 1), years_after(opened, year)
        if ends > on:
            return None
        if year not in done:
            return year, starts, ends
    return None


@transaction.atomic
def review(
    *,
    file: ValueFile,
    year: int,
    invoiced_cents: int | None,
    costs_cents: int,
    gains_cents: int,
    note: str,
    by: User,
    now: datetime,
) -> ValueReview:
    """Writes what happened in a year that is over. `invoiced_cents`: what was invoiced for it, tax included;
    None before any invoice: the subscribed price then stands. Raises NotReviewable."""
    due = year_to_review(file, on=localdate(now))
    if due is None or due[0] != year:
        raise NotReviewable("Le bilan de cette année est déjà écrit, ou l’année n’est pas encore finie.")
    expected = figures(Assumptions.model_validate(file.assumptions)).years[year - 1]
    row = ValueReview(
        tenant=file.tenant,
        file=file,
        year=year,
        expected_price_cents=expected.price_cents,
        expected_costs_cents=expected.costs_cents,
        expected_gains_cents=expected.gains_cents,
        price_cents=expected.price_cents if invoiced_cents is None else invoiced_cents,
        invoiced=invoiced_cents is not None,
        costs_cents=costs_cents,
        gains_cents=gains_cents,
        note=note,
        written_by=by,
        written_at=now,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise NotReviewable("Le bilan de cette année vient d’être écrit par quelqu’un d’autre.") from None
    audit.record(
        tenant=file.tenant,
        actor=by,
        what="value_file.reviewed",
        sentence=f"{{actor}} a écrit le bilan de l’année {year} de « {file.service_name} ».",
        subject_id=file.pk,
        now=now,
        details={"price_cents": row.price_cents, "costs_cents": costs_cents, "gains_cents": gains_cents},
    )
    return row
