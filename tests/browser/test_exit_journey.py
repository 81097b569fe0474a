"""Leaving a service, in a real browser, on the real `make run`: from the notice to the certificate."""

import re

from playwright.sync_api import Page, expect

from tests.browser.behind import as_the_worker
from tests.browser.looking import look, shown_by_and_by, sign_in
from tests.browser.stack import TODAY, RunningStack
from tests.browser.test_journey import PDF

COMMUNE, MAYOR, SIREN = "Margerie-Chantagret", "Marcel Tavernas", "214201378"
OPERATOR, STAFF, SERVICE = "brumelle", "Fatou Dembrelle", "Démarches du Bourg"
# As if it had been asked for long ago: what the worker does each night then has its day.
LONG_AGO = """
from datetime import timedelta
from django.db.models import F
from django.utils import timezone
from subscriptions import leaving
from subscriptions.models import Exit
from tenants.tenancy import every_tenant

with every_tenant():
    asked = Exit.objects.filter(reason="Nous faisons autrement.")
    days = ("notice_from", "transition_from", "retrieval_from", "erasure_from")
    assert asked.update(**{day: F(day) - timedelta(days=150) for day in days}) == 1
    leaving.advance_exits(now=timezone.now())
"""


def test_exit_to_certificate(page: Page, stack: RunningStack):
    sign_in(page, stack, MAYOR)
    page.goto(f"{stack.url}/collectivites/{SIREN}/abonnements/")
    page.get_by_role("link", name=SERVICE).first.click()
    address = page.url
    # Under notice in the demo: she changes her mind, and later leaves all the same.
    page.get_by_role("button", name="Annuler le départ").click()
    page.get_by_role("link", name=re.compile("Quitter ce service")).click()
    expect(page.get_by_text("Récupération des données").first).to_be_visible()
    look(page, "exit-1-calendar")
    page.get_by_label("nos propres moyens").check()
    page.get_by_label(re.compile("Pourquoi partez-vous")).fill("Nous faisons autrement.")
    page.get_by_role("button", name="Confirmer le départ").click()
    expect(page.get_by_role("button", name="Annuler le départ")).to_be_visible()
    look(page, "exit-2-notice")

    as_the_worker(stack, LONG_AGO)
    page.goto(address)
    expect(page.get_by_text("Fermeture en cours").first).to_be_visible()
    expect(page.get_by_text("Certificat attendu").first).to_be_visible()
    look(page, "exit-3-erasure")

    sign_in(page, stack, STAFF)
    page.goto(f"{stack.url}/operateurs/{OPERATOR}/ouvertures/")
    to_close = page.get_by_role("listitem").filter(has_text=f"Fermer {SERVICE}")
    shown_by_and_by(page, to_close)
    look(page, "exit-4-to-close")
    to_close.get_by_label("Ce qui a été fait").fill("Compte fermé par l’éditeur.")
    to_close.get_by_role("button", name="C’est fait").click()
    expect(page.get_by_text(f"{SERVICE} est fermé")).to_be_visible()
    page.goto(f"{stack.url}/operateurs/{OPERATOR}/departs/")
    look(page, "exit-5-departures")
    page.get_by_role("link", name=re.compile(COMMUNE)).first.click()
    deposit(page, "2026-01-01")
    expect(page.get_by_text("n’est pas valable").first).to_be_visible()
    look(page, "exit-6-too-early")
    deposit(page, TODAY)
    expect(page.get_by_text("Le certificat est enregistré")).to_be_visible()

    sign_in(page, stack, MAYOR)
    page.goto(address)
    expect(page.get_by_text("Départ terminé")).to_be_visible()
    look(page, "exit-7-over")
    link = page.get_by_role("link", name=re.compile("certificat d’effacement", re.I)).first
    proof = link.get_attribute("href")
    assert page.context.request.get(stack.url + proof).body() == PDF


def deposit(page: Page, day: str) -> None:
    """The certificate that the vendor gave, dated that day."""
    page.get_by_label("Date du certificat").fill(day)
    page.get_by_label(re.compile("^Le certificat d’effacement")).set_input_files(
        {"name": "certificat.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    page.get_by_role("button", name="Déposer le certificat").click()
