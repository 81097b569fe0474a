"""A grid asks for the numbers that its price needs, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import counted, counts_as_facts, grid_of, parse_grid

from .strategies import every_grid, others
from .test_more_properties import answer
from .test_properties import people


@given(every_grid, people, others, st.data())
def test_whoever_answers_is_never_told_that_a_number_is_missing(grid, count, known, data):
    asked = counted(grid_of(parse_grid(grid), member_type=known["member_type"], college=known["college"]))
    counts = {one.name: data.draw(st.integers(0, 400_000)) for one in asked}
    known = {name: value for name, value in known.items() if name not in ("agents", "budget", "units")}
    found = answer(grid, count, **known, **counts_as_facts(counts))
    assert not isinstance(found, tuple) or found[0] not in (
        "agents_unknown",
        "budget_unknown",
        "units_unknown",
    )


DESK = {"pattern": "per_unit", "unit": "other", "unit_name": "écran", "unit_price": "5"}
AGENTS = {"pattern": "per_unit", "unit": "agent", "unit_price": "30"}
INHABITANTS = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "0.30"}


@pytest.mark.parametrize(
    ("definition", "questions"),
    [
        (INHABITANTS, []),
        ({"pattern": "flat_by_stratum", "measure": "agents", "strata": [{"amount": "9"}]}, []),
        (AGENTS, ["nombre d’agents"]),
        (DESK, ["nombre d’écrans"]),
        (
            {"pattern": "adhesion_and_recurring", "adhesion": AGENTS, "recurring": INHABITANTS},
            ["nombre d’agents"],
        ),
        (
            {
                "pattern": "sum_of",
                "parts": [
                    {"name": "Socle", "grid": AGENTS},
                    {"name": "Poste", "grid": {**DESK, "unit": "workstation", "unit_name": None}},
                    {"name": "Aide", "grid": AGENTS},
                ],
            },
            ["nombre d’agents", "nombre de postes de travail"],
        ),
    ],
)
def test_the_questions_of_a_grid(definition, questions):
    asked = counted(parse_grid(definition))
    assert [one.question for one in asked] == questions
