"""The real grids, on each side of each bound."""

import pytest

from catalog.pricing import (
    AgentsUnknown,
    CollegeUnknown,
    GridInvalid,
    MemberTypeUnknown,
    PopulationUnknown,
    PriceNotPublished,
    parse_grid,
)

from .helpers import plain, quote, steps
from .published_grids import (
    ADULLACT,
    ALL,
    ARNIA,
    ATIP67,
    CDG38,
    CDG38_AGENTS_AS_PRINTED,
    INFOROUTES,
    SPL_XDEMAT,
    SYDER,
    atip67_of_the_year,
)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_published_grid_survives_its_own_json(name):
    grid = parse_grid(ALL[name])
    assert parse_grid(grid.model_dump(mode="json")) == grid


@pytest.mark.parametrize(
    ("inhabitants", "first_year", "following"),
    [
        (1, 52, 36),
        (1500, 52, 36),
        (1501, 227, 158),
        (5000, 227, 158),
        (5001, 524, 364),
        (10000, 524, 364),
        (10001, 1049, 727),
        (20000, 1049, 727),
        (20001, 1748, 1212),
        (2_000_000, 1748, 1212),
    ],
)
def test_cdg38_communes_on_each_side_of_each_bound(inhabitants, first_year, following):
    assert quote(CDG38, inhabitants, first_year=True).total_cents == first_year * 100
    assert quote(CDG38, inhabitants).total_cents == following * 100


@pytest.mark.parametrize(
    ("agents", "first_year", "following"),
    [(0, 227, 158), (49, 227, 158), (51, 524, 364), (100, 524, 364), (101, 1049, 727), (350, 1049, 727)],
)
def test_cdg38_other_members_go_by_agents_whatever_their_population(agents, first_year, following):
    for inhabitants in (None, 0, 30_000):
        assert quote(CDG38, inhabitants, member_type="ccas", agents=agents).total_cents == following * 100
    priced = quote(CDG38, None, member_type="ccas", agents=agents, first_year=True)
    assert priced.total_cents == first_year * 100


@pytest.mark.parametrize(
    ("agents", "words"),
    [(50, "(exactement 50 agents)"), (351, "(plus de 350 agents)"), (9000, "(plus de 350 agents)")],
)
def test_cdg38_publishes_nothing_for_50_agents_nor_above_350(agents, words):
    with pytest.raises(PriceNotPublished) as refusal:
        quote(CDG38, 3000, member_type="ccas", agents=agents)
    assert words in str(refusal.value)


def test_cdg38_as_printed_is_refused_because_it_forgets_50_agents():
    with pytest.raises(GridInvalid) as refusal:
        parse_grid(CDG38_AGENTS_AS_PRINTED)
    assert [plain(error) for error in refusal.value.errors] == [
        "Aucune strate ne couvre 50 agents : ajoutez une strate ou corrigez les bornes "
        "(« jusqu’à » et « moins de » diffèrent).",
        "Au-delà de 350 agents, rien n’est prévu : laissez la dernière strate ouverte (sans borne haute).",
    ]


def test_cdg38_needs_the_agents_of_other_members():
    with pytest.raises(AgentsUnknown, match="Le nombre d’agents de la collectivité n’est pas connu"):
        quote(CDG38, 3000, member_type="ccas")


def test_cdg38_says_which_stratum_and_which_year():
    assert steps(quote(CDG38, 860, first_year=True)) == [
        "860 habitants (population totale 2023, en vigueur au 1er janvier 2026) : "
        "forfait annuel jusqu’à 1 500 habitants, première année = 52,00 €"
    ]
    assert steps(quote(CDG38, 1501)) == [
        "1 501 habitants (population totale 2023, en vigueur au 1er janvier 2026) : "
        "forfait annuel de 1 501 à 5 000 habitants, années suivantes = 158,00 €"
    ]


@pytest.mark.parametrize(("inhabitants", "euros"), [(1, 75), (199, 75), (5000, 900), (10000, 900)])
def test_spl_xdemat_known_ends(inhabitants, euros):
    assert quote(SPL_XDEMAT, inhabitants).total_cents == euros * 100


@pytest.mark.parametrize(
    ("inhabitants", "words"),
    [
        (200, "(de 200 à moins de 5 000 habitants)"),
        (4999, "(de 200 à moins de 5 000 habitants)"),
        (10001, "(plus de 10 000 habitants)"),
    ],
)
def test_spl_xdemat_middle_is_not_published_and_not_invented(inhabitants, words):
    with pytest.raises(PriceNotPublished) as refusal:
        quote(SPL_XDEMAT, inhabitants)
    assert refusal.value.code == "price_not_published"
    assert plain(str(refusal.value)) == (
        f"Le barème ne publie pas de prix pour cette taille {words}. Demandez un prix à votre opérateur."
    )


@pytest.mark.parametrize(
    ("inhabitants", "euros"), [(1, 1), (860, 860), (4999, 4999), (5000, 5000), (5001, 5000)]
)
def test_atip67_commune_is_capped(inhabitants, euros):
    assert quote(ATIP67, inhabitants).total_cents == euros * 100


@pytest.mark.parametrize(
    ("inhabitants", "cents"),
    [
        (1, 500_000),
        (14_999, 500_000),
        (15_000, 500_000),
        (15_001, 500_025),
        (15_003, 500_075),
        (40_000, 1_125_000),
    ],
)
def test_atip67_epci_pays_a_fixed_part_then_by_inhabitant(inhabitants, cents):
    assert quote(ATIP67, inhabitants, member_type="epci_with_own_tax").total_cents == cents


def test_atip67_epci_shows_what_the_fixed_part_covers():
    assert steps(quote(ATIP67, 40_000, member_type="epci_with_own_tax")) == [
        "Part fixe, 15 000 habitants compris = 5 000,00 €",
        "40 000 habitants (population totale 2023, en vigueur au 1er janvier 2026), "
        "moins 15 000 compris dans la part fixe = 25 000 habitants",
        "25 000 habitants × 0,25 € = 6 250,00 €",
    ]


@pytest.mark.parametrize("inhabitants", [None, 0, 1, 300_000])
def test_atip67_epci_without_own_tax_is_flat_and_needs_no_population(inhabitants):
    priced = quote(ATIP67, inhabitants, member_type="epci_without_own_tax")
    assert priced.total_cents == 100_000
    assert steps(priced) == ["Forfait annuel quelle que soit la taille = 1 000,00 €"]


def test_atip67_does_not_price_the_departement_before_the_sum_of_the_others_is_known():
    with pytest.raises(MemberTypeUnknown) as refusal:
        quote(ATIP67, 1_100_000, member_type="departement")
    assert plain(str(refusal.value)) == (
        "Le barème ne prévoit pas de prix pour un adhérent de type « departement » ; types prévus : "
        "« commune », « epci_with_own_tax », « epci_without_own_tax »."
    )


@pytest.mark.parametrize(
    ("inhabitants", "cents"), [(123_456, 12_345_600), (123_457, 12_345_650), (1_125_559, 12_345_650)]
)
def test_atip67_caps_the_departement_at_the_sum_of_the_others(inhabitants, cents):
    grid = atip67_of_the_year("123456.50")
    assert quote(grid, inhabitants, member_type="departement").total_cents == cents
    assert quote(grid, 860).total_cents == 86_000


def test_atip67_commune_of_unknown_population_has_no_price():
    with pytest.raises(PopulationUnknown):
        quote(ATIP67, None)


def test_inforoutes_is_the_same_rate_for_all():
    assert quote(INFOROUTES, 163).total_cents == 17_930
    assert steps(quote(INFOROUTES, 163))[0].endswith("× 1,10 € = 179,30 €")


def test_inforoutes_asks_nothing_of_a_commune_whose_epci_joined():
    priced = quote(INFOROUTES, 163, covered_by="Communauté de communes du Pays Beaume-Drobie")
    assert priced.total_cents == 0
    assert [plain(line.label) for line in priced.lines] == [
        "Compris dans l’abonnement de Communauté de communes du Pays Beaume-Drobie"
    ]
    assert steps(priced) == [
        "Communauté de communes du Pays Beaume-Drobie a souscrit ce service pour ses communes membres : "
        "rien à payer = 0,00 €"
    ]
    # Its population is not even needed.
    assert quote(INFOROUTES, None, covered_by="CC").total_cents == 0


@pytest.mark.parametrize(
    ("grid", "others", "said"),
    [
        (SYDER, {}, "Part fixe : Le prix n’est pas publié (selon la population au début du mandat)."),
        (
            ARNIA,
            {"college": "communes"},
            "Services de base : Le prix n’est pas publié (selon le budget).",
        ),
        (ADULLACT, {"member_type": "epci"}, "Communes membres : Le prix n’est pas publié."),
    ],
)
def test_amounts_that_are_not_published_are_not_invented(grid, others, said):
    with pytest.raises(PriceNotPublished) as refusal:
        quote(grid, 3000, **others)
    assert plain(str(refusal.value)) == f"{said} Demandez un prix à votre opérateur."


def test_arnia_goes_by_college():
    with pytest.raises(CollegeUnknown, match="Le collège de la collectivité n’est pas connu"):
        quote(ARNIA, 3000)
    with pytest.raises(CollegeUnknown) as refusal:
        quote(ARNIA, 3000, college="lycées")
    assert plain(str(refusal.value)) == (
        "Le barème ne prévoit pas de prix pour le collège « lycées » ; "
        "collèges prévus : « communes », « epci »."
    )
