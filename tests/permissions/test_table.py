"""The fourth fence: every address, for every role, at home and elsewhere."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from tenants.models import Operator
from tests.permissions.addresses import addresses
from tests.permissions.asking import ask
from tests.permissions.table import AUDITOR, TABLE, Row
from tests.permissions.world import BOTH, PEOPLE

METHODS = ["get", "post", "delete"]

each_row = pytest.mark.parametrize("row", TABLE, ids=str)
each_door = pytest.mark.parametrize("row", [row for row in TABLE if row.door], ids=str)
PAGES = [row for row in TABLE if row.door and 200 in row.get.values()]
each_form = pytest.mark.parametrize("row", [row for row in TABLE if row.may_post], ids=str)


def test_every_address_has_its_row():
    in_table = [row.name for row in TABLE]
    found = list(addresses())
    assert not [address.path for address in found if not address.name], "give these addresses a name"
    names = [address.name for address in found]
    assert len(names) == len(set(names)), "two addresses have one name: reverse() finds only one"
    missing = {address.name: address.path for address in found if address.name not in in_table}
    assert not missing, "say who opens these addresses: a row each in TABLE, tests/permissions/table.py"


def test_every_row_has_its_address():
    names = {address.name for address in addresses()}
    gone = [row.name for row in TABLE if row.name not in names]
    assert not gone, "these addresses are gone: take their rows out of TABLE, tests/permissions/table.py"
    assert len(TABLE) == len({str(row) for row in TABLE}), "an address has two rows"


@each_row
def test_each_address_opens_for_its_roles_only(row: Row, home, people):
    url, wrong = row.url(home), []
    for who in PEOPLE:
        for method in [method for method in METHODS if who in row.asks(method)]:
            answer = ask(people, who, method, url, row.sends(home) if method == "post" else None)
            expected = row.expected(method, who)
            if answer.status != expected:
                wrong.append(f"{method} as {who}: {answer.status}, not {expected}")
            if expected != 200 and answer.written and not (method == "post" and who in row.may_post):
                wrong.append(f"{method} as {who} wrote {answer.written}")
    assert wrong == []


@each_form
def test_a_form_without_its_token_is_refused(row: Row, home, people):
    wrong = []
    for who in row.may_post:
        answer = ask(people, who, "post", row.url(home), row.sends(home), enforce_csrf_checks=True)
        if answer.status != 403 or answer.written:
            wrong.append(f"{who}: {answer.status}, wrote {answer.written}")
    assert wrong == []


def test_only_what_is_signed_otherwise_needs_no_token():
    exempt = [address.name for address in addresses() if getattr(address.view, "csrf_exempt", False)]
    assert sorted(exempt) == sorted(row.name for row in TABLE if row.without_csrf_token)


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.door and row.post and not row.only_shows], ids=str
)
def test_a_form_sent_by_who_may_writes(row: Row, home, people):
    """What makes "nothing was written" mean something: from the right person, the same form does write."""
    idle = [
        who for who in row.may_post if not ask(people, who, "post", row.url(home), row.sends(home)).written
    ]
    assert idle == []


@each_door
def test_nothing_of_another_organisation_is_found(row: Row, home, elsewhere, people):
    methods = [method for method, column in (("get", row.get), ("post", row.post)) if column]
    wrong = []
    for (url, allowed), other in foreign_addresses(row, home, elsewhere).items():
        for method in methods:
            for who in row.asks_elsewhere(method):
                expected = row.foreign.get(who, row.stranger(who)) if allowed else row.stranger(who)
                answer = ask(people, who, method, url, row.sends(other) if method == "post" else None)
                if answer.status != expected:
                    wrong.append(f"{method} {url} as {who}: {answer.status}, not {expected}")
                if answer.written:
                    wrong.append(f"{method} {url} as {who} wrote {answer.written}")
    assert wrong == []


def foreign_addresses(row: Row, home, elsewhere) -> dict:
    """(address, is it at our door) with the world it is about: their door with their thing and with ours,
    our door with their thing. Each once."""
    found = {}
    for other in elsewhere:
        found[row.url(other), False] = other
        if row.thing:
            found[row.url(other, home), False] = home
            found[row.url(home, other), True] = other
    return found


# An invoice in UBL is searched for words like any page.
AS_HTML = pytest.mark.filterwarnings("ignore::bs4.XMLParsedAsHTMLWarning")


@AS_HTML
@pytest.mark.parametrize("row", PAGES, ids=str)
def test_a_person_of_both_worlds_reads_one_at_a_time(row: Row, home, elsewhere, people_of_both):
    """The pages of A name nothing of B, to somebody who may read both (the switcher in the header does)."""
    answer = ask(people_of_both, BOTH, "get", row.url(home))
    page = BeautifulSoup(answer.content, "html.parser")
    text = (page.main or page).decode()
    for operator in Operator.objects.exclude(pk=home.operator.pk) if row.lists_halls else ():
        text = text.replace(operator.short_name, "").replace(operator.slug, "")
    shared = elsewhere[1].commune.siren
    strangers = [word for world in elsewhere for word in (world.word, world.commune.siren)]
    if row.lists_operators:
        strangers = [word for word in strangers if word not in {world.word for world in elsewhere}]
    if row.lists_members:
        strangers.remove(shared)
    assert answer.status == 200
    assert [word for word in strangers if word in text] == []


READ_BY_AUDITORS = [row for row in PAGES if row.expected("get", AUDITOR) == 200]


@AS_HTML
@pytest.mark.parametrize("row", READ_BY_AUDITORS, ids=str)
def test_an_auditor_is_offered_nothing_to_press(row: Row, home, people):
    """A form that would be refused is a button that does nothing."""
    page = BeautifulSoup(ask(people, AUDITOR, "get", row.url(home)).content, "html.parser")
    forms = page.main.select("form[method=post]") if page.main else []
    assert [form.get("action") for form in forms] == []


LISTS = {
    "member_home": "Cantine Aubeterre",
    "member_subscriptions": "Voirie Aubeterre",
    "member_invoices": "Mutu Aubeterre",
    "operator_subscriptions": "Aubeterre-le-Bourg",
    "operator_assistances": "Aubeterre-la-Partante",
    "operator_grids": "Archives Aubeterre",
    "operator_listing_grids": "Brouillon Aubeterre",
    "operator_simulation": "Aubeterre-la-Partante",
    "operator_submissions": "Fiche Aubeterre",
    "operator_shelf": "Archives Aubeterre",
    "operator_shares": "Reçue Aubeterre",
    "operator_tasks": "Cimetière Aubeterre",
    "operator_mergers": "Vieille Aubeterre",
    "operator_invoices": "Aubeterre-le-Bourg",
    "operator_titres": "Aubeterre-le-Bourg",
    "operator_titres_csv": "Aubeterre-le-Bourg",
    "vendor_home": "Archives Aubeterre",
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_do_show_what_is_ours(name, home, people_of_both):
    """What makes the absence of B's names mean something."""
    (row,) = [row for row in TABLE if row.name == name]
    assert LISTS[name] in ask(people_of_both, BOTH, "get", row.url(home)).content


def test_an_operator_counts_its_own_only(home, people_of_both):
    """The commune that adheres to both operators is a member here; what it does there is not counted."""
    answer = people_of_both.client(BOTH).get(reverse("operator_home", args=[home.operator.slug]))
    counted = {figure["label"]: figure["value"] for figure in answer.context["figures"]}
    del counted["Facturation"]
    assert counted == {
        "Adhérents": "8",
        "Abonnements ouverts": "12",  # a free trial and a suspended one among them
        "Demandes en attente": "4",
        "Ouvertures et fermetures": "2",
    }
