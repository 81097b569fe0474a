"""A vendor, in a real browser: from its registration to the doors of two shelves."""

import re
from io import BytesIO

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.looking import letter_to, look, sign_in
from tests.browser.stack import RunningStack

PERSON, VENDOR, SIREN = "Ysaline Corbinaud", "Les Trois Clés", "001 001 957"
NAME = "Salles & Créneaux"
OPERATORS = ("L’Établi communal", "Syndicat de la Brumelle")
# Who decides there, and the address of the hall.
CURATORS = {"Lucien Arbogat": "etabli-communal", "Fatou Dembrelle": "brumelle"}


def test_a_vendor_from_registration_to_two_shelves(page: Page, stack: RunningStack):
    sign_in(page, stack, PERSON)
    register(page)
    sign_in(page, stack, "Claire Ostermane")
    let_it_in(page)
    letter_to(stack, "bonjour@trois-cles.example", about=f"{VENDOR} est éditeur", give_up=180)
    sign_in(page, stack, PERSON)
    declare(page)
    write_and_propose(page)
    letter_to(stack, "lucien.arbogat@etabli-communal.example", about=NAME, give_up=180)
    for curator, hall in CURATORS.items():
        sign_in(page, stack, curator)
        accept(page)
        give_it_a_price(page)
        put_on_the_shelf(page)
        page.goto(f"{stack.url}/halles/{hall}/services/salles-creneaux/")
        expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    look(page, "sheet-15-on-the-shelf")
    sign_in(page, stack, PERSON)
    expect(page.get_by_role("row", name=re.compile(NAME)).get_by_text("Au catalogue")).to_have_count(2)
    look(page, "sheet-16-two-shelves")


def register(page: Page) -> None:
    """From the door of the vendors; a number copied wrong is found out, and all that was typed stays."""
    page.get_by_role("link", name="Vous éditez un service ?").click()
    look(page, "vendor-0-door")
    page.get_by_role("link", name="Inscrire un éditeur").click()
    page.get_by_label("SIREN").fill(SIREN[:-1] + "8")
    page.get_by_label("Raison sociale").fill(VENDOR)
    page.get_by_label("Nature de l’organisme").select_option(label="Association")
    page.get_by_label("Adresse", exact=True).fill("3 place du Marché")
    page.get_by_label("Code postal").fill("42600")
    page.get_by_label("Ville").fill("Montbrison")
    page.get_by_label("Courriel professionnel").fill("bonjour@trois-cles.example")
    page.get_by_label("Ce que vous proposez").fill("La réservation des salles, entre communes voisines.")
    page.get_by_label("J’ai lu les conditions des éditeurs").check()
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("group", name="Une correction à faire")).to_contain_text("clé de contrôle")
    expect(page.get_by_label("Raison sociale")).to_have_value(VENDOR)
    expect(page.get_by_label("J’ai lu les conditions des éditeurs")).to_be_checked()
    look(page, "vendor-1-mistake")
    page.get_by_label("SIREN").fill(SIREN)
    page.get_by_role("button", name="Envoyer la demande").click()
    expect(page.get_by_role("article", name=VENDOR)).to_contain_text(f"À examiner SIREN {SIREN}")
    look(page, "vendor-2-sent")


def let_it_in(page: Page) -> None:
    """The platform reads who asks, and accepts."""
    page.get_by_role("link", name="Éditeurs de services").click()
    look(page, "vendor-3-requests")
    page.get_by_role("link", name=VENDOR, exact=True).click()
    expect(page.get_by_role("definition").filter(has_text=PERSON)).to_be_visible()
    look(page, "vendor-4-request")
    page.get_by_role("button", name="Accepter cet éditeur").click()
    expect(page.get_by_text(f"{VENDOR} est éditeur.")).to_be_visible()


def declare(page: Page) -> None:
    """The terms were agreed to with the request; the declaration of the year waits on the first page."""
    todo = page.get_by_role("region", name="À faire maintenant")
    expect(todo.get_by_role("link")).to_have_count(1)
    look(page, "vendor-5-home")
    todo.get_by_role("link", name=re.compile("^Signer la déclaration")).click()
    page.get_by_label("Assureur").fill("Assurelle")
    page.get_by_role("button", name="Signer la déclaration").click()
    expect(page.get_by_role("group", name="5 corrections à faire")).to_be_visible()
    expect(page.get_by_label("Assureur")).to_have_value("Assurelle")
    look(page, "vendor-6-declaration")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("Adresse à prévenir").fill("securite@trois-cles.example")
    page.get_by_role("button", name="Signer la déclaration").click()
    expect(page.get_by_text("La déclaration de l’année est signée.")).to_be_visible()
    look(page, "vendor-7-papers")
    page.get_by_role("link", name="Mes services").click()
    expect(todo).to_have_count(0)


def write_and_propose(page: Page) -> None:
    create(page)
    describe(page)
    say_for_whom(page)
    show_it(page)
    say_who_helps(page)
    add_an_option(page)
    say_how_it_opens(page)
    read_the_history(page)
    preview(page)
    propose(page)


def create(page: Page) -> None:
    page.get_by_role("link", name="Créer un service").click()
    page.get_by_role("button", name="Créer la fiche").click()
    expect(page.get_by_role("group", name="2 corrections à faire")).to_be_visible()
    page.get_by_label("Nom du service").fill(NAME)
    page.get_by_label("Famille").select_option(label="Demandes des usagers")
    look(page, "sheet-0-new")
    page.get_by_role("button", name="Créer la fiche").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Présentation")


def describe(page: Page) -> None:
    page.get_by_label("Résumé").fill("Les associations réservent les salles, la mairie valide.")
    page.get_by_label("Description").fill(
        "Chaque association voit les créneaux libres et demande le sien en ligne.\n\n"
        "La secrétaire valide d’un clic <b>et</b> l’agenda se met à jour."
    )
    look(page, "sheet-1-presentation")
    carry_on(page, "Pour qui")


def say_for_whom(page: Page) -> None:
    page.get_by_label("Commune", exact=True).check()
    page.get_by_label("À partir de (habitants)").fill("trois cents")
    page.get_by_label("Jusqu’à (habitants)").fill("3 500")
    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_role("group", name="Une correction à faire")).to_be_visible()
    expect(page.get_by_label("Jusqu’à (habitants)")).to_have_value("3 500")
    look(page, "sheet-2-mistake")
    page.get_by_label("À partir de (habitants)").fill("300")
    carry_on(page, "Captures et documents")


def show_it(page: Page) -> None:
    out = BytesIO()
    Image.new("RGB", (1600, 1000), "#1f5a4c").save(out, "PNG")
    shot = page.get_by_role("group", name=re.compile("Capture 1"))
    shot.get_by_label("Image", exact=True).set_input_files(
        {"name": "ecran.png", "mimeType": "image/png", "buffer": out.getvalue()}
    )
    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_role("group", name="Une correction à faire")).to_be_visible()
    expect(page.get_by_role("img", name="Image enregistrée")).to_be_visible()
    page.get_by_role("group", name=re.compile("Capture 1")).get_by_label("Ce que montre l’image").fill(
        "Le calendrier des salles"
    )
    look(page, "sheet-3-pictures")
    carry_on(page, "Assistance")


def say_who_helps(page: Page) -> None:
    contact = page.get_by_role("group", name=re.compile("Contact 1"))
    contact.get_by_label("À quoi sert ce contact").fill("Assistance")
    contact.get_by_label("Courriel").fill("aide@tablee-douce.example")
    look(page, "sheet-4-contacts")
    carry_on(page, "Prérequis et options")


def add_an_option(page: Page) -> None:
    option = page.get_by_role("group", name=re.compile("Option 1"))
    option.get_by_label("Code", exact=True).fill("badges")
    option.get_by_label("Nom de l’option").fill("Badges d’accès")
    look(page, "sheet-5-options")
    carry_on(page, "Ouverture")


def say_how_it_opens(page: Page) -> None:
    page.get_by_label("Paramètres demandés").fill('{"type": "objet"}')
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.get_by_role("group", name="Une correction à faire")).to_contain_text("Draft 2020-12")
    page.get_by_label("Paramètres demandés").fill(
        '{"type": "object", "properties": {"salles": {"type": "integer", "title": "Nombre de salles"}}}'
    )
    page.get_by_label("Hébergement").fill("En France, près de Lyon")
    look(page, "sheet-6-opening")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
    expect(page.get_by_text("Avant de publier")).to_have_count(0)
    look(page, "sheet-7-service")


def read_the_history(page: Page) -> None:
    page.get_by_role("link", name="Historique").click()
    look(page, "sheet-8-history")
    page.get_by_role("link", name=re.compile("Ce qui a changé depuis")).last.click()
    expect(page.locator("ins", has_text="Badges d’accès")).to_be_visible()
    look(page, "sheet-9-compare")
    page.get_by_role("link", name=NAME).click()


def preview(page: Page) -> None:
    page.get_by_role("link", name="Aperçu").click()
    page.get_by_label("Opérateur").select_option(label=OPERATORS[1])
    page.get_by_role("button", name="Voir").first.click()
    expect(page.get_by_text("La secrétaire valide d’un clic <b>et</b>")).to_be_visible()
    expect(page.get_by_text("Pour les communes de 300 à 3 500 habitants")).to_be_visible()
    look(page, "sheet-10-preview")
    page.get_by_role("link", name="Revenir à la fiche").click()


def propose(page: Page) -> None:
    page.get_by_role("link", name="Publier et proposer").click()
    for operator in OPERATORS:
        page.get_by_label(operator).check()
    page.get_by_label("Un mot aux opérateurs").fill("Trois communes l’essaient déjà.")
    look(page, "sheet-11-publish")
    page.get_by_role("button", name="Publier et proposer").click()
    expect(page.get_by_text(f"proposée à : {', '.join(OPERATORS)}.")).to_be_visible()
    expect(page.get_by_text("À l’examen")).to_have_count(2)
    look(page, "sheet-12-proposed")


def accept(page: Page) -> None:
    page.get_by_role("link", name="Catalogue", exact=True).click()
    page.get_by_role("link", name=NAME, exact=True).click()
    expect(page.get_by_text("Trois communes l’essaient déjà.")).to_be_visible()
    look(page, "sheet-13-review")
    page.get_by_role("button", name="Accepter").click()
    expect(page.get_by_text(f"« {NAME} » est acceptée, sans tarif")).to_be_visible()


def give_it_a_price(page: Page) -> None:
    page.get_by_role("link", name="Tarifs", exact=True).click()
    page.get_by_label("Chercher un service ou un éditeur").fill("Salles")
    page.get_by_role("button", name="Chercher").click()
    page.get_by_role("link", name=NAME, exact=True).click()
    page.get_by_role("link", name="Préparer une nouvelle version").click()
    page.get_by_role("radio", name=re.compile("^Prix par habitant")).check()
    page.get_by_role("button", name="Commencer le brouillon").click()
    page.get_by_label("Prix par habitant").fill("0,25")
    page.get_by_role("button", name="Enregistrer le brouillon").click()
    page.get_by_role("link", name="Publier…").click()
    look(page, "sheet-14-price")
    page.get_by_role("button", name="Publier ce tarif").click()
    expect(page.get_by_text("Le tarif est publié")).to_be_visible()


def put_on_the_shelf(page: Page) -> None:
    page.get_by_role("link", name="Catalogue", exact=True).click()
    page.get_by_role("link", name="Rayon", exact=True).click()
    page.get_by_role("link", name=re.compile("^En préparation")).click()
    page.get_by_role("link", name=NAME, exact=True).click()
    page.get_by_role("button", name="Mettre au catalogue").click()


def carry_on(page: Page, following: str) -> None:
    page.get_by_role("button", name="Enregistrer et continuer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(following)
