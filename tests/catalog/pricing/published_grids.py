"""Real price grids that French bodies have published, as test vectors.

Each is written as published; what the publication leaves out is said, and is never filled in with a guess.
"""

# CDG38 (centre de gestion de l'Isère), dematerialisation platform, 2014: first year / following years.
# Source: fr.doczz.net/doc/4180261
_CDG38_AMOUNTS = [("52", "36"), ("227", "158"), ("524", "364"), ("1049", "727"), ("1748", "1212")]

CDG38_COMMUNES = {
    "pattern": "flat_by_stratum",
    "measure": "inhabitants",
    # The publication does not say which population: totale is what the law means when nothing is said.
    "population_kind": "totale",
    "strata": [
        {"lower": lower, "upper": upper, "first_year_amount": first, "amount": following}
        for (lower, upper), (first, following) in zip(
            [(None, 1500), (1501, 5000), (5001, 10000), (10001, 20000), (20001, None)],
            _CDG38_AMOUNTS,
            strict=True,
        )
    ],
}

# Other members go by agents. Published: "<50", "51–100", "101–350"; nothing for exactly 50, nor above 350.
CDG38_AGENTS_AS_PRINTED = {
    "pattern": "flat_by_stratum",
    "measure": "agents",
    "strata": [
        {"upper": 50, "upper_inclusive": False, "first_year_amount": "227", "amount": "158"},
        {"lower": 51, "upper": 100, "first_year_amount": "524", "amount": "364"},
        {"lower": 101, "upper": 350, "first_year_amount": "1049", "amount": "727"},
    ],
}

# The same with both omissions declared: no price is invented for 50 agents nor above 350.
CDG38_AGENTS = {
    **CDG38_AGENTS_AS_PRINTED,
    "strata": [
        *CDG38_AGENTS_AS_PRINTED["strata"],
        {"lower": 50, "upper": 50, "amount": None},
        {"lower": 350, "lower_inclusive": False, "amount": None},
    ],
}

CDG38 = {"pattern": "by_member_type", "grids": {"commune": CDG38_COMMUNES}, "otherwise": CDG38_AGENTS}

# SPL-Xdemat base pack, 2017, net of VAT. Known: 75 € under 200 inhabitants, 900 € from 5 000 to 10 000.
# The middle and the top exist but were not found in print: declared without amount.
# Source: uniondroitecentre54.fr/?p=2431
SPL_XDEMAT = {
    "pattern": "flat_by_stratum",
    "measure": "inhabitants",
    "population_kind": "totale",
    "strata": [
        {"upper": 200, "upper_inclusive": False, "amount": "75"},
        {"lower": 200, "upper": 5000, "upper_inclusive": False, "amount": None},
        {"lower": 5000, "upper": 10000, "amount": "900"},
        {"lower": 10000, "lower_inclusive": False, "amount": None},
    ],
}

# ATIP67 (Bas-Rhin), 2018. The département pays 1 € an inhabitant capped at the sum of the others: that
# depends on the other members, not on the buyer, and is left out. Source: atip67.fr, "devenir membre"
ATIP67 = {
    "pattern": "by_member_type",
    "grids": {
        "commune": {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "1", "cap": "5000"},
        "epci_with_own_tax": {
            "pattern": "fixed_plus_variable",
            "population_kind": "totale",
            "fixed": "5000",
            "included": 15000,
            "rate": "0.25",
        },
        "epci_without_own_tax": {"pattern": "flat_by_stratum", "strata": [{"amount": "1000"}]},
    },
}

# Inforoutes (Ardèche), 2010: the same rate for everybody.
INFOROUTES = {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "1.10"}

ALL = {"cdg38": CDG38, "spl_xdemat": SPL_XDEMAT, "atip67": ATIP67, "inforoutes": INFOROUTES}
