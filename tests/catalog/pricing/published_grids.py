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

# ATIP67 (Bas-Rhin), 2018. The département pays 1 € an inhabitant capped at the sum of what the others pay: an
# amount the body knows when it publishes the year's grid, and that was not found in print.
# Source: atip67.fr, "devenir membre"
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


def atip67_of_the_year(sum_of_the_others: str) -> dict:
    """With the département, whose cap is the sum of the others in euros, given as data."""
    departement = {
        "pattern": "per_inhabitant",
        "population_kind": "totale",
        "rate": "1",
        "cap": sum_of_the_others,
    }
    return {**ATIP67, "grids": {**ATIP67["grids"], "departement": departement}}


# Inforoutes (Ardèche), 2010: the same rate for everybody; an EPCI that joins covers its communes.
INFOROUTES = {
    "pattern": "covered_by_epci",
    "grid": {"pattern": "per_inhabitant", "population_kind": "totale", "rate": "1.10"},
}

# SYDER (Rhône): a fixed part by the population frozen at the start of the municipal mandate, and a variable
# part for each competence. The amounts were not found in print. Source: syder.fr, "le budget du SYDER"
SYDER = {
    "pattern": "sum_of",
    "parts": [
        {
            "name": "Part fixe",
            "grid": {"pattern": "not_published", "note": "selon la population au début du mandat"},
        },
        {"name": "Part variable", "grid": {"pattern": "not_published", "note": "selon les compétences"}},
    ],
}

# ARNia (GIP, Bourgogne-Franche-Comté): adhesion, then base services, by college and by stratum of budget.
# Neither amounts nor bounds were found in print. Source: ternum-bfc.fr, "adhérer à l'ARNia"
_ARNIA_COLLEGE = {
    "pattern": "adhesion_and_recurring",
    "adhesion": {"pattern": "not_published", "note": "selon la strate de budget"},
    "recurring": {
        "pattern": "sum_of",
        "parts": [
            {"name": "Services de base", "grid": {"pattern": "not_published", "note": "selon le budget"}},
            {"name": "Services à la carte", "grid": {"pattern": "not_published", "note": "à l’unité"}},
        ],
    },
}
ARNIA = {"pattern": "by_college", "colleges": {"communes": _ARNIA_COLLEGE, "epci": _ARNIA_COLLEGE}}

# ADULLACT, 2017: an EPCI pays by its inhabitants and the number of its communes, instead of being counted
# twice. The amounts were not found in print. Source: adullact.org, brève 680
ADULLACT = {
    "pattern": "by_member_type",
    "grids": {
        "epci": {
            "pattern": "sum_of",
            "parts": [
                {"name": "Communes membres", "grid": {"pattern": "not_published"}},
                {"name": "Habitants", "grid": {"pattern": "not_published"}},
            ],
        }
    },
}

ALL = {
    "cdg38": CDG38,
    "spl_xdemat": SPL_XDEMAT,
    "atip67": ATIP67,
    "inforoutes": INFOROUTES,
    "syder": SYDER,
    "arnia": ARNIA,
    "adullact": ADULLACT,
}
