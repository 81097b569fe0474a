"""Which package the register is made from, and which publication each population comes from.

This is the one place to correct when a reference year or a date proves wrong: rows only name their
source, and the data file carries this table in its header.
"""

from pathlib import Path

PACKAGE = "@etalab/decoupage-administratif"
VERSION = "6.0.0"
INTEGRITY = "sha512-XavYsFlbcM/prKr8hNHPKER94IHw/dsxNM4nxjWMYk6PLFACpEedvn/7wK8Baozm0dCYhWWcf+7bcWpA5pmCaQ=="
INPUT_SHA256 = {
    "communes.json": "6cafec09b4e127d08edc47f366b28261bee70cca323fbfcb957dd169fcad9284",
    "departements.json": "1ebe7e0ad0a49653c899087194344ec67f7115b728c4e1b98f741bd655b545e0",
    "epci.json": "40758ace686311837c484da81c2a8ba00a9f356bc6210f3316c6b19daa4dc967",
    "ept.json": "9e08e3c8b3d3e6994e16e0c5c042e421268f4359ed95af6c4097d41f3d4413c4",
    "regions.json": "98cb7c781d09577634b9e104dfbb92e39a0d10ae0e1c6c20978a49a474e1dba5",
}
COG_YEAR = 2026
DATA_FILE = Path(__file__).parent / "data" / f"register-{COG_YEAR}.jsonl.xz"
LICENCE = "Licence Ouverte (Etalab)"
CREDITS = "INSEE (code officiel géographique, populations), DGCL (EPCI), La Poste (codes postaux), Etalab"

# The package's 2026 edition kept the 2025 files for the borders of EPCI and EPT: its epci.json is
# identical, byte for byte, to that of edition 5.3.0, and its DGCL workbook has columns `ptot_2025`
# and `pmun_2025`, although its README names the file of 2026.
BORDERS = {"communes": "2026-01-01", "epci": "2025-01-01", "ept": "2025-01-01"}


def _source(label, kind, reference_year, in_force_from, *, certain=True):
    return {
        "label": label,
        "kind": kind,
        "reference_year": reference_year,
        "in_force_from": in_force_from,
        # False: the reference year is published, the day it came into force is deduced.
        "in_force_certain": certain,
    }


SOURCES = {
    "insee-municipale": _source("INSEE, populations de référence 2023", "municipale", 2023, "2026-01-01"),
    "insee-totale": _source("INSEE, populations de référence 2023", "totale", 2023, "2026-01-01"),
    "insee-mayotte-municipale": _source(
        "INSEE, recensement de Mayotte 2017 (décret n° 2017-1688)",
        "municipale",
        2017,
        "2018-01-01",
        certain=False,
    ),
    "insee-wallis-et-futuna-municipale": _source(
        "INSEE, recensement de Wallis-et-Futuna 2023", "municipale", 2023, "2024-01-01", certain=False
    ),
    "insee-polynesie-municipale": _source(
        "INSEE, recensement de la Polynésie française 2022", "municipale", 2022, "2023-01-01", certain=False
    ),
    "insee-nouvelle-caledonie-municipale": _source(
        "INSEE, recensement de la Nouvelle-Calédonie 2025 (décret n° 2025-966)",
        "municipale",
        2025,
        "2026-01-01",
        certain=False,
    ),
    "dgcl-municipale": _source("DGCL, liste des EPCI 2025", "municipale", 2022, "2025-01-01"),
    "dgcl-totale": _source("DGCL, liste des EPCI 2025", "totale", 2022, "2025-01-01"),
    "dgcl-mayotte-municipale": _source(
        "DGCL, liste des EPCI 2025 (recensement de Mayotte 2017)",
        "municipale",
        2017,
        "2018-01-01",
        certain=False,
    ),
    "dgcl-mayotte-totale": _source(
        "DGCL, liste des EPCI 2025 (recensement de Mayotte 2017)",
        "totale",
        2017,
        "2018-01-01",
        certain=False,
    ),
}

# Territories counted by a census of their own, apart from the yearly one (law 2002-276, article 157).
INSEE_MUNICIPALE_BY_DEPARTEMENT = {
    "976": "insee-mayotte-municipale",
    "986": "insee-wallis-et-futuna-municipale",
    "987": "insee-polynesie-municipale",
    "988": "insee-nouvelle-caledonie-municipale",
}
