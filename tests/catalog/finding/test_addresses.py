"""The address of a shelf: whatever is asked can be kept in one, and any address can be read."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from django.http import QueryDict
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.finding.addresses import MOST_VALUES, PARAMETERS, parameters, shelf_query
from catalog.finding.asked import FREE, PROPRIETARY, Asked, Band, Local, Sort
from catalog.finding.columns import CONNECTORS, FAMILIES, TOPICS
from catalog.models import ClaimLevel

bands = st.builds(
    lambda low, wide: Band(low * 100, None if wide is None else (low + wide) * 100),
    st.integers(0, 10_000),
    st.none() | st.integers(1, 10_000),
)
words = st.text(max_size=40).map(lambda text: text.replace("\0", " ").strip())
questions = st.builds(
    Asked,
    words=words,
    families=st.frozensets(st.sampled_from(FAMILIES), max_size=3),
    claims=st.frozensets(st.sampled_from(TOPICS), max_size=3),
    level=st.sampled_from(ClaimLevel.values),
    connectors=st.frozensets(st.sampled_from(CONNECTORS), max_size=2),
    licences=st.frozensets(st.sampled_from([FREE, PROPRIETARY, "MIT", "GPL-2.0+ (or later)"]), max_size=3),
    prices=st.frozensets(bands, max_size=3),
    local=st.sampled_from(list(Local)),
    used_alike=st.booleans(),
    for_me=st.booleans(),
    sort=st.sampled_from(list(Sort)),
)
values = st.sampled_from(
    [
        "1",
        "osb",
        "gis",
        "rgaa",
        "verified",
        "prix",
        "region",
        "200-500",
        "500-",
        "5-2",
        "-5",
        "0-0",
        "MIT",
        "\0",
    ]
) | st.text(max_size=12)
junk = st.lists(st.tuples(st.sampled_from([*PARAMETERS, "page", "insee", "x"]), values), max_size=12)


def read(pairs) -> object:
    return shelf_query(QueryDict(urlencode(pairs)))


@given(asked=questions, insee=st.sampled_from(["", "35238", "2A004"]))
def test_whatever_is_asked_is_read_again_from_its_address(asked, insee):
    query = read(parameters(asked, insee=insee))
    assert (query.asked, query.insee, query.page) == (asked, insee, 1)


@given(asked=questions)
def test_the_exact_words_are_kept_with_them(asked):
    asked = replace(asked, words=asked.words or "cantine")
    exact = read([*parameters(asked), ("exact", "1")]).asked
    assert exact.exact
    assert read(parameters(exact)).asked == exact
    assert "exact" not in dict(parameters(read([("exact", "1")]).asked))


@given(pairs=junk)
@example(pairs=[("famille", "gis")] * 999)
@example(pairs=[("page", "0")])
@example(pairs=[("page", "²")])
@example(pairs=[("prix", "٣-٥")])
def test_any_address_is_read_and_leads_to_one_that_asks_the_same(pairs):
    query = read(pairs)
    assert query.page >= 1
    assert len(query.insee) <= 5
    again = read(parse_qsl(query.address("/x/").partition("?")[2], keep_blank_values=True))
    assert again.asked == query.asked
    assert {name for name, _ in parameters(query.asked)} <= set(PARAMETERS)


def test_no_more_values_of_one_parameter_than_any_page_offers():
    licences = [("licence", f"L{number}") for number in range(MOST_VALUES + 5)]
    assert len(read(licences).asked.licences) == MOST_VALUES


def test_the_shortest_address():
    query = read([("tri", "recommande"), ("niveau", "documented"), ("q", "  "), ("page", "3")])
    assert (query.address("/x/"), query.page) == ("/x/", 3)
    assert query.address("/x/", families=frozenset({"gis"})) == "/x/?famille=gis"
