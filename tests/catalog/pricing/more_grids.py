"""Invented grids of the patterns that no published grid shows in full."""

BUDGET_STRATA = {
    "pattern": "flat_by_stratum",
    "measure": "budget",
    "strata": [
        {"upper": 500_000, "amount": "100"},
        {
            "lower": 500_000,
            "lower_inclusive": False,
            "upper": 2_000_000,
            "upper_inclusive": False,
            "amount": "250",
        },
        {"lower": 2_000_000, "amount": "600.50"},
    ],
}
COMMUNE_STRATA = {
    "pattern": "flat_by_stratum",
    "measure": "member_communes",
    "strata": [{"upper": 10, "amount": "500"}, {"lower": 11, "amount": "900"}],
}
INHABITANT_STRATA = {
    "pattern": "flat_by_stratum",
    "population_kind": "totale",
    "strata": [{"upper": 500, "amount": "90"}, {"lower": 501, "amount": "180"}],
}
WORKSTATIONS = {
    "pattern": "per_unit",
    "unit": "workstation",
    "unit_price": "10",
    "counting": "all_units",
    "bands": [
        {"up_to": 10, "coefficient": "1"},
        {"up_to": 50, "coefficient": "0.8"},
        {"unit_price": "5.125"},
    ],
}
GIGABYTES = {
    "pattern": "per_unit",
    "unit": "gigabyte",
    "counting": "marginal",
    "bands": [
        {"up_to": 10, "unit_price": "0"},
        {"up_to": 100, "unit_price": "0.50"},
        {"unit_price": "0.125"},
    ],
}
COUNTERS = {"pattern": "per_unit", "unit": "other", "unit_name": "guichet", "unit_price": "120"}
AGENTS = {"pattern": "per_unit", "unit": "agent", "unit_price": "3.5"}
EPCI = {
    "pattern": "epci_by_communes",
    "population_kind": "totale",
    "fixed": "250",
    "per_commune": "80",
    "rate": "0.125",
}
POOLED = {
    "pattern": "pooled_volume",
    "population_kind": "totale",
    "tiers": [{"up_to": 50_000, "rate": "0.6"}, {"up_to": 200_000, "rate": "0.45"}, {"rate": "0.3"}],
}
SOLIDARITY = {
    "pattern": "solidarity_key",
    "population_kind": "totale",
    "total": "120000",
    "points": "95000",
}
PER_INHABITANT = {
    "pattern": "per_inhabitant",
    "population_kind": "totale",
    "rate": "0.75",
    "minimum": "50",
    "cap": "5000",
}
SUM = {
    "pattern": "sum_of",
    "parts": [
        {"name": "Socle", "grid": INHABITANT_STRATA},
        {"name": "Comptes", "grid": AGENTS},
        {"name": "Usage", "grid": PER_INHABITANT},
    ],
}
ADHESION = {
    "pattern": "adhesion_and_recurring",
    "adhesion": INHABITANT_STRATA,
    "recurring": PER_INHABITANT,
}
TWO_YEARS = {
    "pattern": "first_year_and_following",
    "first_year": {"pattern": "flat_by_stratum", "strata": [{"amount": "40"}]},
    "following": PER_INHABITANT,
}
COVERED = {"pattern": "covered_by_epci", "grid": ADHESION}
COLLEGES = {
    "pattern": "by_college",
    "colleges": {"petites communes": COVERED, "autres": BUDGET_STRATA},
}
EVERYTHING = {
    "pattern": "by_member_type",
    "grids": {"commune": COLLEGES, "epci": EPCI},
    "otherwise": COUNTERS,
}

ALL = {name.lower(): grid for name, grid in list(globals().items()) if name.isupper()}
