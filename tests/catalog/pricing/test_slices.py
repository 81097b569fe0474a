"""The rhythm of a grid, and a year's price cut in slices: whatever the cuts, they sum to it."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import GridInvalid, Quote, parse_grid, rhythm_of, slice_of_year, to_cents
from catalog.pricing.quote import Line
from tests.catalog.pricing.helpers import quote

GRID = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.333"}
SPACES = str.maketrans("\u00a0\u202f", "  ")
MOMENTS = st.lists(
    st.fractions(0, 12, max_denominator=31).filter(lambda one: 0 < one < 12), max_size=20, unique=True
)


def slices(year: Quote, cuts):
    return [
        slice_of_year(year, start=start, end=end) for start, end in pairwise(map(Fraction, [0, *cuts, 12]))
    ]


@given(st.integers(1, 100_000), MOMENTS)
def test_slices_sum_to_the_year_line_by_line_and_to_the_cent(population, moments):
    year = quote(GRID, population)
    found = slices(year, sorted(moments))
    assert sum(one.total_cents for one in found) == year.total_cents
    # And each is within a cent of its own share, whatever was cut before it.
    for one, (start, end) in zip(found, pairwise([Fraction(0), *sorted(moments), Fraction(12)]), strict=True):
        exact = Fraction(year.lines[0].exact_amount()) * 100 * (end - start) / 12
        assert abs(one.total_cents - exact) <= 1
        [line] = one.lines
        assert line.amount_cents == to_cents(line.exact_amount())


def test_a_slice_says_its_calculation_and_its_cent():
    year = quote({"pattern": "flat_by_stratum", "strata": [{"amount": "100"}]}, 860)
    months = slices(year, range(1, 12))
    assert [one.total_cents for one in months] == [833, 834, 833] * 4
    assert months[0].lines[0].steps[-1].translate(SPACES) == "100,00 € × 1 mois / 12 = 8,33 €"
    assert [step.translate(SPACES) for step in months[1].lines[0].steps[-2:]] == [
        "100,00 € × 1 mois / 12 = 8,33 €",
        "0,01 € de plus, soit 8,34 € : les parts de l’année font ensemble son prix",
    ]
    days = slice_of_year(year, start=Fraction(14, 31), end=Fraction(3))
    assert days.lines[0].steps[-1].translate(SPACES) == "100,00 € × (2 + 17/31) mois / 12 = 21,24 €"


def test_a_fee_that_is_owed_once_stays_whole_and_a_year_is_itself():
    fee = Line(
        "adhesion", "Adhésion", *(quote(GRID, 10).lines[0].quantity, "forfait"), 6, 6000, [], one_off=True
    )
    assert slice_of_year(Quote.of(fee), start=Fraction(0), end=Fraction(1)).total_cents == 6000
    year = quote(GRID, 860)
    assert slice_of_year(year, start=Fraction(0), end=Fraction(12)) == year
    for start, end in ((3, 3), (4, 3), (-1, 3), (3, 13)):
        with pytest.raises(ValueError, match="no slice"):
            slice_of_year(year, start=Fraction(start), end=Fraction(end))


def test_a_grid_says_its_rhythm_beside_its_pattern():
    written = {"period": "quarter", "due": "arrears", "anchor": "subscription", "proration": "day"}
    grid = GRID | {"rhythm": written}
    assert parse_grid(grid) == parse_grid(GRID)
    assert rhythm_of(grid).in_words().translate(SPACES) == (
        "Facturé par trimestre à compter de l’ouverture du service, à terme échu ; "
        "ce qui est entamé est dû au prorata des jours"
    )
    assert rhythm_of(GRID) is None
    assert rhythm_of({"rhythm": {"period": "year"}}).in_words().translate(SPACES) == (
        "Facturé par an du calendrier, d’avance ; tout mois commencé est dû"
    )


@pytest.mark.parametrize(
    ("rhythm", "sentence"),
    [
        ("quarter", "Le rythme de facturation doit être un objet avec des champs nommés."),
        ({}, "Période : à renseigner."),
        ({"period": "week"}, "Période : valeur non reconnue"),
        ({"period": "month", "day": 3}, "« day » : champ inconnu, retirez-le."),
        ({"period": ["month"]}, "Le rythme de facturation ne contient que des mots."),
    ],
)
def test_a_rhythm_that_cannot_be_followed_is_refused_with_its_grid(rhythm, sentence):
    with pytest.raises(GridInvalid) as refusal:
        parse_grid(GRID | {"rhythm": rhythm})
    assert refusal.value.errors[0].translate(SPACES).startswith(sentence)
