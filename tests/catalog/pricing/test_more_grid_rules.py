"""Grids of units, groups and parts that must be refused, and the sentence that says what to mend."""

from datetime import date
from decimal import Decimal

import pytest

from catalog.pricing import Facts, parse_grid

from .helpers import quote
from .more_grids import (
    ADHESION,
    BUDGET_STRATA,
    COLLEGES,
    COUNTERS,
    COVERED,
    EPCI,
    PER_INHABITANT,
    POOLED,
    SOLIDARITY,
    SUM,
    TWO_YEARS,
    WORKSTATIONS,
)
from .test_grid_rules import errors

MUNICIPALE = {**PER_INHABITANT, "population_kind": "municipale"}


def bands(*rows, **others):
    return {**WORKSTATIONS, "bands": list(rows), **others}


def parts(*named, **others):
    return {"pattern": "sum_of", "parts": [{"name": name, "grid": grid} for name, grid in named], **others}


def test_strata_of_budget_have_neither_gap_nor_overlap_and_say_euros():
    low, middle, _ = BUDGET_STRATA["strata"]
    last = {"lower": 3_000_000, "amount": "600"}
    assert errors({**BUDGET_STRATA, "strata": [low, middle, last]}) == [
        "Aucune strate ne couvre 2 000 000 à 2 999 999 € de budget : ajoutez une strate ou corrigez les "
        "bornes (« jusqu’à » et « moins de » diffèrent)."
    ]
    assert errors({**BUDGET_STRATA, "strata": [low, middle, {"lower": 500_000, "amount": "1"}]}) == [
        "Deux strates se recouvrent à partir de 500 000 € de budget : corrigez leurs bornes.",
        "Deux strates se recouvrent à partir de 500 001 € de budget : corrigez leurs bornes.",
    ]


@pytest.mark.parametrize("bound", ["500 000", "500000", "500 000,00", 500_000.0])
def test_a_bound_typed_as_a_text_is_refused(bound):
    low, *others = BUDGET_STRATA["strata"]
    assert errors({**BUDGET_STRATA, "strata": [{**low, "upper": bound}, *others]}) == [
        "Strate 1, borne haute : écrivez un nombre entier, sans guillemets."
    ]


def test_an_unknown_measure_names_those_that_exist():
    assert errors({**BUDGET_STRATA, "measure": "beds"}) == [
        "Unité de mesure des strates : valeur non reconnue, choisissez parmi "
        "« inhabitants », « agents », « budget » ou « member_communes »."
    ]


def test_bands_end_once_each_and_the_last_is_open():
    assert errors(bands({"up_to": 10, "coefficient": "1"}, {"up_to": 10, "coefficient": "0.5"})) == [
        "Deux paliers s’arrêtent à 10 postes de travail, gardez-en un.",
        "Laissez le dernier palier ouvert (sans borne haute).",
    ]
    assert errors({**POOLED, "tiers": []}) == ["Le barème n’a aucun palier, ajoutez-en un."]
    assert errors({**POOLED, "tiers": [{"rate": "1"}, {"rate": "2"}]}) == [
        "Deux paliers sont sans borne haute, gardez-en un."
    ]


def test_a_band_has_a_coefficient_or_a_price_of_its_own():
    both = {"coefficient": "1", "unit_price": "5"}
    assert errors(bands({"up_to": 10}, both)) == [
        "Palier 1 : donnez soit un coefficient, soit un prix par unité.",
        "Palier 2 : donnez soit un coefficient, soit un prix par unité.",
    ]
    assert errors(bands({"coefficient": "1"}, unit_price=None)) == [
        "Indiquez le prix par unité auquel les coefficients s’appliquent."
    ]
    assert errors(bands({"coefficient": "0.12345"}, unit_price="0.1233")) == [
        "0,1233 € × 0,12345 donne plus de 8 décimales : écrivez moins de décimales."
    ]
    assert errors(bands({"coefficient": "-1"})) == [
        "Palier 1, coefficient : un montant ne peut pas être négatif."
    ]


def test_bands_say_how_they_count():
    assert errors({key: value for key, value in WORKSTATIONS.items() if key != "counting"}) == [
        "Indiquez si toutes les unités sont au prix du palier atteint (all_units) ou si chaque unité est au "
        "prix de son palier (marginal)."
    ]


def test_a_unit_has_a_price_and_a_name_when_it_is_another():
    assert errors({"pattern": "per_unit", "unit": "workstation"}) == ["Indiquez le prix par unité."]
    nameless = "Nommez l’unité comptée (unit_name) si elle est d’une autre sorte, et alors seulement."
    assert errors({**COUNTERS, "unit_name": None}) == [nameless]
    assert errors({**WORKSTATIONS, "unit_name": "poste"}) == [nameless]
    assert errors({**COUNTERS, "unit_name": " guichet"}) == [
        "Nom de l’unité : retirez les espaces au début et à la fin, et les retours à la ligne."
    ]
    assert errors({**COUNTERS, "unit_name": "x" * 41}) == ["Nom de l’unité : écrivez 40 caractères au plus."]
    assert errors({**COUNTERS, "unit": "bed"}) == [
        "Sorte d’unité : valeur non reconnue, choisissez parmi "
        "« workstation », « agent », « gigabyte », « covered_commune », « covered_inhabitant » ou « other »."
    ]


def test_a_total_is_shared_over_somebody():
    assert errors({**SOLIDARITY, "points": "0"}) == [
        "La somme des points est nulle, indiquez la somme des populations pondérées des membres."
    ]


@pytest.mark.parametrize("field", ["fixed", "per_commune", "rate"])
def test_no_price_is_negative(field):
    (error,) = errors({**EPCI, field: "-1"})
    assert error.endswith("un montant ne peut pas être négatif.")


def test_parts_have_names_that_differ_and_errors_say_whose():
    assert errors(parts()) == ["Le barème n’a aucune partie, ajoutez-en une."]
    assert errors(parts(("Socle", PER_INHABITANT), ("Socle", PER_INHABITANT))) == [
        "Deux parties s’appellent « Socle », renommez-en une."
    ]
    found = errors(parts(("", PER_INHABITANT), ("Usage", {**PER_INHABITANT, "rate": "x"})))
    assert found[0] == "Partie 1, nom : à renseigner."
    assert found[1].startswith("Partie 2, barème, prix par habitant : « x » n’est pas un montant")


@pytest.mark.parametrize(
    "grid",
    [
        parts(("Socle", PER_INHABITANT), ("Usage", MUNICIPALE)),
        {**ADHESION, "recurring": MUNICIPALE},
        {**TWO_YEARS, "first_year": MUNICIPALE},
    ],
)
def test_one_price_counts_one_population(grid):
    assert errors(grid) == [
        "Les parties du barème comptent la population municipale et la population totale, "
        "choisissez-en une seule."
    ]


def test_wrappings_stand_in_one_order():
    (error,) = errors(parts(("Socle", SUM)))
    assert error.startswith(
        "Partie 1, barème : le modèle « sum_of » n’existe pas ici, choisissez parmi flat_"
    )
    (error,) = errors({**COVERED, "grid": COVERED})
    assert error.startswith("Barème : le modèle « covered_by_epci » n’existe pas ici")
    (error,) = errors({**ADHESION, "adhesion": ADHESION})
    assert error.startswith("Adhésion : le modèle « adhesion_and_recurring » n’existe pas ici")


def test_colleges_are_named():
    assert errors({"pattern": "by_college", "colleges": {}}) == ["Indiquez le barème d’au moins un collège."]
    assert errors({"pattern": "by_college", "colleges": {" ": PER_INHABITANT}}) == [
        "Un collège est sans nom, nommez-le."
    ]
    (error,) = errors({**COLLEGES, "colleges": {"A": {**PER_INHABITANT, "cap": "-5"}}})
    assert error == "Collège « A », plafond : un montant ne peut pas être négatif."


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": -1},
        {"member_communes": -1},
        {"units": {"workstation": -1}},
        {"solidarity_coefficient": Decimal(-1)},
        {"solidarity_coefficient": Decimal("NaN")},
    ],
)
def test_facts_are_never_negative(wrong):
    with pytest.raises(ValueError, match=r"negative|zero or more"):
        Facts(on=date(2026, 1, 1), population=None, **wrong)


@pytest.mark.parametrize(
    "wrong", [{"budget": 1.0}, {"units": {"workstation": True}}, {"solidarity_coefficient": 1.0}]
)
def test_facts_are_never_floats(wrong):
    with pytest.raises(TypeError, match="must be a"):
        Facts(on=date(2026, 1, 1), population=None, **wrong)


def test_facts_can_still_be_a_key():
    one = Facts(on=date(2026, 1, 1), population=None, units={"workstation": 1})
    other = Facts(on=date(2026, 1, 1), population=None, units={"workstation": 2})
    assert hash(one) == hash(other)
    assert one != other


def test_a_stored_grid_with_everything_is_read_again():
    grid = parse_grid(COLLEGES)
    assert quote(grid.model_dump(mode="json"), 860, college="petites communes").total_cents == 64_500
