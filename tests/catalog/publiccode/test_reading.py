"""A publiccode.yml is read as it is written, and every mistake is told with its place."""

import datetime
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.publiccode import Contractor, PublicCodeInvalid, read_publiccode
from tests.catalog.publiccode.files import GONE, LONG, OURS, RIGHT, changed, written


def errors_of(text) -> list[str]:
    with pytest.raises(PublicCodeInvalid) as refused:
        read_publiccode(text)
    return refused.value.errors


def test_halle_reads_its_own_file():
    fields = read_publiccode(OURS).for_sheet(publiccode_url="https://example.org/publiccode.yml")
    assert (fields.name, fields.licence, fields.language) == ("Halle", "EUPL-1.2", "fr")
    assert fields.publiccode_url == "https://example.org/publiccode.yml"
    assert len(fields.features) == 5


def test_what_a_sheet_takes():
    fields = read_publiccode(written(RIGHT)).for_sheet()
    assert fields.name == "Cantine Libre"
    assert fields.summary == "La cantine, de l’inscription à la facture"
    assert fields.description == LONG
    assert fields.repository_url == "https://code.example/cantine/cantine.git"
    assert fields.contractors == (
        Contractor(
            name="Petite Fabrique", until=datetime.date(2028, 6, 30), website="https://fabrique.example"
        ),
    )
    assert (fields.maintenance, fields.organisation) == ("contract", "")


@pytest.mark.parametrize("version", ["0", "0.2", "0.2.2", "0.3", "0.4", "0.5.0", "0.6", "0.7"])
def test_versions_that_are_read(version):
    # Written without quotation marks, YAML 1.1 would make a number of it.
    text = changed("publiccodeYmlVersion", "VERSION").replace("VERSION", version)
    assert read_publiccode(text).version == version


@pytest.mark.parametrize("version", ["0.1", "0.8", "1.0", "07", "latest"])
def test_versions_that_are_not(version):
    assert "de 0.2 à 0.7" in errors_of(changed("publiccodeYmlVersion", version))[0]


def test_french_then_english_then_the_first():
    french, english = RIGHT["description"]["fr"], {"shortDescription": "Canteens", "features": ["Meals"]}
    italian = {**french, "shortDescription": "Mense"}

    def language(**languages):
        return read_publiccode(changed("description", languages)).for_sheet().language

    assert language(it=italian, en=english, fr=french) == "fr"
    assert language(it=italian, en=english) == "en"
    assert language(it=italian) == "it"


def test_a_language_without_long_text_borrows_the_next_one():
    fields = read_publiccode(
        changed(
            "description",
            {
                "en": {"shortDescription": "Canteens", "longDescription": "x" * 150, "features": ["Meals"]},
                "fr-FR": {"shortDescription": "Cantines"},
            },
        )
    ).for_sheet()
    assert (fields.summary, fields.description, fields.features) == ("Cantines", "x" * 150, ("Meals",))


def test_neither_contacts_nor_addresses_of_people_are_kept():
    text = written(
        {
            **RIGHT,
            "maintenance": {
                **RIGHT["maintenance"],
                "contacts": [{"name": "Zoé Kowalczyk", "email": "zoe.k@example.org"}],
            },
        }
    ).replace("until:", "email: zoe.k@example.org\n    until:")
    code = read_publiccode(text)
    assert not re.findall("Kowalczyk|zoe", repr((code, code.for_sheet())))


@pytest.mark.parametrize(
    ("path", "value", "place", "reason"),
    [
        ("name", GONE, "name", "à renseigner"),
        ("name", "", "name", "à renseigner"),
        ("name", None, "name", "à renseigner"),
        ("name", ["a"], "name", "écrivez un texte"),
        ("url", "git@code.example:x.git", "url", "commence par https://"),
        ("url", "http://code.example/x.git", "url", "commence par https://"),
        ("url", "https://user:secret@code.example/x", "url", "ni identifiant ni mot de passe"),
        ("url", "https://[code.example", "url", "mal formée"),
        ("url", "https:///x", "url", "adresse complète"),
        ("platforms", [], "platforms", "au moins une valeur"),
        ("developmentStatus", "alpha", "developmentStatus", "« concept »"),
        ("softwareType", "standalone", "softwareType", "« standalone/web »"),
        ("legal.license", "Propriétaire", "legal/license", "« Propriétaire »"),
        ("legal.license", "MIT AND", "legal/license", "liste SPDX"),
        ("legal.license", "(" * 5000, "legal/license", "liste SPDX"),
        ("legal.license", "LicenseRef-scancode-proprietary-license", "legal/license", "licence maison"),
        ("maintenance.type", "paid", "maintenance/type", "« internal »"),
        ("maintenance.contractors", GONE, "maintenance", "au moins un prestataire"),
        ("maintenance.contractors.0.until", GONE, "maintenance/contractors (1)/until", "à renseigner"),
        ("maintenance.contractors.0.until", "2028-02-30", "maintenance/contractors (1)/until", "AAAA-MM-JJ"),
        ("maintenance.contractors.0.website", "javascript:alert(1)", "contractors (1)/website", "https://"),
        ("maintenance", {"type": "internal"}, "maintenance", "au moins un contact"),
        ("description", {}, "description", "au moins une langue"),
        ("description", {"français": RIGHT["description"]["fr"]}, "description", "code de langue"),
        ("description.fr.shortDescription", "x" * 151, "description/fr/shortDescription", "au plus 150"),
        ("description.fr.longDescription", "court", "description/fr/longDescription", "au moins 150"),
        ("description.fr.longDescription", "x" * 10_001, "description/fr/longDescription", "au plus 10"),
        ("description.fr.longDescription", GONE, "description", "longDescription"),
        ("description.fr.features", [], "description", "features"),
        ("description.fr.features", "une seule", "description/fr/features", "une liste est attendue"),
        ("localisation.localisationReady", "oui", "localisation/localisationReady", "true ou false"),
        ("supports", [{"id": "alias:unknown"}], "supports (1)/id", "alias"),
        ("organisation", {"uri": "Roma"}, "organisation/uri", "identifiant complet"),
        ("legal", "MIT", "legal", "des champs nommés"),
    ],
)
def test_each_mistake_is_told_with_its_place(path, value, place, reason):
    (error,) = errors_of(changed(path, value))
    assert reason in error.replace("\u00a0", " ")
    assert place in error


def test_the_line_is_told():
    text = changed("maintenance.contractors.0.until", "un jour")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "un jour" in row)
    assert f"until, ligne {line}\u202f:" in errors_of(text)[0]


def test_everything_to_mend_is_told_at_once_in_the_order_of_the_file():
    assert len(errors_of("publiccodeYmlVersion: '0.7'")) == 9


def test_licences_are_spelt_as_spdx_spells_them():
    fields = read_publiccode(changed("legal.license", "eupl-1.2 or mit")).for_sheet()
    assert fields.licence == "EUPL-1.2 OR MIT"


@given(st.text() | st.binary())
def test_whatever_is_given_only_one_error_may_come(text):
    with pytest.raises(PublicCodeInvalid):
        read_publiccode(text)


@given(
    st.sampled_from(["name", "url", "platforms", "description", "legal", "maintenance", "localisation",
                     "maintenance.contractors.0.until", "legal.license", "description.fr.features",
                     "description.fr.longDescription", "organisation", "supports", "intendedAudience"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=6,
    ),
)  # fmt: skip
def test_a_spoiled_file_is_read_or_refused(path, value):
    errors = []
    try:
        read_publiccode(changed(path, value)).for_sheet()
    except PublicCodeInvalid as refused:
        errors = refused.errors
    assert not [error for error in errors if "valeur refusée" in error], "say it in French"
