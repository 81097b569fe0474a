"""Grids that must be refused, and the sentence that says what to mend."""

import pytest

from catalog.pricing import GridInvalid, PricingError, parse_grid

from .helpers import plain, quote


def errors(grid) -> list[str]:
    with pytest.raises(GridInvalid) as refusal:
        parse_grid(grid)
    assert refusal.value.code == "grid_invalid"
    return [plain(error) for error in refusal.value.errors]


def strata(*rows, **others):
    return {"pattern": "flat_by_stratum", "population_kind": "totale", "strata": list(rows), **others}


def per_inhabitant(**fields):
    return {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "1", **fields}


def tranches(*rows):
    return {"pattern": "marginal_tranches", "population_kind": "totale", "tranches": list(rows)}


def test_a_gap_of_one_inhabitant_is_found_and_named():
    assert errors(
        strata({"upper": 500, "upper_inclusive": False, "amount": "1"}, {"lower": 501, "amount": "2"})
    ) == [
        "Aucune strate ne couvre 500 habitants : ajoutez une strate ou corrigez les bornes "
        "(« jusqu’à » et « moins de » diffèrent)."
    ]


def test_a_wide_gap_names_both_ends():
    (error,) = errors(strata({"upper": 500, "amount": "1"}, {"lower": 2001, "amount": "2"}))
    assert error.startswith("Aucune strate ne couvre 501 à 2 000 habitants : ")


@pytest.mark.parametrize(
    "second", [{"lower": 500, "amount": "2"}, {"lower": 499, "lower_inclusive": False, "amount": "2"}]
)
def test_an_overlap_of_one_inhabitant_is_found(second):
    assert errors(strata({"upper": 500, "amount": "1"}, second)) == [
        "Deux strates se recouvrent à partir de 500 habitants : corrigez leurs bornes."
    ]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"upper": 500}, {"lower": 501}),
        ({"upper": 500}, {"lower": 500, "lower_inclusive": False}),
        ({"upper": 501, "upper_inclusive": False}, {"lower": 501}),
        ({"upper": 501, "upper_inclusive": False}, {"lower": 500, "lower_inclusive": False}),
    ],
)
def test_the_four_ways_to_write_the_same_bound_give_the_same_prices(first, second):
    grid = strata({**first, "amount": "1"}, {**second, "amount": "2"})
    assert quote(grid, 500).total_cents == 100
    assert quote(grid, 501).total_cents == 200


def test_an_overlap_with_an_open_stratum_in_the_middle_is_found():
    assert "Deux strates se recouvrent à partir de 900 habitants : corrigez leurs bornes." in errors(
        strata({"upper": 500, "amount": "1"}, {"lower": 501, "amount": "2"}, {"lower": 900, "amount": "3"})
    )


def test_a_stratum_inside_another_is_one_overlap_and_no_gap():
    assert errors(
        strata(
            {"upper": 500, "amount": "1"},
            {"lower": 100, "upper": 200, "amount": "2"},
            {"lower": 501, "amount": "3"},
        )
    ) == ["Deux strates se recouvrent à partir de 100 habitants : corrigez leurs bornes."]


def test_the_last_stratum_must_be_open():
    assert errors(strata({"upper": 500, "amount": "1"}, {"lower": 501, "upper": 9000, "amount": "2"})) == [
        "Au-delà de 9 000 habitants, rien n’est prévu : "
        "laissez la dernière strate ouverte (sans borne haute)."
    ]


def test_the_first_stratum_may_start_at_zero_or_one_inhabitant_but_not_later():
    for first in ({}, {"lower": 0}, {"lower": 1}, {"lower": 0, "lower_inclusive": False}):
        grid = strata({**first, "upper": 500, "amount": "1"}, {"lower": 501, "amount": "2"})
        assert quote(grid, 1).total_cents == 100
    (error,) = errors(strata({"lower": 2, "upper": 500, "amount": "1"}, {"lower": 501, "amount": "2"}))
    assert error.startswith("Aucune strate ne couvre 0 à 1 habitant : ")


def test_agents_start_at_zero():
    grid = strata({"lower": 1, "upper": 5, "amount": "1"}, {"lower": 6, "amount": "2"}, measure="agents")
    (error,) = errors(grid)
    assert error.startswith("Aucune strate ne couvre 0 agent : ")


def test_a_single_open_stratum_from_one_is_a_lump_sum():
    grid = {"pattern": "flat_by_stratum", "strata": [{"lower": 1, "amount": "10"}]}
    assert quote(grid, 860).total_cents == quote(grid, None).total_cents == 1000


@pytest.mark.parametrize(
    "row",
    [
        {"lower": 5, "upper": 4},
        {"upper": 0, "upper_inclusive": False},
        {"lower": 3, "upper": 3, "lower_inclusive": False},
    ],
)
def test_an_empty_stratum_is_refused(row):
    assert errors(strata({**row, "amount": "1"}, {"lower": 6, "amount": "2"})) == [
        "Strate 1 : la strate ne contient personne, corrigez ses bornes."
    ]


def test_an_amount_must_be_written_even_when_it_is_not_published():
    assert errors(strata({"upper": 500}, {"lower": 501, "amount": "2"})) == [
        "Strate 1, montant : à renseigner."
    ]
    assert errors(strata({"upper": 500, "amount": None}, {"lower": 501, "amount": None})) == [
        "Aucune strate n’a de montant, indiquez-en au moins un."
    ]


def test_first_year_amounts_are_for_all_strata_or_none():
    low = {"upper": 500, "amount": "1", "first_year_amount": "2"}
    assert errors(strata(low, {"lower": 501, "amount": "2"})) == [
        "Le montant de première année manque dans certaines strates, complétez-les ou retirez-le."
    ]
    (error,) = errors(strata({**low, "amount": None}, {"lower": 501, "amount": "2"}))
    assert error.startswith("Strate 1 : un montant de première année est donné sans")


def test_a_grid_counting_inhabitants_says_which_population():
    rows = [{"upper": 500, "amount": "1"}, {"lower": 501, "amount": "2"}]
    assert errors({"pattern": "flat_by_stratum", "strata": rows}) == [
        "Indiquez la sorte de population comptée (municipale, totale ou dgf)."
    ]
    assert errors({"pattern": "per_inhabitant", "rate": "1"}) == ["Sorte de population : à renseigner."]
    assert errors(per_inhabitant(population_kind="légale")) == [
        "Sorte de population : valeur non reconnue, choisissez parmi « municipale », « totale » ou « dgf »."
    ]


@pytest.mark.parametrize("amount", [0.75, 1, True, None, ["1"]])
def test_an_amount_is_never_a_json_number(amount):
    assert errors(per_inhabitant(rate=amount)) == [
        "Prix par habitant : écrivez le montant entre guillemets, par exemple « 0.75 », "
        "et non comme un nombre."
    ]


@pytest.mark.parametrize(
    "amount", ["", " 1", "1 ", "1\n", "0,75", "1e3", "NaN", "Infinity", "+1", "1_000", "٣", "1.", ".5"]
)
def test_an_amount_is_plain_digits(amount):
    (error,) = errors(per_inhabitant(rate=amount))
    assert "n’est pas un montant en euros" in error


@pytest.mark.parametrize("amount", ["0.123456789", "1000000000000"])
def test_an_amount_has_8_decimals_and_12_digits_at_most(amount):
    assert len(errors(per_inhabitant(rate=amount))) == 1


@pytest.mark.parametrize("field", ["rate", "minimum", "cap"])
def test_a_negative_amount_is_refused(field):
    (error,) = errors(per_inhabitant(**{field: "-0.01"}))
    assert error.endswith("un montant ne peut pas être négatif.")


def test_minimum_above_cap_is_refused():
    assert errors(per_inhabitant(minimum="50.01", cap="50")) == [
        "Le minimum (50,01 €) dépasse le plafond (50,00 €), corrigez l’un des deux."
    ]
    assert quote(per_inhabitant(minimum="50", cap="50"), 860).total_cents == 5000


def test_tranches_end_once_each_and_the_last_is_open():
    assert errors(tranches({"up_to": 1000, "rate": "1"}, {"up_to": 1000, "rate": "2"})) == [
        "Deux tranches s’arrêtent à 1 000 habitants, gardez-en une.",
        "Laissez la dernière tranche ouverte (sans borne haute).",
    ]
    assert errors(tranches({"rate": "1"}, {"rate": "2"})) == [
        "Deux tranches sont sans borne haute, gardez-en une."
    ]
    assert errors(tranches()) == ["Le barème n’a aucune tranche, ajoutez-en une."]
    assert errors(tranches({"up_to": 0, "rate": "1"}, {"rate": "1"})) == [
        "Tranche 1, borne haute de la tranche : le nombre doit être au moins 1."
    ]


@pytest.mark.parametrize("bound", ["500", 500.0, 500.5, True])
def test_a_bound_is_a_whole_number(bound):
    assert errors(strata({"upper": bound, "amount": "1"}, {"lower": 501, "amount": "2"})) == [
        "Strate 1, borne haute : écrivez un nombre entier, sans guillemets."
    ]


def test_a_misspelt_field_is_not_ignored():
    assert errors(per_inhabitant(plafond="5000")) == ["« plafond » : champ inconnu, retirez-le."]


def test_only_yearly_amounts_for_now():
    assert errors(per_inhabitant(period="month")) == [
        "Période : valeur non reconnue, choisissez parmi « year »."
    ]


@pytest.mark.parametrize("grid", [{}, {"pattern": None}, {"pattern": "per_agent"}, {"pattern": 3}])
def test_an_unknown_pattern_lists_the_known_ones(grid):
    (error,) = errors(grid)
    assert "per_inhabitant (prix par habitant)" in error


@pytest.mark.parametrize("grid", [None, [], "per_inhabitant", 3])
def test_something_else_than_an_object_is_refused(grid):
    assert errors(grid) == ["Le barème doit être un objet avec des champs nommés."]


def test_member_types_hold_simple_grids_only_and_errors_say_whose():
    inner = {"pattern": "by_member_type", "grids": {"commune": per_inhabitant()}}
    found = errors(
        {"pattern": "by_member_type", "grids": {"commune": per_inhabitant(rate="x"), "epci": inner}}
    )
    assert found[0].startswith("Adhérent « commune », prix par habitant : « x » n’est pas un montant")
    assert found[1].startswith("Adhérent « epci » : le modèle « by_member_type » n’existe pas ici")
    assert errors({"pattern": "by_member_type", "grids": {}}) == [
        "Indiquez le barème d’au moins un type d’adhérent."
    ]
    assert errors({"pattern": "by_member_type", "grids": {" ": per_inhabitant()}}) == [
        "Un type d’adhérent est sans nom, nommez-le."
    ]


def test_every_problem_is_told_at_once():
    found = errors(strata({"upper": "x", "amount": "-1"}, {"lower": 5, "amount": 2.5, "prix": "3"}))
    assert len(found) == 4


def test_a_refused_grid_is_a_pricing_error_whose_text_holds_every_sentence():
    with pytest.raises(PricingError) as refusal:
        parse_grid(per_inhabitant(rate="-1", cap="-1"))
    assert all(sentence in str(refusal.value) for sentence in refusal.value.errors)
    assert len(refusal.value.errors) == 2


def test_a_parsed_grid_cannot_be_changed():
    grid = parse_grid(per_inhabitant())
    with pytest.raises(ValueError, match="frozen"):
        grid.rate = "2"
