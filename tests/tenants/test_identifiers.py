"""SIREN and SIRET as people type, paste and export them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.luhn import calc_check_digit

from tenants.identifiers import (
    BadIdentifier,
    LostZeros,
    Missing,
    NotDigits,
    ScientificNotation,
    WrongKey,
    WrongLength,
    clean_siren,
    clean_siret,
    grouped,
)

PARIS = "217500016"
SIRET = "73282932000074"
LA_POSTE = "356000000"
SEPARATORS = st.sampled_from(["", " ", "\u00a0", "\u202f", "\u2009", ".", "-", "\u2011", "–", "\t", "\u200b"])


def with_key(body: str) -> str:
    return body + calc_check_digit(body)


def sirens(least=1, most=99_999_999):
    return st.integers(least, most).map(lambda number: with_key(f"{number:08}"))


@st.composite
def sirets(draw):
    siren = draw(sirens().filter(lambda siren: siren != LA_POSTE))
    return with_key(f"{siren}{draw(st.integers(0, 9999)):04}")


def refused(clean, text) -> BadIdentifier:
    with pytest.raises(BadIdentifier) as caught:
        clean(text)
    assert str(caught.value) == caught.value.message
    return caught.value


@pytest.mark.parametrize(
    "typed",
    [
        "73282932000074",
        "732 829 320 00074",
        " 732\u00a0829\u00a0320\u00a000074\u00a0",
        "732\u202f829\u202f320\u202f00074",
        "732.829.320.00074",
        "732-829-320-00074",
        "732‑829–320−00074",
        "\ufeff\u200e73282932000074\r\n",
    ],
)
def test_what_people_put_between_digits_is_dropped(typed):
    assert clean_siret(typed) == SIRET
    assert clean_siren(typed.replace("00074", "")) == SIRET[:9]


@given(sirens(), st.lists(SEPARATORS, min_size=10, max_size=10))
def test_a_siren_is_found_whatever_parts_its_digits(siren, between):
    assert clean_siren(between[0] + "".join(map("".join, zip(siren, between[1:], strict=True)))) == siren


@given(sirets())
def test_a_siret_grouped_for_the_eye_can_be_typed_back(siret):
    assert clean_siret(grouped(siret)) == siret


@given(sirets(), st.integers(0, 13), st.integers(1, 9))
def test_one_digit_copied_wrong_is_always_seen(siret, place, shift):
    changed = f"{siret[:place]}{(int(siret[place]) + shift) % 10}{siret[place + 1 :]}"
    if changed.startswith(LA_POSTE):
        return  # another key, that a digit changed by 5 passes
    assert isinstance(refused(clean_siret, changed), WrongKey)


@given(st.text() | st.text("0123456789 .-,eE+"))
@example("1E5")
@example("٣٥٦٠٠٠٠٠٠")
@example("1" * 5000)
def test_anything_else_is_refused_with_words(text):
    for clean, digits in ((clean_siren, 9), (clean_siret, 14)):
        try:
            found = clean(text)
        except BadIdentifier as problem:
            found = ""
            message = problem.message
        else:
            message = "."
        assert message.endswith(".")
        assert len(message) < 350
        assert not found or (len(found) == digits and found.isascii() and found.isdigit())


def test_la_poste_head_office_has_luhns_key():
    assert clean_siren("356 000 000") == LA_POSTE
    assert clean_siret("356 000 000 00048") == "35600000000048"
    # Its digits do not add up to a multiple of 5: only Luhn can have passed it.
    assert sum(map(int, "35600000000048")) % 5


@pytest.mark.parametrize("branch", ["35600000009075", "35600000049837", "35600000000010"])
def test_a_branch_of_la_poste_adds_up_to_a_multiple_of_five(branch):
    assert sum(map(int, branch)) % 5 == 0
    assert clean_siret(branch) == branch
    assert isinstance(refused(clean_siret, str(int(branch) + 1)), WrongKey)


def test_luhns_key_alone_does_not_pass_a_branch_of_la_poste():
    siret = with_key(f"{LA_POSTE}0005")
    assert sum(map(int, siret)) % 5
    assert isinstance(refused(clean_siret, siret), WrongKey)


@pytest.mark.parametrize("empty", ["", "   ", "\u00a0", "-", "."])
def test_nothing_typed(empty):
    assert refused(clean_siret, empty).message == "Indiquez le SIRET."
    assert isinstance(refused(clean_siren, empty), Missing)


def test_eleven_digits_are_counted():
    problem = refused(clean_siret, "732 829 320 00")
    assert type(problem) is WrongLength
    assert problem.message == "Ce SIRET compte 11 chiffres, il en faut 14. Recopiez le numéro en entier."
    assert "1 chiffre, il en faut 9" in refused(clean_siren, "7").message


def test_a_siren_where_a_siret_is_asked_and_the_reverse():
    problem = refused(clean_siret, PARIS)
    assert type(problem) is WrongLength
    assert "est un SIREN" in problem.message
    problem = refused(clean_siren, SIRET)
    assert type(problem) is WrongLength
    assert "est un SIRET" in problem.message
    assert grouped(SIRET[:9]) in problem.message


@pytest.mark.parametrize(
    ("typed", "shown"),
    [("732 829 32O 00074", "« O »"), ("FR72217500016", "« FR »"), ("'73282932000074", "« ' »")],
)
def test_letters_are_shown(typed, shown):
    problem = refused(clean_siret, typed)
    assert isinstance(problem, NotDigits)
    assert shown.replace(" ", "\u00a0") in problem.message


@pytest.mark.parametrize(
    ("siret", "where"),
    [
        ("73282932000079", "les 5 derniers chiffres (00079)"),
        ("73282933000074", "les 9 premiers chiffres (732\u00a0829\u00a0330)"),
        # Right as a whole, wrong in its SIREN.
        ("73282923000074", "les 9 premiers chiffres (732\u00a0829\u00a0230)"),
    ],
)
def test_a_wrong_key_says_where_to_look(siret, where):
    problem = refused(clean_siret, siret)
    assert isinstance(problem, WrongKey)
    assert "la clé de contrôle ne correspond pas, un chiffre a sans doute été mal recopié" in problem.message
    assert where in problem.message


def test_a_wrong_siren():
    problem = refused(clean_siren, "217500017")
    assert isinstance(problem, WrongKey)
    assert "217\u00a0500\u00a0017" in problem.message


@given(st.integers(1, 3), st.data())
def test_zeros_lost_by_a_spreadsheet_are_shown_and_never_put_back(zeros, data):
    siren = data.draw(sirens(10 ** (7 - zeros), 10 ** (8 - zeros) - 1))
    problem = refused(clean_siren, siren[zeros:])
    assert isinstance(problem, LostZeros)
    assert problem.padded == siren
    assert grouped(siren) in problem.message
    assert f"compte {9 - zeros} chiffres au lieu de 9" in problem.message


def test_zeros_lost_from_a_siret():
    siret = with_key(with_key("00588003") + "0001")
    problem = refused(clean_siret, siret[2:])
    assert isinstance(problem, LostZeros)
    assert problem.padded == siret
    assert "les 2 zéros du début" in problem.message


def test_four_zeros_are_no_slip_of_a_spreadsheet():
    assert type(refused(clean_siren, with_key("00001234")[4:])) is WrongLength


@pytest.mark.parametrize("typed", ["2,17E+13", "2.17500016E+13", "2,17 E+13", "7e13", "2,17e+13 "])
def test_a_number_rounded_by_a_spreadsheet(typed):
    problem = refused(clean_siret, typed)
    assert isinstance(problem, ScientificNotation)
    assert "format Texte" in problem.message


@pytest.mark.parametrize(("clean", "zeros"), [(clean_siren, "0" * 9), (clean_siret, "0" * 14)])
def test_zeros_alone_pass_luhn_and_are_nobody(clean, zeros):
    assert "n’est attribué à personne" in refused(clean, zeros).message
    assert type(refused(clean, zeros[1:])) is WrongLength


@pytest.mark.parametrize("text", ["", "12345", "1234567890", "732 829 320 00074"])
def test_only_a_whole_identifier_is_grouped(text):
    assert grouped(text) == text


def test_grouping():
    assert grouped(PARIS) == "217\u00a0500\u00a0016"
    assert grouped(SIRET) == "732\u00a0829\u00a0320\u00a000074"
