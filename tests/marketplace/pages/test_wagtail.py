"""Only editors enter Wagtail, and each finds there her own operator's pages and pictures only."""

import json
import re
from datetime import timedelta
from functools import partial
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from wagtail.images import get_image_model
from wagtail.models import Revision

from catalog.models import ListingState
from marketplace.pages.desks import editors_of
from marketplace.pages.models import LegalPage, NewsItemPage, NewsPage
from marketplace.tasks import publish_when_due
from tenants.models import Role
from tests.factories import ListingFactory, MembershipFactory, OperatorFactory, UserFactory
from tests.factories.pages import editor_of, help_article, news_item, storefront_of
from tests.permissions.addresses import library_addresses
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def ours():
    return OperatorFactory(slug="aubeterre", short_name="Mutu Aubeterre")


@pytest.fixture
def theirs():
    operator = OperatorFactory(
        slug="bellombre", short_name="Mutu Bellombre", organisation__name="Mutualisation Bellombre"
    )
    editor_of(operator, last_name="Bellombre")
    news_item(operator, title="Nouvelle de Bellombre")
    help_article(operator, title="Aide de Bellombre")
    ListingFactory(operator=operator, sheet__name="Cantine Bellombre")
    _picture(operator, "Photo de Bellombre")
    return operator


@pytest.fixture
def editor(ours) -> Client:
    return signed_in(editor_of(ours))


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def png(size=(40, 30), **options) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#8a3324").save(out, options.pop("format", "PNG"), **options)
    return out.getvalue()


def _picture(operator, title: str):
    with as_worker():
        return get_image_model().objects.create(
            title=title,
            file=SimpleUploadedFile("photo.png", png()),
            collection=operator.desk.collection,
        )


def section(operator, kind):
    return kind.objects.descendant_of(storefront_of(operator)).get()


def news_form(**fields) -> dict:
    return {
        "title": "Du nouveau", "slug": "du-nouveau", "day": "2026-10-01", "introduction": "Une phrase.",
        "body-count": "0", "go_live_at": "", "expire_at": "", "action-publish": "1",
    } | fields  # fmt: skip


def rich_text(*, text: str, links: tuple[str, ...] = ()) -> str:
    """What Draftail sends for a paragraph; each of `links` is the address of the whole text."""
    entities = {
        str(n): {"type": "LINK", "mutability": "MUTABLE", "data": {"url": url}} for n, url in enumerate(links)
    }
    block = {
        "key": "a1b2c", "text": text, "type": "unstyled", "depth": 0, "inlineStyleRanges": [],
        "entityRanges": [{"offset": 0, "length": len(text), "key": n} for n in range(len(links))], "data": {},
    }  # fmt: skip
    return json.dumps({"blocks": [block], "entityMap": entities})


def a_block(kind: str, value: dict) -> dict:
    return {
        "body-count": "1", "body-0-deleted": "", "body-0-order": "0", "body-0-type": kind, "body-0-id": "",
        **({"body-0-value": value} if isinstance(value, str) else
           {f"body-0-value-{name}": part for name, part in value.items()}),
    }  # fmt: skip


def test_an_editor_writes_and_publishes_below_her_storefront(editor, ours, client):
    add = reverse("wagtailadmin_pages:add", args=["pages", "newsitempage", section(ours, NewsPage).pk])
    assert editor.get(add).status_code == 200
    answer = editor.post(add, news_form(**a_block("text", rich_text(text="Bonjour"))))
    assert answer.status_code == 302, answer.context["form"].errors
    page = client.get(reverse("hall_news_item", args=["aubeterre", "du-nouveau"]))
    assert "Bonjour" in page.content.decode()


def test_what_a_browser_sends_cannot_bring_html_or_a_script(editor, ours, client):
    add = reverse("wagtailadmin_pages:add", args=["pages", "newsitempage", section(ours, NewsPage).pk])
    evil = '<img src=x onerror="alert(1)"><script>alert(1)</script>'
    sent = news_form(
        title=evil, slug="mal", introduction=evil,
        **a_block("text", rich_text(text=evil, links=("javascript:alert(1)",))),
    )  # fmt: skip
    assert editor.post(add, sent).status_code == 302
    page = client.get(reverse("hall_news_item", args=["aubeterre", "mal"])).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    for raw in ("<script>alert", "<img src=x", "javascript:"):
        assert raw not in page
    assert (
        editor.post(
            add, news_form(slug="b", **a_block("link", {"label": "x", "url": "javascript:alert(1)"}))
        ).status_code
        == 200
    )


def test_a_draft_is_previewed_in_the_operators_colours_and_nowhere_else(editor, ours, client):
    page = news_item(ours, title="À relire", slug="a-relire", live=False)
    edit = reverse("wagtailadmin_pages:edit", args=[page.pk])
    preview = reverse("wagtailadmin_pages:preview_on_edit", args=[page.pk])
    assert editor.get(edit).status_code == 200
    assert editor.post(preview, news_form(title="Relue", slug="a-relire")).json()["is_valid"]
    shown = editor.get(preview)
    assert "Relue" in shown.content.decode()
    assert "couleurs.css" in shown.content.decode()
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in shown.get("Content-Security-Policy", "frame-ancestors 'self'")
    assert client.get(reverse("hall_news_item", args=["aubeterre", "a-relire"])).status_code == 404
    assert client.get(preview).status_code == 302


def test_a_page_is_previewed_before_it_is_saved(editor, ours):
    arguments = ["pages", "newsitempage", section(ours, NewsPage).pk]
    preview = reverse("wagtailadmin_pages:preview_on_add", args=arguments)
    assert editor.post(preview, news_form()).json()["is_valid"]
    assert "Du nouveau" in editor.get(preview).content.decode()
    assert not NewsItemPage.objects.exists()


def test_a_page_appears_and_ends_at_its_hour(ours, client):
    page = news_item(ours, slug="demain", live=False)
    url = reverse("hall_news_item", args=["aubeterre", "demain"])
    just_now = timezone.now() - timedelta(minutes=1)
    page.go_live_at = just_now
    with as_worker():
        page.save_revision(approved_go_live_at=just_now)
        publish_when_due(timestamp=0)
    assert client.get(url).status_code == 200
    with as_worker():
        NewsItemPage.objects.filter(pk=page.pk).update(expire_at=just_now)
        publish_when_due(timestamp=0)
    assert client.get(url).status_code == 404


def test_the_account_page_is_our_own(editor):
    answer = editor.get(reverse("wagtailadmin_account"))
    assert answer["Location"] == reverse("my_data")


def test_the_legal_notice_is_completed_and_published(editor, ours):
    notice = section(ours, LegalPage)
    edit = reverse("wagtailadmin_pages:edit", args=[notice.pk])
    form = {
        "title": "Mentions légales", "publisher": "Mutu", "publisher_status": "", "publisher_address": "",
        "publisher_email": "contact@mutu.example", "publisher_phone": "", "director": "", "host": "Ici",
        "more": rich_text(text=""), "action-publish": "1",
    }  # fmt: skip
    assert editor.post(edit, form).status_code == 200  # who directs is compulsory
    assert not LegalPage.objects.get(pk=notice.pk).live
    assert editor.post(edit, form | {"director": "Jeanne Martin"}).status_code == 302
    assert LegalPage.objects.get(pk=notice.pk).live


def test_an_editor_finds_nothing_of_another_operator(editor, theirs):
    """Every page of Wagtail without an argument, and every page of theirs."""
    editor.raise_request_exception = False  # Wagtail has a page that fails on purpose
    seen = []
    for address in library_addresses():
        if address.path.startswith("cms/") and address.name and not address.takes_arguments:
            path = address.path.replace("^", "").replace("$", "")
            answer = editor.get(f"/{path}", {"q": "Nouvelle"} if "search" in address.path else {})
            if "Bellombre" in answer.content.decode(errors="ignore"):
                seen.append(address.name)
    assert seen == []


ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
WORDS = {
    "filter_spec": "max-165x165",
    **dict.fromkeys(["app_name", "app_label", "content_type_app_name", "content_type_app_label"], "pages"),
    **dict.fromkeys(["model_name", "content_type_model_name"], "newsitempage"),
}


def numbers_of(operator) -> set[int]:
    """Those of its storefront, news, revisions, collection, group, picture and people."""
    return {
        storefront_of(operator).pk,
        *NewsItemPage.objects.values_list("pk", flat=True),
        *Revision.objects.values_list("pk", flat=True),
        operator.desk.collection_id,
        operator.desk.group_id,
        get_image_model().objects.get(collection=operator.desk.collection).pk,
        *editors_of(operator).values_list("pk", flat=True),
    }


def test_no_page_of_wagtail_names_another_operators_things(editor, theirs):
    """Every page of Wagtail with arguments, given the numbers of what is theirs."""
    with as_worker():
        NewsItemPage.objects.get().save_revision()
    paths = set()
    for address in library_addresses():
        if address.path.startswith("cms/") and address.takes_arguments and "(" not in address.path:
            path = address.path.replace("^", "").replace("$", "")
            for number in numbers_of(theirs):
                paths.add(ARGUMENT.sub(partial(_argument, number), path))
    editor.raise_request_exception = False  # Wagtail trips over a form without its fields
    seen = [
        path
        for path in sorted(paths)
        for method in (editor.get, editor.post)
        if b"Bellombre" in method(f"/{path}").content
    ]
    assert len(paths) > 500
    assert seen == []


def _argument(number: int, found: re.Match) -> str:
    return WORDS.get(found[1], str(number))


def test_an_editor_opens_and_changes_no_page_of_another_operator(editor, theirs):
    item = NewsItemPage.objects.descendant_of(storefront_of(theirs)).get()
    storefront = storefront_of(theirs)
    for name, *arguments in (
        ("wagtailadmin_pages:edit", item.pk), ("wagtailadmin_pages:delete", item.pk),
        ("wagtailadmin_pages:unpublish", item.pk), ("wagtailadmin_pages:history", item.pk),
        ("wagtailadmin_pages:copy", item.pk), ("wagtailadmin_pages:move", item.pk),
        ("wagtailadmin_pages:view_draft", item.pk), ("wagtailadmin_pages:preview_on_edit", item.pk),
        ("wagtailadmin_pages:edit", storefront.pk), ("wagtailadmin_pages:usage", item.pk),
        ("wagtailadmin_pages:add", "pages", "newsitempage", section(theirs, NewsPage).pk),
        ("wagtailadmin_pages:add_subpage", section(theirs, NewsPage).pk),
    ):  # fmt: skip
        url = reverse(name, args=arguments)
        for method in (editor.get, editor.post):
            answer = method(url, news_form() if method == editor.post else {})
            assert answer.status_code in (302, 403, 404), (url, answer.status_code)
            assert "Bellombre" not in answer.content.decode()
    with as_worker():
        item.save_revision()
    compared = editor.get(f"/cms/pages/{item.pk}/revisions/compare/live...latest/")
    assert compared.status_code in (302, 403, 404)
    assert "Bellombre" not in compared.content.decode()
    assert NewsItemPage.objects.get(pk=item.pk).title == "Nouvelle de Bellombre"
    assert NewsItemPage.objects.child_of(section(theirs, NewsPage)).count() == 1
    explored = editor.get(reverse("wagtailadmin_explore", args=[section(theirs, NewsPage).pk]), follow=True)
    assert "Bellombre" not in explored.content.decode()


def test_the_choosers_offer_ones_own_only(editor, ours, theirs):
    news_item(ours, title="Nouvelle d’Aubeterre")
    ListingFactory(operator=ours, sheet__name="Cantine Aubeterre")
    ListingFactory(operator=ours, sheet__name="Retirée", state=ListingState.SUSPENDED)
    _picture(ours, "Photo d’Aubeterre")
    for name, arguments, parameters, expected in (
        ("wagtailadmin_choose_page", [], {}, "Mutu Aubeterre"),
        ("wagtailadmin_choose_page_child", [section(theirs, NewsPage).pk], {}, None),
        ("wagtailadmin_choose_page_search", [], {"q": "Nouvelle"}, "Nouvelle d’Aubeterre"),
        ("wagtailimages_chooser:choose", [], {}, "Photo d’Aubeterre"),
        ("services_au_catalogue:choose", [], {}, "Cantine Aubeterre"),
        ("services_au_catalogue:choose_results", [], {}, "Cantine Aubeterre"),
    ):
        answer = editor.get(reverse(name, args=arguments), parameters)
        assert answer.status_code in (200, 403, 404), name
        content = answer.content.decode("unicode_escape", errors="ignore") + answer.content.decode()
        assert "Bellombre" not in content, name
        assert "Retirée" not in content, name
        if expected:
            assert expected in content, name
    image = theirs.desk.collection.pk
    picture = get_image_model().objects.get(collection=image)
    for name in ("wagtailimages:edit", "wagtailimages:delete"):
        assert editor.get(reverse(name, args=[picture.pk])).status_code in (302, 403, 404)


def test_a_service_elsewhere_or_off_the_shelf_is_not_named(editor, theirs):
    hidden = ListingFactory(operator=theirs, sheet__name="Secret", state=ListingState.DRAFT)
    answer = editor.get(reverse("services_au_catalogue:chosen", args=[hidden.pk]))
    assert answer.status_code == 404


def test_what_halle_put_stays_where_it_is(editor, ours):
    """An editor may neither delete, move nor copy her storefront and its sections, nor hide a page behind a
    password that our own pages would not ask for."""
    item = news_item(ours)
    for page in (storefront_of(ours), section(ours, NewsPage), section(ours, LegalPage)):
        for name in ("delete", "move", "copy"):
            url = reverse(f"wagtailadmin_pages:{name}", args=[page.pk])
            assert editor.post(url).status_code in (302, 403), (page, name)
        type(page).objects.get(pk=page.pk)
    restrictions = reverse("wagtailadmin_pages:set_privacy", args=[item.pk])
    assert editor.get(restrictions).status_code in (302, 403)
    assert editor.post(reverse("wagtailadmin_pages:delete", args=[item.pk])).status_code == 302
    assert not NewsItemPage.objects.filter(pk=item.pk).exists()


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.VENDOR_ADMIN, Role.CURATOR, Role.OPERATOR_ADMIN])
def test_who_is_no_editor_is_led_to_her_places(role, ours):
    person = signed_in(MembershipFactory(organisation=ours.organisation, role=role).user)
    for url in ("/cms/", "/cms/pages/", "/cms/images/"):
        answer = person.get(url)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/mes-places/"), answer["Location"]


def test_a_visitor_is_led_to_sign_in(client, ours):
    assert client.get("/cms/pages/", follow=False).status_code == 302


def upload(editor, content: bytes, name: str, collection=None):
    form = {"title": "Une photo", "file": SimpleUploadedFile(name, content)}
    return editor.post(
        reverse("wagtailimages:add"), form | ({"collection": collection.pk} if collection else {})
    )


def test_a_picture_is_drawn_again_and_shown_from_our_address(editor, ours, client):
    exif = Image.Exif()
    exif[0x010E] = "SECRET DE LA PHOTO"
    answer = upload(editor, png((3000, 200), format="JPEG", exif=exif), "ma mairie.jpg")
    assert answer.status_code == 302, answer.context["form"].errors
    image = get_image_model().objects.get()
    assert image.collection == ours.desk.collection
    assert (image.width, image.height) == (2400, 160)
    assert b"SECRET" not in image.file.open().read()
    item = news_item(ours, slug="photo", body=[("image", _shown(image, "La mairie"))])
    page = client.get(item.get_url()).content.decode()
    assert 'alt="La mairie"' in page
    url = image.get_rendition("max-1200x1200").url
    assert url in page
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"SECRET" not in answer.content


def _shown(image, alt: str):
    image.contextual_alt_text, image.decorative = alt, False
    return image


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "dessin.svg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "dessin.png"),
        (b"<html><script>alert(1)</script></html>", "page.jpg"),
        (b"GIF89a<script>alert(1)</script>", "image.gif"),
        (png()[:60], "abimee.png"),
        (b"", "vide.png"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (6 * 1024 * 1024), "lourde.png"),
    ],
    ids=["svg", "svg called png", "html", "gif", "broken", "empty", "too heavy"],
)
def test_what_is_no_picture_is_refused(editor, ours, content, name):
    answer = upload(editor, content, name)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not get_image_model().objects.exists()


@pytest.mark.parametrize(
    "name", ["absente.png", "page.html", "dessin.svg", ".png", "..%2F..%2Fsecret.png", "a" * 300 + ".png"]
)
def test_only_pictures_are_at_the_address_of_pictures(client, name):
    assert client.get(f"/images/{name}").status_code == 404


def test_staff_sees_all(theirs, ours):
    storefront_of(ours)
    staff = signed_in(UserFactory(is_staff=True, is_superuser=True))
    page = staff.get(reverse("wagtailadmin_explore_root")).content.decode()
    assert "Mutu Aubeterre" in page
    assert "Mutu Bellombre" in page


def test_pictures_sent_several_at_once_go_through_the_same_door(editor, ours):
    exif = Image.Exif()
    exif[0x010E] = "SECRET DE LA PHOTO"
    for name, content, expected in (
        ("photo.jpg", png(format="JPEG", exif=exif), True),
        ("dessin.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", False),
    ):
        sent = {"title": "Une photo", "files[]": SimpleUploadedFile(name, content)}
        answer = editor.post(
            reverse("wagtailimages:add_multiple"), sent, headers={"x-requested-with": "XMLHttpRequest"}
        )
        assert answer.json()["success"] is expected
    (image,) = get_image_model().objects.all()
    assert image.collection == ours.desk.collection
    assert b"SECRET" not in image.file.open().read()
