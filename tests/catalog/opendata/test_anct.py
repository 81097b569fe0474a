"""Names with their article."""

import pytest

from catalog.opendata.anct import with_article


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Syndicat mixte des Rives", "le Syndicat mixte des Rives"),
        ("Agence technique", "l’Agence technique"),
        ("SPL Numérique", "la SPL Numérique"),
        ("Adico", "Adico"),
    ],
)
def test_names_with_their_article(name, said):
    assert with_article(name) == said
