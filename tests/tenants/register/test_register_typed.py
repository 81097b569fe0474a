import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.register.typed import Typed, read_typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("217 500 016", Typed(siren="217500016")),
        ("217 500 016 00019", Typed(siren="217500016")),
        ("21750001600019", Typed(siren="217500016")),
        ("14 170", Typed(code="14170")),
        ("2a004", Typed(code="2A004")),
        ("1000", Typed(code="01000")),
        ("61100 Flers", Typed(code="61100", key="flers", name="flers")),
        ("Flers 61", Typed(key="flers 61", name="flers", departements=("61",))),
        ("61 Flers", Typed(key="61 flers", name="flers", departements=("61",))),
        ("Ajaccio (2A)", Typed(key="ajaccio 2a", name="ajaccio", departements=("2A",))),
        ("ajaccio 20", Typed(key="ajaccio 20", name="ajaccio", departements=("2A", "2B"))),
        ("saint-denis 974", Typed(key="saint denis 974", name="saint denis", departements=("974",))),
        ("75700 PARIS CEDEX 07", Typed(code="75700", key="paris", name="paris")),
        ("lyon 3e", Typed(key="lyon 3e", name="lyon 3e")),
        ("77", Typed(key="77", name="77")),
        ("217500", Typed(key="217500", name="217500")),
        ("", Typed()),
        ("\x00%_", Typed()),
    ],
)
def test_what_is_typed_is_read_into_its_parts(text, expected):
    assert read_typed(text) == expected


def test_a_name_may_end_with_its_departement_linked_by_small_words():
    assert read_typed("Saint-Denis de la Réunion").endings() == {
        "denis de la reunion": "saint",
        "reunion": "saint denis",
    }


def test_one_word_has_no_ending():
    assert read_typed("Paris").endings() == {}


@given(st.text(max_size=300))
def test_anything_may_be_typed(text):
    typed = read_typed(text)
    assert len(typed.siren) in (0, 9)
    assert len(typed.code) in (0, 5)
    assert all(ending and name for ending, name in typed.endings().items())
