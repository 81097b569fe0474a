"""A tariff in plain French, and every pattern has a name and a description."""

from typing import get_args

import pytest
from hypothesis import given

from catalog.pricing import PATTERNS, describe, describe_sections, parse_grid
from catalog.pricing.grids import BuyerGrid, ByCollege, ByMemberType

from .helpers import plain
from .more_grids import ADHESION, COVERED, EPCI, EVERYTHING, GIGABYTES, POOLED, SOLIDARITY, WORKSTATIONS
from .published_grids import ATIP67, CDG38_AGENTS, INFOROUTES, SYDER
from .strategies import every_grid
from .test_price import TRANCHES


def rows(grid: dict) -> list[str]:
    return [plain(row) for row in describe(parse_grid(grid))]


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        (
            ATIP67,
            [
                "Communes : 1,00 € par habitant (population totale)",
                "Communes : au plus 5 000,00 €",
                "Adhérent « epci_with_own_tax » : part fixe : 5 000,00 €, 15 000 habitants compris",
                "Adhérent « epci_with_own_tax » : part variable : "
                "0,25 € par habitant au-delà (population totale)",
                "Adhérent « epci_without_own_tax » : forfait annuel : 1 000,00 €",
            ],
        ),
        (
            CDG38_AGENTS,
            [
                "Forfait annuel selon le nombre d’agents",
                "Moins de 50 agents : 158,00 € (227,00 € la première année)",
                "Exactement 50 agents : prix non publié, à demander à l’opérateur",
                "De 51 à 100 agents : 364,00 € (524,00 € la première année)",
                "De 101 à 350 agents : 727,00 € (1 049,00 € la première année)",
                "Plus de 350 agents : prix non publié, à demander à l’opérateur",
            ],
        ),
        (
            INFOROUTES,
            [
                "1,10 € par habitant (population totale)",
                "Rien à payer pour une commune dont l’EPCI a souscrit",
            ],
        ),
        (
            SYDER,
            [
                "Part fixe : prix non publié, à demander à l’opérateur "
                "(selon la population au début du mandat)",
                "Part variable : prix non publié, à demander à l’opérateur (selon les compétences)",
            ],
        ),
        (
            TRANCHES,
            [
                "Prix par tranche d’habitants (population totale)",
                "Du 1er au 1 000e habitant : 1,00 € par habitant",
                "Du 1 001e au 5 000e habitant : 0,125 € par habitant",
                "À partir du 5 001e habitant : 0,25 € par habitant",
            ],
        ),
        (
            WORKSTATIONS,
            [
                "Prix par poste de travail selon leur nombre, tous au prix du palier atteint",
                "Jusqu’à 10 postes de travail : coefficient 1, soit 10,00 € par poste de travail",
                "De 11 à 50 postes de travail : coefficient 0,8, soit 8,00 € par poste de travail",
                "À partir de 51 postes de travail : 5,125 € par poste de travail",
            ],
        ),
        (
            GIGABYTES,
            [
                "Prix par Go selon leur nombre, chacun au prix de son palier",
                "Jusqu’à 10 Go : 0,00 € par Go",
                "De 11 à 100 Go : 0,50 € par Go",
                "À partir de 101 Go : 0,125 € par Go",
            ],
        ),
        (
            EPCI,
            [
                "Part fixe : 250,00 €",
                "80,00 € par commune membre",
                "0,125 € par habitant (population totale)",
            ],
        ),
        (
            POOLED,
            [
                "Prix par habitant selon le volume de tout le groupe (population totale)",
                "Jusqu’à 50 000 habitants dans le groupe : 0,60 € par habitant",
                "De 50 001 à 200 000 habitants dans le groupe : 0,45 € par habitant",
                "À partir de 200 001 habitants dans le groupe : 0,30 € par habitant",
            ],
        ),
        (
            SOLIDARITY,
            [
                "120 000,00 € partagés entre les membres selon leur population totale et leur coefficient de "
                "solidarité (95 000 points en tout)"
            ],
        ),
        (
            ADHESION,
            [
                "Adhésion, la première année seulement : forfait selon la population totale",
                "Adhésion, la première année seulement : jusqu’à 500 habitants : 90,00 €",
                "Adhésion, la première année seulement : à partir de 501 habitants : 180,00 €",
                "Chaque année : 0,75 € par habitant (population totale)",
                "Chaque année : au minimum 50,00 €",
                "Chaque année : au plus 5 000,00 €",
            ],
        ),
    ],
)
def test_a_grid_in_plain_french(grid, expected):
    assert rows(grid) == expected


def test_sections_give_a_heading_to_each_table():
    sections = describe_sections(parse_grid(EVERYTHING))
    assert [plain(section.heading) for section in sections] == [
        "Communes, collège « petites communes », adhésion, la première année seulement",
        "Communes, collège « petites communes », chaque année",
        "Communes, collège « petites communes »",
        "Communes, collège « autres »",
        "Intercommunalités",
        "Autres adhérents",
    ]
    assert rows(COVERED)[-1] == "Rien à payer pour une commune dont l’EPCI a souscrit"


def test_every_pattern_has_a_french_name():
    models = (*get_args(BuyerGrid), ByCollege, ByMemberType)
    known = {get_args(model.model_fields["pattern"].annotation)[0] for model in models}
    assert known == set(PATTERNS)


@given(every_grid)
def test_any_grid_is_described_without_a_technical_word(grid):
    found = describe(parse_grid(grid))
    assert found
    assert not any(word in row for row in found for word in ("None", "_", "E+", "E-", "  "))
