import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.register.names import normalise


@pytest.mark.parametrize(
    ("typed", "official"),
    [
        ("evreux", "Évreux"),
        ("EVREUX", "Évreux"),
        ("st pierre en auge", "Saint-Pierre-en-Auge"),
        ("SAINT PIERRE EN AUGE", "Saint-Pierre-en-Auge"),
        ("Saint Pierre en Auge", "Saint-Pierre-en-Auge"),
        ("ste colombe", "Sainte-Colombe"),
        ("stes maries de la mer", "Saintes-Maries-de-la-Mer"),
        ("ile d yeu", "L'Île-d'Yeu"),
        ("l'ile d'yeu", "L'Île-d'Yeu"),
        ("L’Île‑d’Yeu", "L'Île-d'Yeu"),
        ("hay les roses", "L'Haÿ-les-Roses"),
        ("  havre ", "Le Havre"),
        ("oeuilly", "Œuilly"),
        ("lay saint remy", "Lay-Saint-Remy"),
    ],
)
def test_what_people_type_finds_the_official_name(typed, official):
    assert normalise(typed) == normalise(official)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Les", "les"),
        ("Y", "y"),
        ("", ""),
        ("-- '", ""),
        ("Plouër-Langrolay-sur-Rance", "plouer langrolay sur rance"),
        ("Saint-Léger-aux-Bois", "saint leger aux bois"),
        ("Montlhéry", "montlhery"),
        ("Paris 1er Arrondissement", "paris 1er arrondissement"),
        ("Castillon/Pujols", "castillon pujols"),
    ],
)
def test_normal_form(name, expected):
    assert normalise(name) == expected


def test_saint_and_sainte_stay_apart():
    assert normalise("St-Colomban") != normalise("Ste-Colomban")


def test_an_article_inside_a_name_stays():
    assert normalise("Saint-Jean-le-Blanc") == "saint jean le blanc"


@given(st.text())
def test_normalising_twice_changes_nothing(name):
    assert normalise(normalise(name)) == normalise(name)


@given(st.text())
def test_only_words_parted_by_one_space(name):
    words = normalise(name)
    assert words == " ".join(words.split())
    assert all(char.isalnum() or char == " " for char in words)
