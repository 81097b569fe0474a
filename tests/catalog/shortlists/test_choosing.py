"""A shortlist is prepared, frozen with all that was compared, decided with reasons, and changes no more."""

import json

import pytest
from django.db import IntegrityError, connection, transaction
from psycopg.errors import RestrictViolation

from catalog.models import GridState, ListingState, PriceGrid, Shortlist, ShortlistItem, ShortlistState
from catalog.shortlists import deciding, preparing
from catalog.shortlists.refusals import KeepingRefused, NotFrozen, NotOpen, PriceAlone
from catalog.shortlists.table import rows as table_rows
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.catalog.shortlists.market import REASONS
from tests.factories import ListingFactory
from tests.factories.base import NOW
from tests.tools.database import acting_as, as_worker
from tests.tools.jobs import waiting

pytestmark = pytest.mark.django_db


def item(shortlist, rank=0) -> ShortlistItem:
    return shortlist.items.order_by("added_at", "pk")[rank]


def decide(shortlist, chosen, **values):
    return deciding.decide(
        **{
            "shortlist": shortlist,
            "chosen": chosen,
            "criteria": ["fit", "environment"],
            "reasons": REASONS,
            "now": NOW,
            "by": shortlist.created_by,
            **values,
        }
    )


def test_services_are_added_noted_and_removed(market):
    shortlist = market.shortlist(services=2)
    doing = market.by_secretary(shortlist=shortlist, listing=market.listings[0])
    assert not preparing.add_item(**doing)
    preparing.note_item(note="Démonstration claire.", **doing)
    assert item(shortlist).note == "Démonstration claire."
    preparing.remove_item(**doing)
    assert [one.listing for one in shortlist.items.all()] == [market.listings[1]]
    told = AuditEvent.objects.order_by("pk").values_list("what", flat=True)
    assert list(told) == [
        "shortlist.opened",
        "shortlist.item_added",
        "shortlist.item_added",
        "shortlist.item_noted",
        "shortlist.item_removed",
    ]


def test_eleven_services_are_too_many(market):
    more = [ListingFactory(operator=market.operator) for _ in range(8)]
    shortlist = market.shortlist()
    with pytest.raises(KeepingRefused, match="10 services au plus"):
        preparing.add_items(shortlist=shortlist, listings=more, **market.by_secretary())
    preparing.add_items(shortlist=shortlist, listings=more[1:], **market.by_secretary())
    assert shortlist.items.count() == 10


@pytest.mark.parametrize("where", ["elsewhere", "withdrawn"])
def test_a_service_of_another_shelf_or_of_none_is_not_added(market, where):
    other = ListingFactory() if where == "elsewhere" else market.listings[2]
    if where == "withdrawn":
        with as_worker():
            type(other).objects.filter(pk=other.pk).update(state=ListingState.WITHDRAWN)
    shortlist = market.shortlist(services=1)
    with pytest.raises(KeepingRefused, match="n’est pas au catalogue de Mutu"):
        preparing.add_item(shortlist=shortlist, listing=other, **market.by_secretary())


def test_freezing_copies_what_was_compared_that_day(market):
    shortlist = market.frozen()
    one, two, three = (item(shortlist, rank).snapshot for rank in range(3))
    assert (one["name"], one["hosting"], one["licence"], one["operator"]) == (
        "Cantine Une",
        "En France",
        "Libre",
        "Mutu",
    )
    assert one["vendor"] == market.listings[0].vendor.organisation.name
    # 860 × 0,30 €, VAT at 20 %.
    assert (one["price"]["net_cents"], one["price"]["vat_cents"]) == (25800, 5160)
    assert one["price"]["population"] == {"value": 860, "kind": "municipale", "reference_year": 2022}
    assert "860 habitants" in one["price"]["quote"]["lines"][0]["steps"][0]
    assert two["price"]["net_cents"] == 12000
    assert (three["price"]["vat_cents"], three["price"]["vat_reason"]) == (
        0,
        "Groupement de moyens, article 261 B du CGI",
    )
    json.dumps([one, two, three])


def test_an_expired_claim_is_not_in_the_snapshot(market):
    claims = item(market.frozen()).snapshot["claims"]
    assert [(claim["topic"], claim["level"], claim["valid_until"]) for claim in claims] == [
        ("licence", "documented", "2030-12-31")
    ]


def test_what_changes_later_is_not_seen_again(market):
    shortlist = market.frozen()
    before = item(shortlist).snapshot
    with as_worker():
        PriceGrid.objects.filter(listing=market.listings[0], state=GridState.PUBLISHED).update(
            effective_until=NOW.date()
        )
        market.listings[0].vendor.organisation.name = "Un autre nom"
        market.listings[0].vendor.organisation.save()
    assert item(shortlist).snapshot == before


FIRST_YEAR = {
    "pattern": "first_year_and_following",
    "first_year": {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.50"},
    "following": {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.30"},
}


def test_the_years_after_the_first_are_said_of_all_once_one_differs(market):
    plain = table_rows([item(market.frozen(), rank).snapshot for rank in range(3)])
    assert plain[0].label == "Prix par an"
    assert "Prix des années suivantes" not in [row.label for row in plain]
    apart = ListingFactory(operator=market.operator, grid__definition=FIRST_YEAR)
    shortlist = market.shortlist()
    preparing.add_item(shortlist=shortlist, listing=apart, **market.by_secretary())
    deciding.freeze(shortlist=shortlist, **market.by_secretary())
    first, following = table_rows([item(shortlist, rank).snapshot for rank in range(4)])[:2]
    assert first.label == "Prix de la première année"
    assert [cell.text for cell in first.cells][3] == "516,00\u00a0€ TTC"
    assert following.label == "Prix des années suivantes"
    assert [cell.text for cell in following.cells] == [
        "309,60\u00a0€ TTC",
        "144,00\u00a0€ TTC",
        "258,00\u00a0€",
        "309,60\u00a0€ TTC",
    ]


def test_an_empty_list_is_not_frozen(market):
    with pytest.raises(KeepingRefused, match="au moins un service"):
        deciding.freeze(shortlist=market.shortlist(services=0), **market.by_secretary())


def test_a_service_that_left_the_shelf_must_be_removed_first(market):
    shortlist = market.shortlist()
    with as_worker():
        type(market.listings[1]).objects.filter(pk=market.listings[1].pk).update(state=ListingState.SUSPENDED)
    with pytest.raises(KeepingRefused, match="Cantine Deux : ce service n’est plus au catalogue"):
        deciding.freeze(shortlist=shortlist, **market.by_secretary())


@pytest.mark.parametrize("state", ["frozen", "decided"])
def test_verbs_refuse_what_is_frozen(market, state):
    shortlist = getattr(market, state)()
    doing = market.by_secretary(shortlist=shortlist)
    with pytest.raises(NotOpen):
        deciding.freeze(**doing)
    with pytest.raises(NotOpen):
        preparing.add_item(listing=market.listings[0], **doing)
    with pytest.raises(NotOpen):
        preparing.remove_item(listing=market.listings[0], **doing)
    with pytest.raises(NotOpen):
        preparing.note_item(listing=market.listings[0], note="Après coup.", **doing)
    with pytest.raises(NotOpen):
        preparing.discard(**doing)


def test_an_open_list_may_be_thrown_away(market):
    preparing.discard(shortlist=market.shortlist(), **market.by_secretary())
    assert not Shortlist.objects.exists()
    assert not ShortlistItem.objects.exists()


CHANGES = {
    "frozen": {
        "catalog_shortlist": [
            "title = 'autre'",
            "need = 'autre'",
            "state = 'open'",
            "frozen_at = now()",
            "reasons = 'avant la décision'",
            "file = 'a.pdf'",
        ],
        "catalog_shortlistitem": ["note = 'autre'", "snapshot = '{}'", "listing_id = listing_id"],
    },
    "decided": {
        "catalog_shortlist": [
            "reasons = 'autres motifs, après coup'",
            "chosen_id = NULL",
            "state = 'frozen'",
            "criteria = ARRAY['fit']",
        ],
        "catalog_shortlistitem": ["note = 'autre'", "snapshot = '{}'"],
    },
}


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
@pytest.mark.parametrize("state", CHANGES)
def test_the_database_keeps_it_whoever_asks(market, state, role):
    shortlist = getattr(market, state)()
    rows = {"catalog_shortlist": shortlist.pk, "catalog_shortlistitem": item(shortlist).pk}
    for table, changes in CHANGES[state].items():
        statements = [f"UPDATE {table} SET {change} WHERE id = %s" for change in changes]
        for statement in [*statements, f"DELETE FROM {table} WHERE id = %s"]:
            assert refused(statement, rows[table], role, market), statement
    columns = "tenant_id, shortlist_id, note, added_at"
    copy = f"INSERT INTO catalog_shortlistitem ({columns}, listing_id) SELECT {columns}, "
    another = ListingFactory(operator=market.operator).pk
    assert refused(
        f"{copy}{another} FROM catalog_shortlistitem WHERE id = %s", item(shortlist).pk, role, market
    )


def refused(statement, pk, role, market) -> bool:
    with (
        pytest.raises(IntegrityError) as refusal,
        transaction.atomic(),
        acting_as(role),
        tenant_scope([market.commune.pk]),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [pk])
    return isinstance(refusal.value.__cause__, RestrictViolation)


def test_a_kept_file_is_not_replaced(market):
    shortlist = market.decided()
    with as_worker():
        assert Shortlist.objects.filter(pk=shortlist.pk).update(file="a.pdf", sha256="1") == 1
    assert refused(
        "UPDATE catalog_shortlist SET file = 'b.pdf' WHERE id = %s", shortlist.pk, "worker", market
    )


def test_a_choice_has_criteria_and_reasons(market):
    shortlist = market.decided()
    assert (shortlist.state, shortlist.chosen) == (ShortlistState.DECIDED, market.listings[0])
    assert (shortlist.criteria, shortlist.reasons) == (["fit", "price", "environment"], REASONS)
    assert (shortlist.decided_by, shortlist.frozen_by) == (market.mayor, market.secretary)
    assert waiting() == [("catalog.tasks.make_choice_file", {"shortlist_id": shortlist.pk})]
    event = AuditEvent.objects.order_by("pk").last()
    assert event.sentence == "{actor} a motivé le choix de la présélection « Un logiciel de cantine »."


def test_none_may_be_chosen(market):
    shortlist = market.decided(chosen=None)
    assert (shortlist.state, shortlist.chosen) == (ShortlistState.DECIDED, None)


@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"criteria": ["price"]}, PriceAlone, "criteria"),
        ({"criteria": []}, KeepingRefused, "criteria"),
        ({"criteria": ["beauty"]}, KeepingRefused, "criteria"),
        ({"reasons": "  "}, KeepingRefused, "reasons"),
        ({"reasons": "Moins cher."}, KeepingRefused, "reasons"),
    ],
)
def test_the_cheapest_is_not_a_choice_by_itself(market, values, error, field):
    shortlist = market.frozen()
    with pytest.raises(error) as refusal:
        decide(shortlist, market.listings[0], **values)
    assert refusal.value.field == field
    assert Shortlist.objects.get().state == ShortlistState.FROZEN


def test_price_alone_is_refused_by_the_database_as_well(market):
    shortlist = market.frozen()
    with pytest.raises(IntegrityError, match="shortlist_decided_on_more_than_price"), transaction.atomic():
        Shortlist.objects.filter(pk=shortlist.pk).update(
            state="decided",
            reasons="Moins cher.",
            criteria=["price"],
            decided_at=NOW,
            decided_by=market.mayor,
        )


def test_only_a_service_of_the_list_is_chosen(market):
    shortlist = market.frozen(services=2)
    with pytest.raises(KeepingRefused, match="pas dans la présélection"):
        decide(shortlist, market.listings[2])


def test_an_open_list_is_not_decided(market):
    with pytest.raises(NotFrozen):
        decide(market.shortlist(), market.listings[0])
