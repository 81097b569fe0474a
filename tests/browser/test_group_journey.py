"""Joining a group, in a real browser, on the real `make run`: the council votes, another records it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.behind import as_the_worker
from tests.browser.looking import ARTEFACTS, look, sign_in
from tests.browser.stack import RunningStack
from tests.browser.test_journey import PDF

SECRETARY, MAYOR, SIREN = "Odile Brunerie", "Marcel Tavernas", "214201378"
IN_A_GROUPING = """
from catalog.models import Listing
from subscriptions.models import LegalBasis, Subscription
from tenants.tenancy import every_tenant

with every_tenant():
    taken = Subscription.objects.open().filter(tenant__siren="214201378").values("listing")
    found = Listing.objects.filter(
        operator__slug="cantonade",
        state="listed",
        vehicles__legal_basis=LegalBasis.GROUPEMENT,
        offer__endpoint__connector="osb",
    ).exclude(pk__in=taken)
    print(found.order_by("pk").first().pk)
"""


def test_joining_a_group(page: Page, stack: RunningStack):
    listing = as_the_worker(stack, IN_A_GROUPING).strip()
    sign_in(page, stack, SECRETARY)
    page.goto(f"{stack.url}/collectivites/{SIREN}/abonnements/nouveau/{listing}/")
    expect(page.get_by_text("Votre conseil municipal délibère")).to_be_visible()
    look(page, "group-1-request")
    page.get_by_role("button", name="Demander l’abonnement").click()
    expect(page.get_by_text("En attente d’approbation").first).to_be_visible()
    address = page.url
    expect(page.get_by_role("heading", name="L’acte à prendre")).to_be_visible()
    look(page, "group-2-papers")
    for kind, beginning in (("pdf", b"%PDF-"), ("odt", b"PK")):
        for link in page.locator(f'main a[href$=".{kind}"]').all():
            paper = page.context.request.get(stack.url + link.get_attribute("href"))
            assert paper.ok, link
            assert paper.body().startswith(beginning)
            name = link.get_attribute("href").rsplit("/", 1)[1]
            (ARTEFACTS / "journey" / f"group-{name}").write_bytes(paper.body())
    assert page.get_by_role("button", name="Approuver l’abonnement").count() == 0  # she asked: another must

    sign_in(page, stack, MAYOR)
    page.goto(address)
    page.get_by_label(re.compile("^Numéro")).fill("2026-051")
    page.get_by_label(re.compile("^Date")).fill("2026-11-20")
    page.get_by_label(re.compile("signée")).set_input_files(
        {"name": "deliberation.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    look(page, "group-3-decision")
    page.get_by_role("button", name="Approuver l’abonnement").click()
    expect(page.get_by_role("link", name="Ouvrir le service").first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Délibération n° 2026-051").first).to_be_visible()
    look(page, "group-4-open")
