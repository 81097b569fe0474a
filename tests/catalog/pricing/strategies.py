"""Any grid of any pattern, and any facts: for Hypothesis."""

from decimal import Decimal

from hypothesis import strategies as st

from .test_properties import amount, simple, units

UNIT_NAMES = ("workstation", "agent", "gigabyte", "covered_commune", "covered_inhabitant", "guichet")
BUYERS = ("commune", "epci", "syndicat")
COLLEGES = ("petites communes", "autres")


@st.composite
def rows(draw, **values):
    """Rows in any order, each ending somewhere, one open; the same values drawn for each."""
    ends = [*draw(st.lists(st.integers(1, 300_000), unique=True, max_size=4)), None]
    return draw(st.permutations([{"up_to": end, **{k: draw(v) for k, v in values.items()}} for end in ends]))


@st.composite
def strata(draw):
    """By another measure than inhabitants, some strata without a price."""
    ends = sorted(draw(st.lists(st.integers(0, 100_000), unique=True, min_size=1, max_size=4)))
    first_year = draw(st.booleans())
    found = []
    for lower, upper in zip([None, *ends], [*ends, None], strict=True):
        row = {"lower": lower, "lower_inclusive": False, "upper": upper, "amount": None}
        if not found or draw(st.booleans()):
            row["amount"] = amount(draw(units))
            if first_year:
                row["first_year_amount"] = amount(draw(units))
        found.append(row)
    measure = draw(st.sampled_from(["inhabitants", "agents", "budget", "member_communes"]))
    kind = {"population_kind": "totale"} if measure == "inhabitants" else {}
    return {"pattern": "flat_by_stratum", "measure": measure, "strata": found, **kind}


@st.composite
def per_unit(draw):
    unit = draw(st.sampled_from(UNIT_NAMES))
    named = {"unit": "other", "unit_name": unit} if unit == "guichet" else {"unit": unit}
    bands = draw(rows(unit_price=units.map(amount)) | rows(coefficient=st.sampled_from(["0", "0.5", "1"])))
    return {
        "pattern": "per_unit",
        **named,
        "unit_price": f"{draw(st.integers(0, 10_000_000))}.5",
        **draw(st.sampled_from([{}, *({"counting": c, "bands": bands} for c in ("all_units", "marginal"))])),
    }


@st.composite
def group(draw):
    kind = {"population_kind": "totale"}
    return draw(
        st.sampled_from(
            [
                {
                    "pattern": "epci_by_communes",
                    **kind,
                    "fixed": draw(st.none() | units.map(amount)),
                    "per_commune": amount(draw(units)),
                    "rate": amount(draw(units)),
                },
                {"pattern": "pooled_volume", **kind, "tiers": draw(rows(rate=units.map(amount)))},
                {
                    "pattern": "solidarity_key",
                    **kind,
                    "total": amount(draw(units)),
                    "points": amount(draw(st.integers(1, 10**15))),
                },
                {"pattern": "not_published"},
            ]
        )
    )


every_simple = simple | strata() | per_unit() | group()
sums = st.lists(every_simple, min_size=1, max_size=4).map(
    lambda grids: {
        "pattern": "sum_of",
        "parts": [{"name": f"Partie {rank}", "grid": grid} for rank, grid in enumerate(grids)],
    }
)
yearly = every_simple | sums
buyer = (
    yearly
    | st.builds(
        lambda one, two: {"pattern": "first_year_and_following", "first_year": one, "following": two},
        yearly,
        yearly,
    )
    | st.builds(
        lambda one, two: {"pattern": "adhesion_and_recurring", "adhesion": one, "recurring": two},
        every_simple,
        yearly,
    )
)
covered = buyer | buyer.map(lambda grid: {"pattern": "covered_by_epci", "grid": grid})
colleges = covered | st.builds(
    lambda grid: {"pattern": "by_college", "colleges": {"petites communes": grid}}, covered
)
every_grid = colleges | st.builds(
    lambda grid, otherwise: {
        "pattern": "by_member_type",
        "grids": {"commune": grid},
        **({"otherwise": otherwise} if otherwise else {}),
    },
    colleges,
    st.none() | covered,
)

counts = st.none() | st.integers(0, 400_000)
others = st.fixed_dictionaries(
    {
        "first_year": st.booleans(),
        "member_type": st.sampled_from(BUYERS),
        "college": st.sampled_from([None, *COLLEGES]),
        "agents": counts,
        "budget": counts,
        "member_communes": counts,
        "pooled_population": counts,
        "covered_by": st.sampled_from([None, None, "CC du Pays"]),
        "solidarity_coefficient": st.none() | st.integers(0, 50_000).map(lambda n: Decimal(n).scaleb(-4)),
        "units": st.dictionaries(st.sampled_from(UNIT_NAMES), st.integers(0, 400_000)),
    }
)
