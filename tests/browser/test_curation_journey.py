"""A curator's half hour, by the keyboard: she asks a vendor for changes, then accepts what is in order."""

import re

from playwright.sync_api import Page, expect

from tests.browser.looking import letter_to, look, sign_in
from tests.browser.stack import RunningStack

MESSAGE = "Dites en jours, j’insiste, comment les repas sont décomptés."
VENDOR = "theo.pellegarde@tablee-douce.example"


def test_a_curator_asks_for_changes(page: Page, stack: RunningStack):
    sign_in(page, stack, "Solène Kerguilly")
    page.get_by_role("link", name="Catalogue").click()
    expect(page.get_by_role("row", name=re.compile("Cantinelle"))).to_contain_text(
        "3 champs : résumé, hébergement, options"
    )
    look(page, "curation-0-queue")
    ask_for_changes(page)
    the_next_one_has_no_visa(page)
    accept_from_the_list(page)
    keys_can_be_turned_off(page)
    about = "vous demande de modifier « Cantinelle »"
    letter = letter_to(stack, VENDOR, about=about, give_up=180)  # behind the first invoice files
    assert MESSAGE in letter.get_content()


def ask_for_changes(page: Page) -> None:
    """Without the mouse: down to the second row, open it, write, send."""
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Voirie Suivie")).to_be_focused()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Cantinelle")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cantinelle")
    expect(page.locator("ins", has_text="certifié HDS")).to_be_visible()
    look(page, "curation-1-review")
    page.keyboard.press("m")
    expect(page.get_by_label("Message à l’éditeur")).to_be_focused()
    page.keyboard.type(MESSAGE)  # its letters are no shortcuts
    expect(page.get_by_label("Message à l’éditeur")).to_have_value(MESSAGE)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Demander des modifications")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("« Cantinelle » : vos demandes sont parties chez l’éditeur.")).to_be_visible()


def the_next_one_has_no_visa(page: Page) -> None:
    """It opens by itself; what is not in order is not accepted, and the page says why."""
    expect(page.get_by_role("heading", level=1)).to_have_text("Préau Ouvert")
    for point in page.get_by_role("group", name="Points de contrôle").get_by_role("checkbox").all():
        point.check()
    page.keyboard.press("a")
    expect(page.get_by_role("group", name="Une correction à faire")).to_contain_text(
        "il lui faut un visa favorable"
    )
    look(page, "curation-2-no-visa")


def accept_from_the_list(page: Page) -> None:
    page.get_by_role("link", name="Revenir à la liste").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Catalogue")
    expect(page.get_by_text("Raccourcis du clavier")).to_be_visible()  # from then on, keys are heard
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name=re.compile("Voirie Suivie"))).to_be_checked()
    page.get_by_label("J’ai vérifié les points de contrôle").check()
    page.keyboard.press("a")
    expect(page.get_by_text("1 fiche acceptée, dont 1 à mettre en rayon")).to_be_visible()
    expect(page.get_by_role("link", name="Voirie Suivie")).to_have_count(0)


def keys_can_be_turned_off(page: Page) -> None:
    page.get_by_text("Raccourcis du clavier").click()
    page.get_by_role("button", name="Désactiver les raccourcis").click()
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Réactiver les raccourcis")).to_be_focused()
    look(page, "curation-3-keys-off")
