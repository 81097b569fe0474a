"""Files made to harm: refused early, with a sentence."""

import time

import pytest
import yaml

from catalog.publiccode import PublicCodeInvalid, read_publiccode
from catalog.publiccode.tree import MAX_BYTES
from tests.catalog.publiccode.files import RIGHT

LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{this}: &{this} [{', '.join([f'*{last}'] * 9)}]\n"
    for last, this in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "Ligne 2\u202f: les renvois YAML (*)"),
        ("a: &a\n  b: *a", "renvois"),
        ("<<: &x {a: 1}\nb: *x", "renvois"),
        ("a: !!python/object/apply:os.system ['true']", "étiquettes"),
        ("a: !!binary aGFsbGU=", "étiquettes"),
        ("a: !custom b", "étiquettes"),
        ("!custom {a: b}", "étiquettes"),
        ("[" * 100_000, "niveaux imbriqués"),
        ("{a: " * 50_000, "niveaux imbriqués"),
        ("- " * 100_000 + "a", "niveaux imbriqués"),
        ("? {a: b}\n: c", "nom de champ"),
        ("name: a\nname: b", "deux fois"),
        ("a: {b: 1, b: 2}", "deux fois"),
        ("---\na: b\n---\nc: d", "second document"),
        ("a: [" + "x," * 6_000 + "]", "trop de valeurs"),
        ("a" * (MAX_BYTES + 1), "256"),
        ("é" * (MAX_BYTES // 2 + 1), "256"),
        (b"name: \xff\xfe", "UTF-8"),
        ("name: \ud800", "UTF-8"),
        ("name: a\x00b", "caractère interdit"),
        ("name: 'never closed", "bien formé"),
        ("a: b\n  c: d", "bien formé"),
        ("", "vide"),
        ("# nothing but this", "vide"),
        ("~", "vide"),
        ("just a text", "champs nommés"),
        ("- a\n- b", "champs nommés"),
    ],
    ids=range(27),
)  # fmt: skip
def test_refused_at_once(text, reason):
    begun = time.perf_counter()
    with pytest.raises(PublicCodeInvalid) as refused:
        read_publiccode(text)
    assert time.perf_counter() - begun < 2
    (error,) = refused.value.errors
    assert reason in error


def test_numbers_dates_and_flags_of_yaml_stay_texts():
    text = yaml.safe_dump({**RIGHT, "name": "NAME", "intendedAudience": {"countries": ["COUNTRY"]}})
    code = read_publiccode(text.replace("NAME", "0x1F").replace("COUNTRY", "NO"))
    assert code.name == "0x1F"
    assert code.audience.countries == ("NO",)
