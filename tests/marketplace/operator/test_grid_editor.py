"""The editor of grids, without a page: every grid goes through it unharmed, each mistake is told in place."""

import pytest
from hypothesis import given, settings

from catalog import pricing
from catalog.pricing import parse_grid
from marketplace.web.operator.grids.forms import drawn, mistakes
from marketplace.web.operator.grids.nodes import (
    Node,
    add_entry,
    choose,
    drop_entry,
    new_node,
    node_of,
    node_of_post,
)
from marketplace.web.operator.grids.patterns import ANY, PATTERNS
from marketplace.web.operator.grids.reading import read_node
from tests.catalog.pricing import more_grids, published_grids
from tests.catalog.pricing.strategies import every_grid

GRIDS = {**published_grids.ALL, **more_grids.ALL}


def sent(node: dict) -> dict[str, str]:
    """What a browser sends back of a grid as it is drawn."""
    found = {f"{node['prefix']}.pattern": node["pattern"], f"{node['prefix']}.was": node["pattern"]}
    cells = list(node["fields"])
    if node["rows"]:
        cells += [cell for line in node["rows"]["lines"] for cell in line["cells"]]
    for cell in cells:
        chosen = [choice["value"] for choice in cell["choices"] if choice["selected"]]
        first = cell["choices"][0]["value"] if cell["choices"] else cell["value"]
        found[cell["name"]] = chosen[0] if chosen else first
    for entry in node["entries"]:
        found[entry["name"]] = entry["key"]
        found |= sent(entry["node"])
    for child in node["children"]:
        found |= sent(child)
    return found


def posted(definition: dict) -> Node:
    """The grid, shown in the form and sent back unchanged."""
    shown = drawn(node_of(definition, "g"), colleges=[], legend="Barème")
    return node_of_post(sent(shown), "g", None)


def errors_of(node: Node) -> dict[str, list[str]]:
    return {f"{one.prefix} {where}": texts for one in node.walk() for where, texts in one.errors.items()}


def flat(*strata: tuple[str, str, str], **options) -> Node:
    """Strata as typed: lower bound, upper bound, amount."""
    node = new_node("g", "flat_by_stratum", population_kind="municipale")
    node.rows = [
        {"lower_inclusive": "oui", "lower": low, "upper_inclusive": options.get("high", "oui"), "upper": high,
         "amount": amount, "first_year_amount": ""}
        for low, high, amount in strata
    ]  # fmt: skip
    return node


@pytest.mark.parametrize("name", GRIDS)
def test_a_published_grid_goes_through_the_form(name):
    node = posted(GRIDS[name])
    _, grid = read_node(node)
    assert errors_of(node) == {}
    assert grid == parse_grid(GRIDS[name])


@settings(max_examples=60)
@given(definition=every_grid)
def test_any_grid_goes_through_the_form(definition):
    node = posted(definition)
    _, grid = read_node(node)
    assert errors_of(node) == {}
    assert grid == parse_grid(definition)


def test_every_pattern_of_the_engine_has_a_form():
    assert set(PATTERNS) == set(pricing.PATTERNS) == set(ANY)


def test_bounds_and_amounts_as_people_type_them():
    node = flat(("", "1 500", "1 501"), ("1501 habitants", "5 000", "0,75 €"), ("", "", "sur demande"))
    definition, _ = read_node(node)
    assert definition["strata"] == [
        {"lower_inclusive": True, "upper_inclusive": True, "upper": 1500, "amount": "1501"},
        {"lower_inclusive": True, "lower": 1501, "upper_inclusive": True, "upper": 5000, "amount": "0.75"},
        {"lower_inclusive": True, "lower": 5001, "upper_inclusive": True, "amount": None},
    ]


def test_less_than_is_not_up_to():
    node = flat(("", "3 500", "100"), ("", "", "200"), high="non")
    definition, _ = read_node(node)
    assert definition["strata"][1]["lower"] == 3500


@pytest.mark.parametrize(
    ("strata", "where", "words"),
    [
        ([("", "500", "100"), ("601", "", "200")], "g 1", "Rien n’est prévu avant"),
        ([("", "500", "100"), ("400", "", "200")], "g 1", "Recouvre la strate"),
        ([("", "500", "-12"), ("", "", "200")], "g 0.amount", "négatif"),
        ([("", "cinq cents", "100"), ("", "", "200")], "g 0.upper", "n’est pas un nombre entier"),
        ([("", "500", ""), ("", "", "200")], "g 0.amount", "sur demande"),
        ([("", "500", "1.500"), ("", "", "200")], "g 0.amount", "deux façons"),
        ([("", "500", "100"), ("", "2000", "200")], "g ", "Au-delà de 2\u202f000 habitants"),
        ([("800", "500", "100")], "g 0", "ne contient personne"),
        ([], "g ", "aucune strate"),
    ],
)
def test_a_mistake_is_told_where_it_was_typed(strata, where, words):
    node = flat(*strata)
    assert read_node(node) == (None, None)
    assert words in " ".join(errors_of(node)[where])
    assert any(words in told["text"] for told in mistakes(node))


def test_a_mistake_inside_a_grid_inside_a_grid():
    node = new_node("g", "by_member_type", population_kind="totale")
    node.entries[0].key = "commune"
    inner = node.entries[0].node
    choose(inner, "per_inhabitant", population_kind="totale")
    inner.typed |= {"rate": "0,75", "minimum": "500", "cap": "100"}
    add_entry(node)
    node.entries[1].key = "commune"
    choose(node.entries[1].node, "not_published", population_kind="totale")
    read_node(node)
    assert "« commune » est déjà donné" in errors_of(node)["g e1"][0]
    node.entries[1].key = "epci"
    for one in node.walk():
        one.errors = {}
    read_node(node)
    assert "dépasse le plafond" in errors_of(node)["g.e.0.g "][0]
    [told] = mistakes(node)
    assert told["text"].startswith("commune")
    inner.typed["cap"] = ""
    inner.errors = {}
    definition, _ = read_node(node)
    assert definition["grids"]["epci"] == {"pattern": "not_published"}


def test_removing_a_grid_moves_the_next_ones():
    node = node_of(
        {
            "pattern": "by_member_type",
            "grids": {"commune": {"pattern": "not_published"}, "epci": more_grids.ALL["everything"]},
        },
        "g",
    )
    drop_entry(node, 0)
    assert node.entries[0].key == "epci"
    assert node.entries[0].node.prefix == "g.e.0.g"
    assert all(one.prefix.startswith(("g.e.0.g", "g.c.")) for one in list(node.walk())[1:])


def test_what_has_no_form_is_kept():
    """A pattern that the engine learns tomorrow, and that nobody has drawn yet."""
    unknown = {"pattern": "tomorrow", "secret": ["12"]}
    saved = node_of({"pattern": "by_member_type", "grids": {"commune": unknown}}, "g")
    shown = drawn(saved, colleges=[], legend="Barème")
    form = sent(shown) | {"g.e.0.g.kept": "oui", "g.e.0.g.pattern": "tomorrow"}
    again = node_of_post(form, "g", saved)
    assert again.entries[0].node.kept == unknown
    # Somebody cannot bring such a grid from outside.
    assert node_of_post(form, "g", None).entries[0].node.kept is None


def test_nothing_typed_breaks_the_reading():
    for pattern in PATTERNS:
        node = new_node("g", pattern, population_kind="municipale")
        for name in node.typed:
            node.typed[name] = "<b>\u202f'\"; é" * 300
        definition, grid = read_node(node)
        assert (definition, grid) == (None, None) or pattern == "not_published"
        assert drawn(node, colleges=["A"], legend="x")
