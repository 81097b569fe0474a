"""What a sheet may hold: every mistake is told in its place, and HTML is text."""

import json
import re

import pytest

from catalog.models import FileKind
from catalog.sheets.content import MAX_ITEMS, checked
from catalog.sheets.errors import SheetInvalid
from catalog.sheets.parameters import read_schema
from tests.factories import ServiceSheetFactory, SheetFileFactory, VendorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor():
    return VendorFactory()


def refused(vendor, **values) -> SheetInvalid:
    with pytest.raises(SheetInvalid) as refusal:
        checked(values, vendor=vendor)
    return refusal.value


def test_html_is_kept_as_the_text_it_is(vendor):
    written = (
        "<script>alert(1)</script> Les familles\r\n\r\n\r\n<b>inscrivent</b>  \nleurs enfants.\x00\u202e"
    )
    kept = checked({"description": written, "summary": " <i>Un</i>\n résumé "}, vendor=vendor)
    assert kept == {
        "description": "<script>alert(1)</script> Les familles\n\n<b>inscrivent</b>\nleurs enfants.",
        "summary": "<i>Un</i> résumé",
    }


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "   ", "Donnez un nom au service."),
        ("name", "x" * 121, "120 caractères au plus"),
        ("summary", "x" * 221, "vous en avez écrit 221"),
        ("description", "x" * 10_001, "10000 caractères au plus"),
        ("family", "nothing", "Choisissez une valeur de la liste."),
        ("connector", "ftp", "Choisissez une valeur de la liste."),
        ("body_types", ["commune", "martian"], "Choisissez des valeurs de la liste."),
        ("population_min", 10**12, "Écrivez un nombre d’habitants"),
        ("website", "javascript:alert(1)", "Écrivez une adresse complète"),
        ("website", "ftp://example.org", "Écrivez une adresse complète"),
        ("repository_url", f"https://example.org/{'a' * 300}", "trop longue"),
        ("licence_spdx", "WTF-2.0", "n’est pas une licence de la liste SPDX"),
        ("licence_spdx", "LicenseRef-ours", "n’est pas une licence de la liste SPDX"),
        ("licence_spdx", "(" * 121, "trop long"),
    ],
)
def test_a_field_that_cannot_be_kept(vendor, field, value, sentence):
    assert sentence in refused(vendor, **{field: value}).errors[field]


def test_a_licence_is_spelt_as_spdx_does(vendor):
    assert checked({"licence_spdx": "eupl-1.2 or mit"}, vendor=vendor) == {"licence_spdx": "EUPL-1.2 OR MIT"}


def test_bounds_are_in_order(vendor):
    invalid = refused(vendor, population_min=3500, population_max=500)
    assert "au moins égale à la borne basse" in invalid.errors["population_max"]
    assert checked({"population_min": 500, "population_max": 500}, vendor=vendor)


def test_one_bound_is_compared_with_the_other_of_the_sheet(vendor):
    sheet = ServiceSheetFactory(vendor=vendor, population_min=1000)
    with pytest.raises(SheetInvalid):
        checked({"population_max": 500}, sheet=sheet, vendor=vendor)


def test_every_mistake_is_told_at_once_and_in_its_row(vendor):
    invalid = refused(
        vendor,
        name="",
        contacts=[
            {"label": "Aide", "email": "pas un courriel"},
            {"label": "", "phone": "0231000000"},
            {"label": "Formation"},
            {"label": "AIDE", "phone": "12"},
        ],
        options=[
            {"code": "SMS 100", "name": "SMS"},
            {"code": "sms", "name": ""},
            {"code": "Sms", "name": "Encore"},
        ],
    )
    assert list(invalid.errors) == ["name"]
    assert {rank: set(row) for rank, row in invalid.items["contacts"].items()} == {
        0: {"email"},
        1: {"label"},
        2: {"email"},
        3: {"phone", "label"},
    }
    assert {rank: set(row) for rank, row in invalid.items["options"].items()} == {
        0: {"code"},
        1: {"name"},
        2: {"code"},
    }


def test_an_item_without_mistake_is_cleaned(vendor):
    contact = {"label": " Aide ", "email": "aide@essai.example", "phone": "02 31.00-00 00", "hours": ""}
    assert checked({"contacts": [contact]}, vendor=vendor)["contacts"] == [
        {"label": "Aide", "email": "aide@essai.example", "phone": "0231000000", "hours": ""}
    ]


def test_an_option_needs_another_of_its_sheet_that_needs_none(vendor):
    options = [
        {"code": "base", "name": "Base"},
        {"code": "plus", "name": "Plus", "needs": " Base "},
        {"code": "self", "name": "Soi", "needs": "self"},
        {"code": "lost", "name": "Perdue", "needs": "ailleurs"},
        {"code": "deep", "name": "Chaîne", "needs": "plus"},
        {"code": "odd", "name": "Étrange", "needs": "pas un code"},
    ]
    invalid = refused(vendor, options=options)
    assert {rank: set(row) for rank, row in invalid.items["options"].items()} == {
        rank: {"needs"} for rank in (2, 3, 4, 5)
    }
    kept = checked({"options": options[:2]}, vendor=vendor)["options"]
    assert [one["needs"] for one in kept] == ["", "base"]


def test_too_many_items(vendor):
    many = [{"code": f"o{n}", "name": "Option"} for n in range(MAX_ITEMS["options"] + 1)]
    assert "20 au plus" in refused(vendor, options=many).errors["options"]


def test_only_files_of_this_vendor_and_kind(vendor):
    own = SheetFileFactory(vendor=vendor, kind=FileKind.IMAGE)
    foreign = SheetFileFactory(kind=FileKind.IMAGE)
    document = SheetFileFactory(vendor=vendor)
    rows = [
        {"file": str(own.public_id), "alt": "L’accueil"},
        {"file": str(foreign.public_id), "alt": "Ailleurs"},
        {"file": str(document.public_id), "alt": "Un PDF"},
        {"file": "../../etc/passwd", "alt": "Rien"},
        {"file": str(own.public_id), "alt": "Encore"},
        {"file": str(own.public_id), "alt": ""},
    ]
    invalid = refused(vendor, screenshots=rows)
    assert {rank: set(row) for rank, row in invalid.items["screenshots"].items()} == {
        1: {"file"},
        2: {"file"},
        3: {"file"},
        4: {"file"},
        5: {"alt", "file"},
    }


def test_prerequisites_name_services_that_exist(vendor):
    sheet, other = ServiceSheetFactory(vendor=vendor), ServiceSheetFactory()
    with pytest.raises(SheetInvalid) as refusal:
        checked(
            {
                "prerequisites": [
                    {"text": "", "sheet": other.slug},
                    {"text": "Un scanner", "sheet": ""},
                    {"text": "", "sheet": sheet.slug},
                    {"text": "", "sheet": "nowhere"},
                    {"text": "", "sheet": ""},
                    {"text": "Un scanner", "sheet": "", "required": True},
                ]
            },
            sheet=sheet,
            vendor=vendor,
        )
    assert set(refusal.value.items["prerequisites"]) == {2, 3, 4, 5}


def test_contractors(vendor):
    invalid = refused(
        vendor,
        contractors=[
            {"name": "Libre & Cie", "until": "2027-06-30", "website": "https://libre.example"},
            {"name": "", "until": "30/06/2027", "website": "libre"},
        ],
    )
    assert set(invalid.items["contractors"][1]) == {"name", "until", "website"}
    assert list(invalid.items["contractors"]) == [1]


# --- The JSON Schema of what a service asks when it opens ------------------------------------------------

RIGHT = {"type": "object", "properties": {"site": {"type": "string", "title": "Nom du site"}}}


def test_a_right_schema():
    assert read_schema(json.dumps(RIGHT)) == RIGHT
    assert read_schema("  ") == {}
    assert read_schema(json.dumps({"type": "object", "$ref": "#/$defs/a", "$defs": {"a": {}}}))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "Ce n’est pas du JSON : voyez la ligne 1"),
        ('{"type": "object",\n "properties": }', "ligne 2"),
        ("[]", "doit être un objet JSON"),
        ('"abc"', "doit être un objet JSON"),
        ("NaN", "n’est pas un nombre"),
        ('{"type": "objet"}', "« type »"),
        ('{"type": "object", "properties": {"a": {"type": "text"}}}', "properties → a → type"),
        ('{"type": "object", "required": "a"}', "« required »"),
        ('{"type": "object", "minProperties": -1}', "« minProperties »"),
        ('{"type": "string"}', "doit décrire un objet"),
        ('{"properties": {}}', "doit décrire un objet"),
        ('{"type": "object", "$ref": "https://evil.example/schema"}', "rien n’est lu ailleurs"),
        ('{"type": "object", "properties": {"a": {"$dynamicRef": "file:///etc/passwd"}}}', "rien n’est lu"),
        ('{"type": "object", "title": "a\\u0000b"}', "caractère nul"),
        ('{"a":' * 21 + "1" + "}" * 21, "trop profond"),
        ("[" * 100_00, "trop profond"),
        ("x" * 20_001, "trop long"),
    ],
)
def test_a_schema_that_cannot_be_kept(text, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read_schema(text)
