"""A filled mould is what the component itself gives, for whatever it is filled with."""

import pytest
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.web.moulds import Fixed, MouldMismatch, moulded

CARD = "components/service_card.html"
WORDS = st.text(max_size=8) | st.sampled_from(["<b>", "&amp;", "\ue0000\ue001", "{{ x }}", "0"])


@st.composite
def cards(draw) -> dict:
    """Cards of every shape, with texts that nobody should type."""
    word = lambda: draw(WORDS)  # noqa: E731
    card = {
        "name": word(), "url": word(), "vendor": word(), "family": word(), "family_icon": word(),
        "summary": word(), "price": draw(prices()),
    }  # fmt: skip
    card["notes"] = [{"icon": word(), "text": word()} for _ in range(draw(st.integers(0, 2)))]
    card["badges"] = [
        {"state": draw(st.sampled_from([Fixed("danger"), Fixed("info")])), "label": word()}
        for _ in range(draw(st.integers(0, 2)))
    ]
    if draw(st.booleans()):
        card["keep"] = {"id": word(), "url": word(), "kept": draw(st.booleans())}
    if draw(st.booleans()):
        card["pick"] = {"name": word(), "value": word(), "form": word()}
    return card


@st.composite
def prices(draw) -> dict:
    state = draw(st.sampled_from([Fixed("priced"), Fixed("unpriced"), Fixed("choose")]))
    keys = {
        "priced": ("ttc", "per_inhabitant", "commune", "population"),
        "unpriced": ("reason", "commune"),
        "choose": ("url",),
    }[state]
    found = {"state": state} | {key: draw(WORDS) for key in keys}
    if state == "priced":
        optional = draw(st.sets(st.sampled_from(["ht", "vat_note", "savings", "first_year"])))
        found |= {key: draw(WORDS) for key in sorted(optional)}
    return found


@settings(max_examples=200)
@given(cards())
def test_filled_as_rendered(card):
    assert moulded(CARD, card=card) == render_to_string(CARD, {"card": card})


def test_markup_stays_markup_and_numbers_are_told():
    note = {"level": Fixed("info"), "text": mark_safe("<em>deux</em>"), "link_url": "", "link_label": ""}
    assert "<em>deux</em>" in moulded("components/alert.html", **note)
    assert "12" in moulded("components/alert.html", **{**note, "text": 12})


def test_a_text_that_the_component_looks_at_must_be_fixed():
    with pytest.raises(MouldMismatch, match="badge"):
        moulded("components/badge.html", state="danger", label="Refusé")
    assert "#error" in moulded("components/badge.html", state=Fixed("danger"), label="Refusé")


def test_what_has_no_text_is_refused():
    with pytest.raises(TypeError, match="a mould takes texts"):
        moulded("components/alert.html", level=Fixed("info"), text=1.5)
