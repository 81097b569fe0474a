"""Contrast, by the formula of WCAG 2.1 and against pairs published elsewhere."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.operators.colours import (
    AA_TEXT,
    WHITE,
    BadColour,
    clean_accent,
    contrast,
    darker,
    lowest_contrast,
)

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#767676", "#ffffff", 4.54),  # the lightest grey that passes AA on white
        ("#777777", "#ffffff", 4.48),  # the darkest that does not
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
        ("#008000", "#ffffff", 5.14),
        ("#ffff00", "#ffffff", 1.07),
        ("#0000ff", "#ffff00", 8.00),
    ],
)
def test_known_pairs(one, other, ratio):
    assert contrast(one, other) == pytest.approx(ratio, abs=0.005)


@given(colours, colours)
def test_contrast_is_symmetric_and_between_1_and_21(one, other):
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21


@given(colours)
def test_what_is_accepted_can_be_read(colour):
    try:
        accepted = clean_accent(colour)
    except BadColour:
        assert lowest_contrast(colour) < AA_TEXT
    else:
        assert accepted == colour
        assert contrast(WHITE, accepted) >= AA_TEXT


@given(colours)
def test_a_darker_tone_always_exists_and_is_accepted(colour):
    tone = darker(colour)
    assert clean_accent(tone) == tone
    assert contrast(tone, WHITE) >= contrast(colour, WHITE) or tone == colour
    if lowest_contrast(colour) >= AA_TEXT:
        assert tone == colour


@given(colours)
def test_a_refusal_says_what_was_found_and_suggests_what_passes(colour):
    if lowest_contrast(colour) >= AA_TEXT:
        return
    with pytest.raises(BadColour) as refusal:
        clean_accent(colour)
    (found,) = re.findall(r"de ([0-9],[0-9]) pour 1", str(refusal.value))
    assert float(found.replace(",", ".")) < AA_TEXT
    suggestion = re.search(r"#[0-9a-f]{6}", str(refusal.value)).group()
    assert clean_accent(suggestion) == suggestion


def test_what_passes_on_white_only_is_refused():
    """Links are also written on the site's own background, and on a tint of the colour."""
    with pytest.raises(BadColour, match="4,0 pour 1"):
        clean_accent("#767676")


@pytest.mark.parametrize("typed", ["#1F5A4C", "  #1f5a4c "])
def test_capitals_and_spaces_are_forgiven(typed):
    assert clean_accent(typed) == "#1f5a4c"


@pytest.mark.parametrize(
    "typed", ["", "1f5a4c", "#fff", "#1f5a4g", "vert", "#1f5a4c;}", "#1f5a4c\n}", "#１f5a4c"]
)
def test_what_is_no_colour_is_refused(typed):
    with pytest.raises(BadColour, match="un dièse et six"):
        clean_accent(typed)
