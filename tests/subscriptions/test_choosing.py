"""What is chosen has one price: on the service's page, in a simulation, on the request and on the invoice."""

import uuid
from dataclasses import replace
from datetime import date

import pytest

from billing.drafting import price_of_period
from billing.periods import Period
from catalog.models import Listing, PriceGrid
from catalog.prices import listing_price, territory_facts
from catalog.pricing import Quote
from subscriptions import operations
from subscriptions.choosing import Choices, price_choices
from subscriptions.exceptions import CountsMissing, OptionGone, PriceChanged
from subscriptions.models import Subscription
from subscriptions.simulation import simulate
from tenants.tenancy import tenant_scope
from tests.factories import AdhesionFactory, ListingFactory, PriceGridFactory, UserFactory
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
YEAR = Period(date(2027, 1, 1), date(2028, 1, 1))
PER_AGENT = {"pattern": "per_unit", "unit": "agent", "unit_price": "30"}
DESKS = {
    "pattern": "sum_of",
    "parts": [
        {"name": "Socle", "grid": {"pattern": "flat_by_stratum", "strata": [{"amount": "120"}]}},
        {
            "name": "Guichets",
            "grid": {"pattern": "per_unit", "unit": "other", "unit_name": "guichet", "unit_price": "50"},
        },
    ],
}
BY_BUDGET = {
    "pattern": "flat_by_stratum",
    "measure": "budget",
    "strata": [{"upper": 999_999, "amount": "100"}, {"lower": 1_000_000, "amount": "400"}],
}


def member_of(listing):
    return AdhesionFactory(operator=listing.operator).organisation


def ask(listing, organisation, **changes) -> Subscription:
    values = {
        "organisation": organisation,
        "listing": listing,
        "requested_by": UserFactory(),
        "request_key": uuid.uuid4(),
        "now": NOW,
        **changes,
    }
    with tenant_scope([organisation.pk]):
        return operations.request_subscription(**values)


@pytest.mark.parametrize(
    ("definition", "counts", "cents"),
    [
        (PER_AGENT, {"agents": 12}, 36_000),
        (DESKS, {"units.guichet": 3}, 27_000),
        (BY_BUDGET, {"budget": 1_000_000}, 40_000),
    ],
)
def test_the_same_price_on_the_page_in_a_simulation_on_the_request_and_on_the_invoice(
    definition, counts, cents
):
    listing = ListingFactory(grid__definition=definition)
    commune = member_of(listing)
    listing = Listing.objects.for_cards().get(pk=listing.pk)
    facts = territory_facts(territories=[commune.territory], on=TODAY)[commune.territory_id]
    said = replace(facts, counts=counts)
    assert listing_price(listing=listing, facts=said).net_cents == cents
    found = simulate(
        listings=[listing], options={}, facts=said, starts_on=date(2027, 1, 1), on=TODAY, groups={}
    )
    assert found.this_year.net_cents == cents
    with tenant_scope([commune.pk]):
        priced = price_choices(
            listing=listing,
            organisation=commune,
            choices=Choices(counts={**counts, "units.unasked": 4}),
            today=TODAY,
        )
    assert (priced.net_cents, priced.choices.counts) == (cents, counts)
    made = ask(listing, commune, choices=Choices(counts=counts), shown_cents=cents)
    made.active_from = date(2027, 1, 1)
    with as_worker():
        quote = price_of_period(made, facts, YEAR).quote
    assert (made.yearly_cents, made.counts, quote.total_cents) == (cents, counts, cents)


def test_a_number_that_the_grid_counts_has_to_be_said():
    listing = ListingFactory(grid__definition=PER_AGENT)
    with pytest.raises(CountsMissing, match="nombre d’agents"):
        ask(listing, member_of(listing), shown_cents=0)


def test_more_agents_than_when_the_price_was_shown():
    listing = ListingFactory(grid__definition=PER_AGENT)
    commune = member_of(listing)
    with pytest.raises(PriceChanged) as refusal:
        ask(listing, commune, choices=Choices(counts={"agents": 13}), shown_cents=36_000)
    assert refusal.value.current_cents == 39_000


ONLINE = {"pattern": "flat_by_stratum", "strata": [{"amount": "96", "first_year_amount": "140"}]}


@pytest.fixture
def with_options():
    """A service by inhabitant with two priced options, and one that has no tariff."""
    names = {"paiement": "Paiement en ligne", "garderie": "Garderie", "sms": "SMS"}
    listing = ListingFactory(
        sheet__options=[{"code": code, "name": name, "summary": ""} for code, name in names.items()]
    )
    with as_worker():
        PriceGridFactory(listing=listing, option="paiement", definition=ONLINE)
        PriceGridFactory(listing=listing, option="garderie", definition=PER_AGENT)
    return Listing.objects.for_cards().get(pk=listing.pk)


BOTH = Choices(counts={"agents": 2}, options=frozenset({"garderie", "paiement"}))


def test_options_are_frozen_with_the_service_and_billed_a_line_each(with_options):
    commune = member_of(with_options)
    cents = 25_800 + 14_000 + 6_000
    made = ask(with_options, commune, choices=BOTH, shown_cents=cents)
    with as_worker():
        PriceGrid.objects.exclude(option="").update(effective_until=TODAY)
    with tenant_scope([commune.pk]):
        made = Subscription.objects.get(pk=made.pk)
    assert (made.yearly_cents, made.counts) == (cents, {"agents": 2})
    assert {one["code"]: one["grid"] for one in made.options} == {"paiement": ONLINE, "garderie": PER_AGENT}
    assert Quote.from_dict(made.quote).total_cents == cents
    facts = territory_facts(territories=[commune.territory], on=TODAY)[commune.territory_id]
    made.active_from = date(2027, 1, 1)
    with as_worker():
        first = price_of_period(made, facts, YEAR).quote
        later = price_of_period(made, facts, Period(date(2028, 1, 1), date(2029, 1, 1))).quote
    assert [(line.label, line.amount_cents) for line in first.lines] == [
        ("Prix par habitant", 25_800),
        ("Option Garderie\u202f: prix par agent", 6_000),
        ("Option Paiement en ligne\u202f: forfait annuel, première année", 14_000),
    ]
    assert later.total_cents == cents - 4_400
    found = simulate(
        listings=[with_options],
        options={with_options.pk: BOTH.options},
        facts=replace(facts, counts=BOTH.counts),
        starts_on=date(2027, 1, 1),
        on=TODAY,
        groups={},
    )
    assert (found.this_year.net_cents, found.later.net_cents) == (cents, cents - 4_400)


@pytest.mark.parametrize("code", ["sms", "inconnue"])
def test_what_is_not_offered_is_not_sold(with_options, code):
    with pytest.raises(OptionGone):
        ask(with_options, member_of(with_options), choices=Choices(options=frozenset({code})), shown_cents=0)


def test_an_option_that_counts_asks_only_whoever_chooses_it(with_options):
    commune = member_of(with_options)
    with pytest.raises(CountsMissing):
        ask(with_options, commune, choices=Choices(options=frozenset({"garderie"})), shown_cents=0)
    made = ask(with_options, commune, choices=Choices(counts={"agents": 2}), shown_cents=25_800)
    assert made.counts == {}
