"""Writing a sheet in its pages: rows without JavaScript, what was typed kept, two people at once."""

import json

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import ServiceSheet, SheetFile
from catalog.sheets.drafts import draft_of
from marketplace.web.vendor.sheet_forms import SECTIONS
from tenants.models import Role
from tests.catalog.publiccode.files import RIGHT, changed, written
from tests.catalog.sheets.test_files import named_script, pdf, picture
from tests.factories import (
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    ServiceSheetFactory,
    TerritoryFactory,
    UserFactory,
    VendorFactory,
)
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor():
    return VendorFactory()


@pytest.fixture
def signed_in(vendor, client) -> Client:
    client.force_login(MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_EDITOR).user)
    return client


@pytest.fixture
def sheet(vendor) -> ServiceSheet:
    sheet = ServiceSheetFactory(vendor=vendor, name="Cantinelle", slug="cantinelle", live=False)
    with as_worker():
        sheet.save_revision()
    return sheet


def url(sheet, name="vendor_service", *more):
    return reverse(name, args=[sheet.vendor.organisation.siren, sheet.slug, *more])


def draft(sheet) -> ServiceSheet:
    return draft_of(ServiceSheet.objects.get(pk=sheet.pk)).sheet


def form_of(client, address) -> dict:
    """What a browser would send of the page as it is."""
    page = BeautifulSoup(client.get(address).content, "html.parser")
    form = page.select_one("form[enctype='multipart/form-data'], form.halle-form")
    sent = {}
    for field in form.select("input[name], select[name], textarea[name]"):
        kind = field.get("type")
        if kind in ("checkbox", "radio"):
            if field.has_attr("checked"):
                sent.setdefault(field["name"], []).append(field.get("value", "on"))
        elif field.name == "select":
            chosen = field.select_one("option[selected]")
            sent[field["name"]] = chosen["value"] if chosen else ""
        elif kind != "file":
            sent[field["name"]] = _value(field)
    return sent


def _value(field) -> str:
    return field.text.removeprefix("\n") if field.name == "textarea" else field.get("value", "")


def words(answer) -> str:
    return BeautifulSoup(answer.content, "html.parser").get_text(" ", strip=True)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_sent_as_it_is_changes_nothing(signed_in, sheet, section):
    address = url(sheet, "vendor_service_edit", section)
    answer = signed_in.post(address, form_of(signed_in, address), follow=True)
    assert "Rien n’a changé" in words(answer)
    assert sheet.revisions.count() == 1


def test_what_is_typed_is_a_draft_and_html_is_text(signed_in, sheet):
    address = url(sheet, "vendor_service_edit", "presentation")
    sent = form_of(signed_in, address) | {
        "name": "Cantinelle <b>2</b>",
        "description": "<script>alert(1)</script>\n\nDes repas.",
        "then": "next",
    }
    answer = signed_in.post(address, sent)
    assert answer["Location"] == url(sheet, "vendor_service_edit", "pour-qui")
    assert draft(sheet).description == "<script>alert(1)</script>\n\nDes repas."
    assert ServiceSheet.objects.get(pk=sheet.pk).name == "Cantinelle"
    for page in (url(sheet), url(sheet, "vendor_service_compare"), address):
        content = signed_in.get(page).content.decode()
        assert "<script>alert" not in content
        assert "&lt;b&gt;2" in content or "<b>2" not in content
    OperatorFactory()
    preview = signed_in.get(url(sheet, "vendor_service_preview")).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in preview


@pytest.mark.parametrize("typed", ["3 500", "3\u202f500", "3\u00a0500", " 3500 ", "03500"])
def test_a_bound_typed_with_spaces(signed_in, sheet, typed):
    address = url(sheet, "vendor_service_edit", "pour-qui")
    signed_in.post(address, form_of(signed_in, address) | {"population_max": typed})
    assert draft(sheet).population_max == 3500


@pytest.mark.parametrize("typed", ["3,5", "-3", "trois mille", "3500 hab", "1e9", "²", "9" * 5000])
def test_a_bound_that_is_no_number_is_kept_and_told(signed_in, sheet, typed):
    address = url(sheet, "vendor_service_edit", "pour-qui")
    answer = signed_in.post(
        address, form_of(signed_in, address) | {"population_max": typed, "audience": "Nous"}
    )
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select_one("#id_population_max")["value"] == typed
    assert page.select_one("#id_audience")["value"] == "Nous"
    assert page.select_one(".halle-error-summary a")["href"] == "#id_population_max"
    assert page.title.text.startswith("Erreur : ")


def test_rows_are_added_changed_and_removed_without_javascript(signed_in, sheet):
    address = url(sheet, "vendor_service_edit", "assistance")
    for number in range(3):
        sent = form_of(signed_in, address)
        assert sent["contacts-TOTAL_FORMS"] == str(number + 1)
        sent |= {f"contacts-{number}-label": f"Aide {number}", f"contacts-{number}-phone": "02 31 00 00 00"}
        signed_in.post(address, sent)
    sent = form_of(signed_in, address)
    sent |= {"contacts-0-DELETE": "on", "contacts-1-label": "Formation", "contacts-2-hours": "9 h – 17 h"}
    signed_in.post(address, sent)
    assert [(one["label"], one["hours"]) for one in draft(sheet).contacts] == [
        ("Formation", ""),
        ("Aide 2", "9 h – 17 h"),
    ]


def test_a_mistake_in_one_row_keeps_all_that_was_typed(signed_in, sheet):
    address = url(sheet, "vendor_service_edit", "options")
    sent = form_of(signed_in, address) | {
        "options-TOTAL_FORMS": "3",
        "options-0-code": "Trop d’espaces",
        "options-0-name": "Messages",
        "options-2-code": "sms",
        "options-2-summary": "Cent messages",
        "prerequisites-0-text": "Un scanner",
    }
    answer = signed_in.post(address, sent)
    page = BeautifulSoup(answer.content, "html.parser")
    for name in ("options-0-code", "options-0-name", "options-2-summary", "prerequisites-0-text"):
        assert page.select_one(f"[name={name}]")["value"] == sent[name]
    links = [link["href"] for link in page.select(".halle-error-summary a")]
    assert links == ["#id_options-0-code", "#id_options-2-name"]
    assert sheet.revisions.count() == 1


def test_an_address_of_a_page_names_another_service(signed_in, sheet):
    other = ServiceSheetFactory(slug="parapheur")
    address = url(sheet, "vendor_service_edit", "options")
    sent = form_of(signed_in, address)
    sent["prerequisites-0-sheet"] = "https://halle.example/halles/gip/services/parapheur/?insee=14711"
    signed_in.post(address, sent)
    assert draft(sheet).prerequisites == [{"text": "", "sheet": other.slug, "required": False}]


@pytest.mark.parametrize(
    "broken",
    [
        {"contacts-TOTAL_FORMS": "100000"},
        {"contacts-TOTAL_FORMS": "-1"},
        {"contacts-TOTAL_FORMS": "abc"},
        {"contacts-INITIAL_FORMS": ""},
        {"revision": "abc"},
        {"revision": "9" * 40},
        {"contacts-0-label": "x" * 100_000},
        {"contacts-0-email": "a\x00b"},
    ],
    ids=str,
)
def test_a_form_that_was_tampered_with_is_never_an_error_of_ours(signed_in, sheet, broken):
    address = url(sheet, "vendor_service_edit", "assistance")
    assert signed_in.post(address, form_of(signed_in, address) | broken).status_code in (200, 302)
    assert signed_in.post(address, {}).status_code == 200


def test_two_people_at_the_same_section(signed_in, sheet, vendor):
    colleague = Client()
    colleague.force_login(MembershipFactory(organisation=vendor.organisation, role=Role.VENDOR_ADMIN).user)
    address = url(sheet, "vendor_service_edit", "presentation")
    mine = form_of(signed_in, address) | {"summary": "Le mien."}
    colleague.post(address, form_of(colleague, address) | {"summary": "Le sien."})
    answer = signed_in.post(address, mine)
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select_one("#id_summary").text.strip() == "Le mien."
    assert "Le sien." in page.select_one("[aria-labelledby=conflit]").get_text(" ", strip=True)
    assert draft(sheet).summary == "Le sien."
    again = mine | {"revision": page.select_one("[name=revision]")["value"]}
    assert signed_in.post(address, again).status_code == 302
    assert draft(sheet).summary == "Le mien."


def test_two_people_at_two_sections(signed_in, sheet, vendor):
    address = url(sheet, "vendor_service_edit", "pour-qui")
    mine = form_of(signed_in, address) | {"population_min": "500"}
    other = url(sheet, "vendor_service_edit", "presentation")
    signed_in.post(other, form_of(signed_in, other) | {"summary": "Le sien."})
    answer = signed_in.post(address, mine, follow=True)
    assert "une autre personne a modifié : résumé" in words(answer)
    assert (draft(sheet).population_min, draft(sheet).summary) == (500, "Le sien.")


# --- Files ------------------------------------------------------------------------------------------------


def send_files(client, sheet, **sent):
    address = url(sheet, "vendor_service_edit", "captures")
    files = {
        name: SimpleUploadedFile("x", content) for name, content in sent.items() if isinstance(content, bytes)
    }
    return client.post(address, form_of(client, address) | sent | files)


def fields(**named) -> dict:
    return {name.replace("_", "-"): value for name, value in named.items()}


def test_a_screenshot_and_a_document(signed_in, sheet, client):
    send_files(
        signed_in,
        sheet,
        **fields(screenshots_0_upload=picture(), screenshots_0_alt="L’accueil"),
        **fields(documents_0_upload=pdf(), documents_0_title="Guide"),
    )
    (shot,), (document,) = draft(sheet).screenshots, draft(sheet).documents
    assert (shot["alt"], document["title"]) == ("L’accueil", "Guide")
    image = signed_in.get(reverse("sheet_file", args=[shot["file"]]))
    assert (image["Content-Type"], image["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert "private" in image["Cache-Control"]
    guide = signed_in.get(reverse("sheet_file", args=[document["file"]]))
    assert guide["Content-Disposition"].startswith("attachment;")
    assert guide["X-Content-Type-Options"] == "nosniff"
    assert Client().get(reverse("sheet_file", args=[shot["file"]])).status_code == 404


def test_a_file_that_was_received_is_not_asked_for_again(signed_in, sheet):
    answer = send_files(signed_in, sheet, **fields(screenshots_0_upload=picture()))
    page = BeautifulSoup(answer.content, "html.parser")
    assert [link["href"] for link in page.select(".halle-error-summary a")] == ["#id_screenshots-0-alt"]
    kept = SheetFile.objects.get()
    assert page.select_one("[name=screenshots-0-file]")["value"] == str(kept.public_id)
    send_files(
        signed_in, sheet, **fields(screenshots_0_file=str(kept.public_id), screenshots_0_alt="L’accueil")
    )
    assert draft(sheet).screenshots == [{"file": str(kept.public_id), "alt": "L’accueil"}]


def test_a_picture_that_is_none_and_a_pdf_that_acts(signed_in, sheet):
    answer = send_files(
        signed_in,
        sheet,
        **fields(screenshots_0_upload=b"<svg/>", screenshots_0_alt="L’accueil"),
        **fields(documents_0_upload=pdf(named_script), documents_0_title="Guide"),
    )
    page = BeautifulSoup(answer.content, "html.parser")
    links = [link["href"] for link in page.select(".halle-error-summary a")]
    assert links == ["#id_screenshots-0-upload", "#id_documents-0-upload"]
    assert page.select_one("#id_screenshots-0-alt")["value"] == "L’accueil"
    assert not SheetFile.objects.exists()


def test_a_new_file_takes_the_place_of_the_old_one(signed_in, sheet):
    send_files(signed_in, sheet, **fields(documents_0_upload=pdf(), documents_0_title="Guide"))
    before = draft(sheet).documents[0]["file"]
    send_files(signed_in, sheet, **fields(documents_0_upload=pdf(pages=2)))
    assert draft(sheet).documents[0]["file"] != before
    assert draft(sheet).documents[0]["title"] == "Guide"


# --- publiccode.yml ---------------------------------------------------------------------------------------


def test_a_publiccode_is_shown_then_fills_what_is_ticked(signed_in, sheet):
    address = url(sheet, "vendor_service_import")
    file = SimpleUploadedFile("publiccode.yml", written(RIGHT).encode())
    answer = signed_in.post(address, {"file": file})
    page = BeautifulSoup(answer.content, "html.parser")
    offered = [box["value"] for box in page.select("[name=fields]")]
    assert {"name", "summary", "description", "licence_spdx", "repository_url", "contractors"} <= set(offered)
    assert sheet.revisions.count() == 1
    sent = {
        "text": page.select_one("textarea[name=text]").text,
        "revision": page.select_one("[name=revision]")["value"],
        "fields": ["licence_spdx", "contractors"],
        "fill": "1",
    }
    assert signed_in.post(address, sent).status_code == 302
    filled = draft(sheet)
    assert filled.licence_spdx == "AGPL-3.0-or-later"
    assert filled.contractors[0]["name"] == "Petite Fabrique"
    assert filled.name == "Cantinelle"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (changed("legal.license", "nope"), "licence"),
        ("a: !!python/object/apply:os.system ['true']", "étiquettes"),
        ("- a\n" * 3, "champs nommés"),
        ("x" * (300 * 1024), "Ko au plus"),
        ("", "collez son texte"),
    ],
    ids=["licence", "hostile", "list", "huge", "empty"],
)
def test_a_publiccode_that_cannot_be_read(signed_in, sheet, text, told):
    answer = signed_in.post(url(sheet, "vendor_service_import"), {"text": text})
    assert told in words(answer)
    assert sheet.revisions.count() == 1


def test_a_huge_or_binary_file(signed_in, sheet):
    for content in (b"a" * (300 * 1024), b"\xff\xfe\x00", b""):
        file = SimpleUploadedFile("publiccode.yml", content)
        answer = signed_in.post(url(sheet, "vendor_service_import"), {"file": file})
        assert answer.status_code == 200
        assert answer.context["form"].errors


def test_markup_in_a_publiccode_is_text(signed_in, sheet):
    text = changed("description.fr.longDescription", "<img src=x onerror=alert(1)> " + "Des repas. " * 30)
    page = signed_in.post(url(sheet, "vendor_service_import"), {"text": text}).content.decode()
    assert "<img src=x" not in page


# --- History, preview, publication ------------------------------------------------------------------------


def test_the_history_names_roles_and_compares(signed_in, sheet):
    address = url(sheet, "vendor_service_edit", "presentation")
    signed_in.post(address, form_of(signed_in, address) | {"summary": "Tout neuf."})
    answer = signed_in.get(url(sheet, "vendor_service_history"))
    assert [version["by"] for version in answer.context["versions"]] == ["Rédacteur de l’éditeur", "Halle"]
    first, last = sheet.revisions.order_by("pk").values_list("pk", flat=True)
    compare = url(sheet, "vendor_service_compare")
    for query in ({}, {"avant": first, "apres": last}, {"avant": last, "apres": first}):
        (found,) = signed_in.get(compare, query).context["differences"]
        assert (found.field, found.after) == ("summary", "Tout neuf.")
    assert signed_in.get(compare, {"avant": last, "apres": last}).context["differences"] == []
    other = ServiceSheetFactory()
    with as_worker():
        foreign = other.save_revision()
    for query in ({"avant": foreign.pk, "apres": last}, {"avant": first}):
        assert signed_in.get(compare, query).status_code == 404
    assert signed_in.post(url(sheet, "vendor_service_restore", foreign.pk)).status_code == 404


def test_the_preview_shows_the_draft_with_the_operators_words_and_price(signed_in, sheet):
    operator = OperatorFactory(slug="hall", short_name="La Halle d’essai")
    OperatorFactory(slug="autre", short_name="Autre halle")
    commune = TerritoryFactory(name="Trévières", code="14711")
    ListingFactory(sheet=sheet, operator=operator, own_text="Notre mot.", terms="Un an.")
    address = url(sheet, "vendor_service_edit", "presentation")
    signed_in.post(address, form_of(signed_in, address) | {"summary": "Tout neuf."})
    preview = url(sheet, "vendor_service_preview")
    answer = signed_in.get(preview, {"operateur": "hall", "insee": commune.code})
    text = words(answer)
    for told in ("Tout neuf.", "Notre mot.", "Un an.", "TTC par an", "Aperçu de votre brouillon"):
        assert told in text
    assert reverse("operator_stylesheet", args=["hall"]) in answer.content.decode()
    other = words(signed_in.get(preview, {"operateur": "autre", "insee": commune.code}))
    assert "Notre mot." not in other
    chosen = signed_in.get(preview, {"operateur": "hall", "commune": "trevieres"})
    assert chosen["Location"] == f"{preview}?operateur=hall&insee=14711"


COMPLETE = {
    "description": "Les familles inscrivent leurs enfants, la mairie compte les repas. " * 2,
    "hosting": "En France",
    "contacts": [{"label": "Aide", "email": "aide@essai.example"}],
}


@pytest.fixture
def complete(sheet):
    for name, value in COMPLETE.items():
        setattr(sheet, name, value)
    with as_worker():
        sheet.save_revision()
    return sheet


def test_what_is_missing_leads_to_where_it_is_written(signed_in, sheet):
    page = BeautifulSoup(signed_in.get(url(sheet, "vendor_service_publish")).content, "html.parser")
    links = [link["href"] for link in page.select("[aria-labelledby=manque] a")]
    assert url(sheet, "vendor_service_edit", "assistance") in links
    assert page.select_one("[name=when]") is None


def test_published_and_proposed(signed_in, complete):
    operator = OperatorFactory(short_name="Alpha")
    address = url(complete, "vendor_service_publish")
    sent = form_of(signed_in, address) | {"operators": [operator.pk], "note": "Bonjour"}
    answer = signed_in.post(address, sent, follow=True)
    assert "La fiche est publiée, et proposée à : Alpha." in words(answer)
    assert "À l’examen" in words(answer)
    assert ServiceSheet.objects.get(pk=complete.pk).live
    (shelf,) = answer.context["shelves"]
    taken_back = signed_in.post(url(complete, "vendor_submission_cancel", shelf["cancel"]), follow=True)
    assert "Vous avez retiré la fiche de l’examen" in words(taken_back)
    assert "À l’examen" not in words(taken_back)


def test_whoever_writes_is_told_of_the_review(signed_in, complete):
    operator = OperatorFactory(short_name="Alpha")
    address = url(complete, "vendor_service_publish")
    section = url(complete, "vendor_service_edit", "presentation")
    assert "à l’examen" not in words(signed_in.get(section))
    signed_in.post(address, form_of(signed_in, address) | {"operators": [operator.pk]})
    sent = ServiceSheet.objects.get(pk=complete.pk).live_revision
    assert "Une version est à l’examen chez Alpha" in words(signed_in.get(section))
    signed_in.post(section, form_of(signed_in, section) | {"summary": "La suivante."})
    assert sent.content == type(sent).objects.get(pk=sent.pk).content
    assert draft(complete).summary == "La suivante."


def test_planned_then_cancelled(signed_in, complete):
    operator = OperatorFactory(short_name="Alpha")
    address = url(complete, "vendor_service_publish")
    sent = form_of(signed_in, address) | {"operators": [operator.pk], "when": "later"}
    for wrong in ("", "demain", "2020-01-01T08:00", "2999-01-01T08:00", "9999-99-99T00:00"):
        answer = signed_in.post(address, sent | {"at": wrong})
        assert answer.context["form"].errors["at"], wrong
    at = timezone.localtime(timezone.now() + timezone.timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")
    answer = signed_in.post(address, sent | {"at": at}, follow=True)
    assert "Publication prévue le" in words(answer)
    assert not ServiceSheet.objects.get(pk=complete.pk).live
    assert "Annuler cette publication" in words(signed_in.get(address))
    cancelled = signed_in.post(url(complete, "vendor_service_unplan"), follow=True)
    assert "La publication prévue est annulée." in words(cancelled)


def test_a_sheet_that_changed_meanwhile_is_read_again(signed_in, complete):
    address = url(complete, "vendor_service_publish")
    sent = form_of(signed_in, address)
    section = url(complete, "vendor_service_edit", "presentation")
    signed_in.post(section, form_of(signed_in, section) | {"summary": "Autre."})
    answer = signed_in.post(address, sent)
    assert "La fiche a changé" in words(answer)
    assert not ServiceSheet.objects.get(pk=complete.pk).live


def test_strange_operators_are_refused(signed_in, complete):
    address = url(complete, "vendor_service_publish")
    sent = form_of(signed_in, address)
    for strange in (["0"], ["abc"], ["9" * 30]):
        answer = signed_in.post(address, sent | {"operators": strange})
        assert answer.context["form"].errors["operators"] == ["Choisissez des opérateurs de la liste."]


def test_nothing_of_another_vendor_is_found(signed_in, vendor):
    foreign = ServiceSheetFactory(slug="ailleurs")
    with as_worker():
        foreign.save_revision()
    siren = vendor.organisation.siren
    for name, more in (
        ("vendor_service", []),
        ("vendor_service_edit", ["presentation"]),
        ("vendor_service_history", []),
        ("vendor_service_publish", []),
        ("vendor_service_preview", []),
        ("vendor_service_import", []),
    ):
        assert signed_in.get(reverse(name, args=[siren, "ailleurs", *more])).status_code == 404


def test_a_new_service(signed_in, vendor):
    address = reverse("vendor_service_new", args=[vendor.organisation.siren])
    answer = signed_in.post(address, {"name": "", "family": "martian"})
    assert set(answer.context["form"].errors) == {"name", "family"}
    answer = signed_in.post(address, {"name": "Plans & Réseaux", "family": "gis"})
    assert answer["Location"].endswith("/services/plans-reseaux/modifier/presentation/")
    assert not ServiceSheet.objects.get(slug="plans-reseaux").live


def test_a_schema_is_shown_as_it_was_typed(signed_in, sheet):
    address = url(sheet, "vendor_service_edit", "ouverture")
    typed = '{"type": "objet"}'
    page = signed_in.post(address, form_of(signed_in, address) | {"parameters_schema": typed})
    assert (
        BeautifulSoup(page.content, "html.parser").select_one("#id_parameters_schema").text.strip() == typed
    )
    right = {"type": "object", "properties": {"site": {"type": "string"}}}
    signed_in.post(address, form_of(signed_in, address) | {"parameters_schema": json.dumps(right)})
    assert draft(sheet).parameters_schema == right


@pytest.mark.parametrize("count", [1, 6])
def test_queries_of_the_history(count, signed_in, sheet, snapshot):
    with as_worker():
        for _ in range(count):
            sheet.save_revision(user=UserFactory())
    with snapshot_queries(snapshot(name="history")):
        signed_in.get(url(sheet, "vendor_service_history"))
