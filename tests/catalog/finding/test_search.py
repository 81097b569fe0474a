"""What people type finds what they mean; what nobody should type does no harm."""

import time

import pytest

from catalog.finding.search import edits, nearest_word, search
from tests.factories import ListingFactory, OperatorFactory

pytestmark = pytest.mark.django_db

NAMES = (
    "Cantine facile",
    "Rendez-vous d’état civil",
    "Gestion des cimetières",
    "Réseaux et éclairage public",
    "Parapheur électronique",
)


@pytest.fixture
def hall():
    operator = OperatorFactory()
    for name in NAMES:
        ListingFactory(
            operator=operator,
            sheet__name=name,
            sheet__summary="Rien",
            sheet__description="Rien",
            sheet__family="gis",
        )
    return operator


def found(hall, text: str, **options) -> list[str]:
    from catalog.models import ShelfEntry

    read = search(operator_id=hall.pk, text=text, **options)
    ranks = sorted(read.ranks, key=lambda row: -row[1])
    names = dict(ShelfEntry.objects.values_list("listing", "name"))
    return [names[listing] for listing, _ in ranks]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cantine", "Cantine facile"),
        ("CANTINES", "Cantine facile"),
        ("etat civil", "Rendez-vous d’état civil"),
        ("l'Etat-Civil", "Rendez-vous d’état civil"),
        ("d’état", "Rendez-vous d’état civil"),
        ("cimetiere", "Gestion des cimetières"),
        ("CIMETIÈRE", "Gestion des cimetières"),
        ("reseau", "Réseaux et éclairage public"),
        ("eclairages publics", "Réseaux et éclairage public"),
        ("parapheurs electroniques", "Parapheur électronique"),
        ("civil rendez-vous", "Rendez-vous d’état civil"),
        ("para", "Parapheur électronique"),
        ("gestion cime", "Gestion des cimetières"),
        ("canti", "Cantine facile"),
    ],
)
def test_accents_plurals_capitals_and_beginnings(hall, text, name):
    read = search(operator_id=hall.pk, text=text)
    assert found(hall, text) == [name]
    assert read.corrected == ""


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("catnine", "cantine"),
        ("cantinne", "cantine"),
        ("cantyne facile", "cantine facile"),
        ("cimetire", "cimetieres"),
        ("paraheur", "parapheur"),
        ("eclarage public", "eclairage public"),
    ],
)
def test_an_unknown_word_is_read_as_the_nearest(hall, text, corrected):
    assert search(operator_id=hall.pk, text=text).corrected == corrected
    assert len(found(hall, text)) == 1


def test_the_exact_word_may_be_asked(hall):
    read = search(operator_id=hall.pk, text="catnine", exact=True)
    assert (read.corrected, read.unknown, len(read.ranks)) == ("", ("catnine",), 0)


def test_a_word_of_another_hall_corrects_nothing_here(hall):
    ListingFactory(sheet__name="Trottinettes")
    read = search(operator_id=hall.pk, text="trotinettes")
    assert (read.corrected, read.unknown) == ("", ("trotinettes",))


def test_a_name_comes_before_a_description(hall):
    ListingFactory(operator=hall, sheet__name="Autre", sheet__description="Une cantine dans le texte.")
    assert found(hall, "cantine") == ["Cantine facile", "Autre"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "&|!():*<->",
        "'\"\\",
        "\x00",
        "😀",
        "((((",
        "a:*b",
        "& | !",
        "la",
        "de la",
        "<script>",
        "%_",
    ],
)
def test_operators_and_little_words_are_no_error(hall, text):
    read = search(operator_id=hall.pk, text=text)
    assert not len(read.ranks) or read.searched


@pytest.mark.parametrize("piece", ["a", "cantine ", "é", "x y ", "("])
def test_ten_thousand_characters_are_cut_and_said_so(hall, piece):
    text = piece * 10_000
    start = time.perf_counter()
    read = search(operator_id=hall.pk, text=text)
    assert read.cut
    assert time.perf_counter() - start < 2


def test_little_words_alone_search_nothing(hall):
    assert not search(operator_id=hall.pk, text="de la").searched


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("cantine", "cantine", 0),
        ("catnine", "cantine", 1),
        ("cantin", "cantine", 1),
        ("abc", "xyz", 3),
        ("", "a", 1),
    ],
)
def test_edits(one, other, count):
    assert edits(one, other) == count


def test_short_or_distant_words_are_left_alone():
    assert nearest_word("abc", ["abd"]) is None
    assert nearest_word("cantine", ["cadastre"]) is None
    assert nearest_word("cantime", ["cadastre", "cantine"]) == "cantine"
