"""A new operator, in a real browser: opened by the platform's staff, taken over by whoever is invited."""

import json
import re

import httpx
from playwright.sync_api import Page, expect

from demo.identity.__main__ import claims
from tests.browser.looking import letter_to, look, sign_in
from tests.browser.stack import RunningStack

NAME, SLUG, SIRET = "Syndicat du Val Perdrix", "val-perdrix", "00100999200015"
COMMUNE = "Quiberon"  # of the register, and of nobody's members yet
ADMINISTRATOR = {
    "given_name": "Garance",
    "usual_name": "Louvetier",
    "email": "garance.louvetier@val-perdrix.example",
}
SECRETARY = {"given_name": "Firmin", "usual_name": "Astorgue", "email": "firmin.astorgue@mairie.example"}


def test_a_new_operator(page: Page, stack: RunningStack):
    """From one screen of the platform's staff to a log that shows each step and is intact."""
    open_the_operator(page, stack)
    accept_invitation(page, stack, ADMINISTRATOR, "val-perdrix-2-invitation")
    expect(page).to_have_url(f"{stack.url}/operateurs/{SLUG}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    look(page, "val-perdrix-3-dashboard")
    set_its_colour(page)
    add_a_college(page)
    add_a_member(page)
    invite_its_first_person(page)
    read_the_log(page)
    accept_invitation(page, stack, SECRETARY, "val-perdrix-9-secretary")
    here = page.get_by_role("navigation", name="Mes services").get_by_role("link", name="Mes services")
    expect(here).to_have_attribute("aria-current", "page")
    expect(page.get_by_text(COMMUNE).first).to_be_visible()


def open_the_operator(page: Page, stack: RunningStack) -> None:
    sign_in(page, stack, "Claire Ostermane")
    page.get_by_role("link", name="Ouvrir un opérateur").click()
    page.get_by_label("SIRET du siège").fill(SIRET)
    page.get_by_label("Nom officiel").fill(NAME)
    page.get_by_label("Adresse de la vitrine").fill(SLUG)
    page.get_by_label("Nom court").fill(NAME)
    page.get_by_label("Courriel d’aide").fill("aide@val-perdrix.example")
    page.get_by_label("Statut juridique").select_option(label="syndicat mixte")
    page.get_by_label("Courriel de la personne à inviter").fill(ADMINISTRATOR["email"])
    look(page, "val-perdrix-0-open")
    page.get_by_role("button", name="Ouvrir l’opérateur").click()
    expect(page.get_by_text(f"{NAME} est ouvert.")).to_be_visible()
    expect(page.get_by_role("cell", name="En attente")).to_be_visible()
    look(page, "val-perdrix-1-opened")


def set_its_colour(page: Page) -> None:
    page.get_by_role("link", name="Mon organisation").click()
    page.get_by_role("link", name="Réglages").click()
    page.get_by_role("link", name="Vitrine", exact=True).click()
    page.get_by_role("textbox", name="Couleur").fill("#8a3324")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("button", name="Enregistrer")).to_have_css("background-color", "rgb(138, 51, 36)")
    look(page, "val-perdrix-4-colour")


def add_a_college(page: Page) -> None:
    page.get_by_role("link", name="Collèges").click()
    page.get_by_label("Nom du collège").fill("Communes du val")
    page.get_by_label("Voix").fill("2")
    page.get_by_role("button", name="Ajouter le collège").click()
    expect(page.get_by_role("row", name=re.compile("Communes du val"))).to_be_visible()
    look(page, "val-perdrix-5-colleges")


def add_a_member(page: Page) -> None:
    page.get_by_role("link", name="Adhérents", exact=True).click()
    page.get_by_role("link", name="Ajouter un adhérent").first.click()
    page.get_by_label("Nom, SIREN ou SIRET").fill(COMMUNE)
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=f"Choisir : Commune de {COMMUNE}").click()
    page.get_by_label("Adhère à partir du").fill("2026-01-01")
    page.get_by_label("Collège").select_option(label="Communes du val")
    look(page, "val-perdrix-6-join")
    page.get_by_role("button", name="Enregistrer l’adhésion").click()
    expect(page.get_by_text("est inscrite parmi vos adhérents.")).to_be_visible()
    look(page, "val-perdrix-7-member")


def read_the_log(page: Page) -> None:
    page.get_by_role("link", name="Mon organisation").click()
    page.get_by_role("link", name="Journal").click()
    for sentence in (
        f"Claire Ostermane a ouvert l’opérateur {NAME}.",
        "Claire Ostermane a invité une personne.",
        "Garance Louvetier a accepté une invitation.",
        f"Garance Louvetier a modifié les réglages de {NAME}",
        "Garance Louvetier a ajouté le collège « Communes du val ».",
        f"Garance Louvetier a inscrit Commune de {COMMUNE} parmi les adhérents de {NAME}",
    ):
        expect(page.get_by_role("rowheader", name=sentence)).to_be_visible()
    page.get_by_role("link", name="Vérifier le journal").click()
    expect(page.get_by_text("Le journal est intact")).to_be_visible()
    look(page, "val-perdrix-8-log")


def invite_its_first_person(page: Page) -> None:
    page.get_by_role("link", name="Inviter la première personne").click()
    page.get_by_label("Son adresse de courriel").fill(SECRETARY["email"])
    page.get_by_role("radio", name=re.compile("Secrétaire")).check()
    look(page, "val-perdrix-7-first-person")
    page.get_by_role("button", name="Envoyer l’invitation").click()
    expect(page.get_by_text("L’invitation part par courriel.")).to_be_visible()
    expect(page.get_by_text(f"Invitation envoyée à {SECRETARY['email']}")).to_be_visible()


def accept_invitation(page: Page, stack: RunningStack, person: dict[str, str], name: str) -> None:
    """By the link of the letter, signed in through the identity provider as somebody Halle has never seen."""
    letter = letter_to(stack, person["email"], about="Invitation")
    (link,) = re.findall(r"http\S+/invitation/\S+", letter.get_content())
    page.context.clear_cookies()
    page.goto(link)
    sign_in_as_new(page, stack, person)
    expect(page.get_by_role("heading", level=1)).to_have_text("Une invitation pour vous")
    look(page, name)
    page.get_by_role("button", name="Accepter l’invitation").click()
    expect(page.get_by_text("Bienvenue !")).to_be_visible()


def sign_in_as_new(page: Page, stack: RunningStack, person: dict[str, str]) -> None:
    """The provider learns of this person, but its page lists the demo's only: a button of theirs is lent."""
    provider = json.loads((stack.folder / "stack.json").read_text())["ports"]["identity"]
    sub = person["email"].split("@")[0]
    httpx.put(f"http://127.0.0.1:{provider}/users/{sub}", json=claims(person), timeout=15).raise_for_status()
    button = page.locator("button[name=sub]").first
    button.evaluate("(button, sub) => { button.value = sub }", sub)
    button.click()
