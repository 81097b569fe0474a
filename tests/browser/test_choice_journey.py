"""A secretary choosing among three services, in a real browser: from her search to the document she keeps."""

import re
from io import BytesIO

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.looking import ARTEFACTS, look, sign_in
from tests.browser.stack import RunningStack

SECRETARY, MAYOR = "Odile Brunerie", "Marcel Tavernas"
HALL, COMMUNE_CODE = "etabli-communal", "42137"
SEARCH = "Cantines"
NEED = "Un logiciel pour la cantine de la rentrée"


def test_a_secretary_chooses_among_three_services(page: Page, stack: RunningStack):
    sign_in(page, stack, SECRETARY)
    find_three(page, stack)
    address = shortlist_them(page)
    freeze(page)
    sign_in(page, stack, MAYOR)
    page.goto(address)
    decide(page)
    keep_the_document(page)


def find_three(page: Page, stack: RunningStack) -> None:
    """Searches, filters, keeps a favourite and a search, compares."""
    page.goto(f"{stack.url}/halles/{HALL}/?insee={COMMUNE_CODE}")
    page.get_by_label(re.compile("^Chercher")).first.fill("cantine")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("^Résultats"))).to_be_visible()
    page.get_by_role("button", name=re.compile("^Garder")).first.click()
    expect(page.get_by_text("est dans vos favoris")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Gardé")).first).to_be_visible()
    look(page, "choice-1-found")
    page.get_by_role("link", name="Enregistrer cette recherche").click()
    look(page, "choice-2-search")
    page.get_by_label("Nom de la recherche").fill(SEARCH)
    page.get_by_role("button", name="Enregistrer la recherche").click()
    expect(page.get_by_role("link", name=SEARCH, exact=True)).to_be_visible()
    look(page, "choice-3-searches")
    page.get_by_role("link", name=SEARCH, exact=True).click()
    boxes = page.get_by_role("checkbox", name=re.compile("^Comparer"))
    for rank in range(3):
        boxes.nth(rank).check()
    page.get_by_role("button", name="Comparer les services cochés").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Comparer des services")
    look(page, "choice-4-compared")


def shortlist_them(page: Page) -> str:
    """From the comparison to a new shortlist with notes; its address."""
    page.get_by_role("link", name="Ajouter à une présélection").click()
    new = page.get_by_label("Une nouvelle présélection")
    if new.count():
        new.check()
    page.get_by_role("button", name="Ajouter").click()
    expect(page.get_by_text("Dites en quelques mots ce que vous cherchez").first).to_be_visible()
    page.get_by_label(re.compile("^Objet")).fill(NEED)
    page.get_by_label(re.compile("^Votre besoin")).fill("Soixante enfants, deux agents, sans papier.")
    look(page, "choice-5-new")
    page.get_by_role("button", name="Ajouter").click()
    expect(page.get_by_text("3 services sont ajoutés")).to_be_visible()
    notes = page.get_by_role("textbox", name=re.compile("^Vos observations"))
    notes.first.fill("Démonstration le 20 novembre : très clair.")
    page.get_by_role("button", name=re.compile("^Enregistrer les observations")).first.click()
    expect(page.get_by_text("Vos observations sont enregistrées")).to_be_visible()
    look(page, "choice-6-open")
    return page.url


def freeze(page: Page) -> None:
    page.get_by_role("button", name="Figer la présélection").click()
    expect(page.get_by_text("La présélection est figée")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Retirer"))).to_have_count(0)
    look(page, "choice-7-frozen")


def decide(page: Page) -> None:
    """The cheapest is refused as a reason by itself; then with what else was weighed."""
    page.get_by_role("link", name="Motiver le choix").click()
    page.get_by_role("group", name="Le service retenu").get_by_role("radio").first.check()
    page.get_by_label("Le prix", exact=True).check()
    page.get_by_label("Pourquoi ce choix").fill("C’est le moins cher des trois services comparés.")
    page.get_by_role("button", name="Motiver ce choix").click()
    expect(page.get_by_text("il ne suffit pas à motiver un choix").first).to_be_visible()
    look(page, "choice-8-price-alone")
    page.get_by_role("checkbox", name=re.compile("environnement")).check()
    page.get_by_label("La réponse au besoin").check()
    page.get_by_label("Pourquoi ce choix").fill(
        "Il répond au besoin des familles, ses données restent en France, et son prix est raisonnable."
    )
    page.get_by_role("button", name="Motiver ce choix").click()
    expect(page.get_by_role("heading", name=re.compile("^Service retenu"))).to_be_visible()


def keep_the_document(page: Page) -> None:
    """The page follows by itself until the worker has made the file."""
    link = page.get_by_role("link", name="Télécharger le document (PDF)")
    expect(link).to_be_visible(timeout=60_000)
    look(page, "choice-9-decided")
    response = page.context.request.get(page.url.rstrip("/") + "/choix.pdf")
    assert response.ok, response.status
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"].startswith("attachment")
    (ARTEFACTS / "journey" / "choice.pdf").write_bytes(response.body())
    pages = PdfReader(BytesIO(response.body())).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert NEED in text
    assert "« cantine »" in text
    assert "Démonstration le 20 novembre" in text
    assert "il ne vaut pas décision d’attribution" in text
