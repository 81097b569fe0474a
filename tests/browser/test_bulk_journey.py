"""An EPCI takes a service for its 40 communes by one act, in a real browser, on the real `make run`."""

import csv
import io
import re

from playwright.sync_api import Page, expect

from tests.browser.behind import as_the_worker
from tests.browser.looking import look, shown_by_and_by, sign_in
from tests.browser.stack import RunningStack
from tests.browser.test_journey import PDF

SECRETARY, PRESIDENT, SIREN = "Maëlle Ordonneau", "Gontran Vilarel", "200065894"
# Rules that let an EPCI decide for its communes by a convention.
FOR_ALL = """
from catalog.models import Listing
from subscriptions.models import LegalBasis, Subscription
from tenants.tenancy import every_tenant

with every_tenant():
    taken = Subscription.objects.open().filter(tenant__siren="200065894").values("listing")
    found = Listing.objects.filter(
        operator__slug="cantonade", state="listed", vehicles__legal_basis=LegalBasis.CENTRALE
    ).exclude(pk__in=taken)
    print(found.order_by("pk").first().pk)
"""
ASKED = """
from subscriptions.models import Decision, State
from tenants.tenancy import every_tenant

with every_tenant():
    decided = Decision.objects.filter(number="{number}", subscription__listing={listing})
    print(decided.filter(subscription__state__in=[State.PROVISIONING, State.ACTIVE]).count())
"""


def test_an_epci_for_its_communes(page: Page, stack: RunningStack):
    listing = as_the_worker(stack, FOR_ALL).strip()
    sign_in(page, stack, SECRETARY)
    page.goto(f"{stack.url}/collectivites/{SIREN}/abonnements/nouveau/{listing}/")
    page.get_by_role("link", name=re.compile("pour plusieurs|pour vos communes")).click()
    expect(page.get_by_role("heading", name="Pour qui (42)")).to_be_visible()
    page.get_by_label("Toutes les collectivités de cette liste").check()
    page.get_by_label("Un seul acte décide pour toutes").check()
    page.get_by_role("button", name="Lire la liste et les prix").click()
    expect(page.get_by_text("Joignez la convention signée").first).to_be_visible()
    look(page, "bulk-1-who")
    page.get_by_label("Numéro de la convention").fill("2025-C-12")
    page.get_by_label("Date de la convention").fill("2025-12-10")
    page.get_by_label("La convention signée").set_input_files(
        {"name": "convention.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    page.get_by_role("button", name="Lire la liste et les prix").click()
    expect(page.get_by_text("Rien n’est encore demandé")).to_be_visible()
    expect(page.get_by_text("42 lignes")).to_be_visible()
    look(page, "bulk-2-prices")
    page.get_by_role("button", name="Demander pour toutes").click()
    address = page.url
    shown_by_and_by(page, page.get_by_text("Un acte doit décider"))
    look(page, "bulk-3-asked")

    sign_in(page, stack, PRESIDENT)
    page.goto(address)
    page.get_by_label(re.compile("^Numéro")).fill("2026-B-31")
    page.get_by_label(re.compile("^Date")).fill("2026-11-20")
    page.get_by_label(re.compile("signée?$|signée? ")).set_input_files(
        {"name": "acte.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    look(page, "bulk-4-act")
    page.get_by_role("button", name="Approuver toutes les demandes").click()
    shown_by_and_by(page, page.get_by_text("Approuvées").first)
    look(page, "bulk-5-done")

    report = page.context.request.get(
        stack.url + page.get_by_role("link", name=re.compile("Compte rendu")).get_attribute("href")
    )
    lines = list(csv.DictReader(io.StringIO(report.body().decode("utf-8-sig")), delimiter=";"))
    assert len(lines) == 42
    approved = [line for line in lines if line["Résultat"] == "approuvé"]
    # Each other line says why: that commune has it already.
    assert all(line["Motif"] for line in lines if line not in approved)
    assert len(approved) >= 20
    asked = as_the_worker(stack, ASKED.format(listing=listing, number="2026-B-31"))
    assert int(asked) == len(approved)
