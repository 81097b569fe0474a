"""A tariff revised, in a real browser: written, simulated over the members, published, announced."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looking import look, sign_in
from tests.browser.stack import RunningStack

SERVICE = "Cantinelle"


def test_a_tariff_revised(page: Page, stack: RunningStack):
    """A curator of GIP Cantonade; without typing a line of JSON."""
    sign_in(page, stack, "Solène Kerguilly")
    page.get_by_role("link", name="Catalogue", exact=True).click()
    page.get_by_role("link", name="Tarifs", exact=True).click()
    look(page, "tarif-1-list")
    page.get_by_label("Chercher un service ou un éditeur").fill(SERVICE)
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=SERVICE, exact=True).click()
    look(page, "tarif-2-versions")
    start_from_a_pattern(page)
    type_strata(page)
    simulate(page)
    publish(page)
    announce(page, stack)


def start_from_a_pattern(page: Page) -> None:
    page.get_by_role("link", name="Préparer une nouvelle version").click()
    page.get_by_role("radio", name=re.compile("Forfait par strate")).check()
    look(page, "tarif-3-new")
    page.get_by_role("button", name="Commencer le brouillon").click()


def type_strata(page: Page) -> None:
    """First a hole between two strata, told where it is; then mended."""
    for number, (lower, upper, amount) in enumerate(
        [("", "500", "180"), ("601", "2 000", "640,50 €"), ("", "", "1 900")], start=1
    ):
        if number == 3:
            page.get_by_role("button", name=re.compile("^Ajouter des lignes")).click()
        page.get_by_label(f"Strate {number}, Borne basse").fill(lower)
        page.get_by_label(f"Strate {number}, Borne haute").fill(upper)
        page.get_by_label(f"Strate {number}, Montant par an").fill(amount)
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.get_by_text("Aucune strate ne couvre").first).to_be_visible()
    expect(page.get_by_label("Strate 2, Montant par an")).to_have_value("640,50 €")
    look(page, "tarif-4-hole")
    page.get_by_label("Strate 2, Borne basse").fill("")
    # The picture follows what is typed.
    expect(page.locator("#apercu svg")).to_be_visible()
    look(page, "tarif-5-editor")
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    expect(page.get_by_text("Le brouillon est enregistré.")).to_be_visible()
    look(page, "tarif-6-draft")


def simulate(page: Page) -> None:
    page.get_by_role("button", name="Simuler sur vos adhérents").click()
    ready = page.get_by_role("link", name="Voir le résultat")
    result = page.get_by_role("heading", name="Qui paie plus, et de combien ?")
    expect(ready.or_(result)).to_be_visible(timeout=90_000)
    if ready.is_visible():  # the page was there before the worker had done
        ready.click()
    expect(result).to_be_visible()
    look(page, "tarif-7-simulation")
    page.get_by_role("link", name=re.compile("^Paient plus")).click()
    page.get_by_label("Seulement les abonnés à ce service").check()
    page.get_by_role("button", name="Chercher").click()
    expect(page.get_by_text("Abonné à ce service").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Exporter cette liste (CSV)").click()
    assert download.value.suggested_filename.startswith("simulation-cantonade-")


def publish(page: Page) -> None:
    crumbs = page.get_by_role("navigation", name="Vous êtes ici")
    crumbs.get_by_role("link", name=re.compile("^Brouillon")).click()
    page.get_by_role("link", name="Publier…").click()
    look(page, "tarif-8-publish")
    page.get_by_role("button", name="Publier ce tarif").click()
    expect(page.get_by_text("Le tarif est publié")).to_be_visible()
    look(page, "tarif-9-published")


def announce(page: Page, stack: RunningStack) -> None:
    """Whoever looks at the service reads the tariff to come."""
    page.goto(f"{stack.url}/halles/cantonade/services/cantinelle/")
    expect(page.get_by_role("heading", name="À partir du 1er janvier 2027")).to_be_visible()
    look(page, "tarif-10-announced")
