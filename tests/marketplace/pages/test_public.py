"""What a visitor reads of an operator's pages."""

from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from catalog.models import ListingState
from marketplace.pages.models import AccessibilityPage, LegalPage, NewsPage, StorefrontPage
from tests.factories import ListingFactory, OperatorFactory
from tests.factories.pages import add_page, help_article, news_item, storefront_of
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator():
    return OperatorFactory(slug="hall", short_name="La Halle d’essai", accent="#8a3324")


def page_of(answer) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def at(client, name: str, *arguments: str, **parameters):
    return client.get(reverse(name, args=["hall", *arguments]), parameters)


def test_news_are_listed_the_newest_first_and_lead_to_their_page(client, operator):
    news_item(operator, title="L’ancienne", day=date(2026, 3, 1))
    news_item(operator, title="La récente", slug="la-recente", day=date(2026, 10, 1))
    links = page_of(at(client, "hall_news")).select("main h2 a")
    assert [link.text for link in links] == ["La récente", "L’ancienne"]
    item = page_of(client.get(links[0]["href"]))
    assert item.h1.text == "La récente"
    assert "1er octobre 2026" in item.main.text
    assert [link.text for link in item.select(".halle-breadcrumb a")] == [
        "Accueil", "La Halle d’essai", "Actualités",
    ]  # fmt: skip


def test_pages_wear_the_operators_colours(client, operator):
    news_item(operator, slug="une")
    help_article(operator, slug="un")
    for answer in (
        at(client, "hall_news"), at(client, "hall_news_item", "une"), at(client, "hall_help"),
        at(client, "hall_help_article", "un"), at(client, "hall_legal"), at(client, "hall_accessibility"),
    ):  # fmt: skip
        assert "/halles/hall/couleurs.css?v=8a3324" in answer.content.decode()


def test_an_accent_in_a_title_stays_out_of_its_address(client, operator):
    item = news_item(operator, title="Trois après-midi à l’école")
    assert item.slug == "trois-apres-midi-a-lecole"
    assert client.get(item.get_url()).status_code == 200
    news_item(operator, title="Importée", slug="déjà-là")
    assert at(client, "hall_news").status_code == 200
    assert client.get(reverse("storefront", args=["hall"])).status_code == 200
    assert at(client, "hall_news_item", "déjà-là").status_code == 200


def test_drafts_and_pages_of_others_are_not_found(client, operator):
    news_item(operator, slug="brouillon", live=False)
    other = OperatorFactory(slug="ailleurs")
    news_item(other, slug="la-bas")
    help_article(operator, slug="cache", live=False)
    assert at(client, "hall_news_item", "brouillon").status_code == 404
    assert at(client, "hall_news_item", "la-bas").status_code == 404
    assert at(client, "hall_help_article", "cache").status_code == 404
    assert at(client, "hall_news_item", "absente").status_code == 404
    assert client.get(reverse("hall_news", args=["personne"])).status_code == 404
    assert "brouillon" not in at(client, "hall_news").content.decode()


def test_the_list_of_news_has_pages(client, operator, snapshot):
    for _ in range(12):
        news_item(operator)
    with snapshot_queries(snapshot(name="news")):
        first = page_of(at(client, "hall_news"))
    assert len(first.select("main h2")) == 10
    assert len(page_of(at(client, "hall_news", page="2")).select("main h2")) == 2
    for typed in ("0", "-1", "99", "x", "9" * 400):
        assert at(client, "hall_news", page=typed).status_code == 200


def test_a_body_shows_its_pieces_in_few_queries(client, operator, snapshot):
    listing = ListingFactory(operator=operator, sheet__name="Cantine facile")
    hidden = ListingFactory(operator=operator, sheet__name="Retiré", state=ListingState.SUSPENDED)
    foreign = ListingFactory(sheet__name="D’ailleurs")
    news_item(
        operator,
        slug="tout",
        body=[
            ("heading", "Ce qui change"),
            ("text", "<p>Le <b>prix</b> baisse.</p>"),
            ("quote", {"text": "Enfin.", "source": "Une secrétaire"}),
            ("link", {"label": "Le texte", "url": "https://www.example.fr/"}),
            ("callout", {"level": "warning", "title": "Date limite", "text": "Le 1er mars."}),
            ("service", listing),
            ("service", hidden),
            ("service", foreign),
        ],
    )
    with snapshot_queries(snapshot(name="news item")):
        page = page_of(at(client, "hall_news_item", "tout"))
    assert [title.text for title in page.select("main h2")] == ["Ce qui change", "Cantine facile"]
    assert page.main.b.text == "prix"
    assert page.blockquote.text.strip() == "Enfin."
    assert page.select_one("main a.btn")["href"] == "https://www.example.fr/"
    assert "Retiré" not in page.text
    assert "D’ailleurs" not in page.text


def test_what_an_editor_types_is_text(client, operator):
    evil = "<script>alert(1)</script>"
    news_item(
        operator,
        slug="mal",
        title=evil,
        introduction=evil,
        body=[("heading", evil), ("quote", {"text": evil, "source": evil}),
              ("callout", {"level": "info", "title": evil, "text": evil})],
    )  # fmt: skip
    page = page_of(at(client, "hall_news_item", "mal"))
    assert page.main.find_all("script") == []
    assert evil in page.h1.text
    assert at(client, "hall_news").content.count(b"<script>alert") == 0


def test_links_between_pages_stay_on_the_host(client, operator):
    first = news_item(operator, slug="premiere")
    news_item(
        operator,
        slug="seconde",
        body=[("text", f'<p><a linktype="page" id="{first.pk}">la première</a></p>')],
    )
    url = reverse("hall_news_item", args=["hall", "seconde"])
    page = page_of(client.get(url, headers={"host": "halle.essai.example"}))
    assert page.select_one(".halle-prose a")["href"] == reverse("hall_news_item", args=["hall", "premiere"])
    assert [link["href"] for link in page.select("a[href^=http]")] == []


def test_the_feed_holds_the_published_news(client, operator):
    news_item(operator, title="Les prix & les dates", slug="prix", introduction="<b>Moins</b> cher.")
    news_item(operator, title="Caché", live=False)
    answer = client.get(reverse("hall_news_feed", args=["hall"]), headers={"host": "halle.essai.example"})
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = BeautifulSoup(answer.content, "xml")
    (entry,) = feed.find_all("entry")
    assert entry.title.text == "Les prix & les dates"
    assert entry.link["href"] == "http://halle.essai.example/halles/hall/actualites/prix/"
    assert "Caché" not in feed.text


def test_help_lists_its_articles_in_the_editors_order(client, operator, snapshot):
    for title in ("Zone d’aide", "Avant tout"):
        help_article(operator, title=title)
    with snapshot_queries(snapshot(name="help")):
        page = page_of(at(client, "hall_help"))
    assert [link.text for link in page.select("main h2 a")] == ["Zone d’aide", "Avant tout"]


def test_the_legal_notice_says_what_halle_knows_until_one_is_published(client, operator):
    assert operator.organisation.name in page_of(at(client, "hall_legal")).main.text
    storefront_of(operator)  # its draft is not for visitors
    notice = LegalPage.objects.get()
    assert not notice.live
    assert "Direction de la publication" not in page_of(at(client, "hall_legal")).main.text
    notice.director = "Jeanne Martin, présidente"
    notice.host = "Hébergeur, 1 rue du Test, Rennes"
    notice.save_revision().publish()
    page = page_of(at(client, "hall_legal"))
    assert "Jeanne Martin, présidente" in page.main.text
    assert "Hébergeur, 1 rue du Test" in page.main.text


def test_the_declaration_of_accessibility(client, operator):
    fallback = page_of(at(client, "hall_accessibility"))
    assert "non conforme" in fallback.main.text
    assert (
        "Accessibilité : non conforme"
        in page_of(client.get(reverse("storefront", args=["hall"]))).footer.text
    )
    add_page(
        operator,
        StorefrontPage,
        AccessibilityPage(
            title="Déclaration d’accessibilité",
            conformity="partial",
            rate="82.50",
            audited_on=date(2026, 5, 4),
            auditor="Cabinet Lisible",
            failures="<p>Les plans n’ont pas d’équivalent.</p>",
            contact_email="acces@hall.example",
        ),
    )
    page = page_of(at(client, "hall_accessibility"))
    for words in (
        "partiellement conforme", "82,5\u00a0% des critères", "4 mai 2026", "Cabinet Lisible",
        "Les plans n’ont pas", "acces@hall.example", "Défenseur des droits",
    ):  # fmt: skip
        assert words in page.main.text
    home = page_of(client.get(reverse("storefront", args=["hall"])))
    assert "Accessibilité : partiellement conforme" in home.footer.text


def test_the_storefront_leads_to_news_and_help_when_there_are_some(client, operator):
    storefront_of(operator)
    empty = page_of(client.get(reverse("storefront", args=["hall"])))
    assert "Actualités" not in empty.text
    news_item(operator, title="Du nouveau")
    help_article(operator)
    page = page_of(client.get(reverse("storefront", args=["hall"])))
    links = [link["href"] for link in page.main.select("a")]
    assert reverse("hall_news", args=["hall"]) in links
    assert reverse("hall_help", args=["hall"]) in links
    assert "Du nouveau" in page.main.text


def test_sections_are_made_once(operator):
    for _ in range(2):
        storefront = storefront_of(operator)
    assert NewsPage.objects.count() == 1
    assert storefront.get_children().count() == 3
