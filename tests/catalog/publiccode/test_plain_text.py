"""Markdown and HTML become plain text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.publiccode.plain_text import one_line, plain_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Un *mot*, un **autre**, un __dernier__, `du code`.", "Un mot, un autre, un dernier, du code."),
        ("Voir [le guide](https://example.org/a_b) !", "Voir le guide !"),
        ("![logo](logo.png) Bonjour", "logo Bonjour"),
        ("# Titre #\n\nTexte", "Titre\n\nTexte"),
        ("- un\n* deux\n+ trois", "– un\n– deux\n– trois"),
        ("une phrase\nqui continue\n\nune autre", "une phrase qui continue\n\nune autre"),
        ("avant\n\n---\n\naprès", "avant\n\naprès"),
        ("```\ncode\n```", "code"),
        ("> cité", "cité"),
        ("<p>Un</p><p>Deux<br>trois</p>", "Un\n\nDeux trois"),
        ("<ul><li>Un</li><li>Deux</li></ul>", "– Un\n– Deux"),
        ("<script>alert(1)</script>Texte<style>p{}</style>", "Texte"),
        ('<img src=x onerror="alert(1)">Texte', "Texte"),
        ("2 < 3 et 4 > 3", "2 < 3 et 4 > 3"),
        ("nom_de_champ et 2 * 3 * 4", "nom_de_champ et 2 * 3 * 4"),
        ("caf&eacute; &amp; th&eacute;", "café & thé"),
        ("a\u202eb\x07c\u200bd", "abcd"),
    ],
)  # fmt: skip
def test_the_words_and_nothing_else(source, text):
    assert plain_text(source) == text


def test_one_line():
    assert one_line("# Titre\n\n- un\n- deux") == "Titre – un – deux"


@pytest.mark.parametrize(
    "bomb", [text * 5_000 for text in ("[", "*", "<!--", "<", "_a", "`", "# ", "![", "](")]
)  # fmt: skip
def test_no_text_takes_long(bomb):
    begun = time.perf_counter()
    plain_text(bomb)
    assert time.perf_counter() - begun < 2


@given(st.text(max_size=300))
def test_any_text_is_turned(source):
    text = plain_text(source)
    assert "\n\n\n" not in text
    assert text == text.strip()
