"""The main journey, in a real browser, on the real `make run`: from a visitor to a paid invoice."""

import json
import re
from io import BytesIO

from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.browser.looking import ARTEFACTS, look, sign_in
from tests.browser.stack import RunningStack
from tests.tools.einvoice_rules import judge

COMMUNE, SECRETARY, MAYOR = "Margerie-Chantagret", "Odile Brunerie", "Marcel Tavernas"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF"
)


def subscribe(page: Page, stack: RunningStack, operator: str, service: str) -> str:
    """Secretary asks, mayor approves, the vendor's broker opens. Returns the subscription's address."""
    page.context.clear_cookies()
    page.goto(f"{stack.url}/halles/{operator}/")
    page.get_by_label("Votre commune").fill(COMMUNE)
    page.get_by_role("button", name="Voir mes prix").click()
    expect(page.get_by_role("heading", name=re.compile(COMMUNE))).to_be_visible()
    look(page, f"{operator}-1-storefront")
    page.get_by_role("link", name=service, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(service)
    expect(page.get_by_text("habitants (population").first).to_be_visible()
    look(page, f"{operator}-2-service")

    page.get_by_role("link", name="Se connecter pour s’abonner").click()
    page.get_by_role("button", name=re.compile(SECRETARY)).click()
    page.get_by_role("link", name="Demander l’abonnement").click()
    look(page, f"{operator}-3-request")
    page.get_by_role("button", name="Demander l’abonnement").click()
    expect(page.get_by_text("En attente d’approbation").first).to_be_visible()
    look(page, f"{operator}-4-requested")
    address = page.url

    sign_in(page, stack, MAYOR)
    page.goto(address)
    page.get_by_label(re.compile("^Numéro")).fill("2026-047")
    page.get_by_label(re.compile("^Date")).fill("2026-11-20")
    page.get_by_label(re.compile("^(La délibération|La décision|L’acte) signée?")).set_input_files(
        {"name": "deliberation.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    look(page, f"{operator}-5-approval")
    page.get_by_role("button", name="Approuver l’abonnement").click()
    # The page follows by itself: the broker takes some seconds, the worker asks it again.
    opened = page.get_by_role("link", name="Ouvrir le service").first
    expect(opened).to_be_visible(timeout=60_000)
    look(page, f"{operator}-6-open")
    page.goto(opened.get_attribute("href"))
    expect(page.get_by_text(COMMUNE).first).to_be_visible()
    return address


def bill(page: Page, stack: RunningStack, officer: str, operator: str) -> None:
    """The finance officer runs the fourth quarter, reads the calculations, approves, and it is issued."""
    sign_in(page, stack, officer)
    page.goto(f"{stack.url}/operateurs/{operator}/facturation/")
    look(page, f"{operator}-7-runs")
    periods = page.get_by_label("Période à facturer")
    periods.select_option(
        value=periods.locator("option", has_text="4e trimestre 2026").get_attribute("value")
    )
    page.get_by_role("button", name="Calculer les projets de factures").click()
    read = page.get_by_role("link", name="Relire les projets")
    approve = page.get_by_role("link", name=re.compile("^Approuver et émettre"))
    expect(read.or_(approve).first).to_be_visible(timeout=60_000)
    if read.count():
        read.click()
    run = page.url.split("?")[0]
    review(page, operator)
    page.goto(f"{run}?etat=projets")
    expect(page.get_by_text(re.compile(r"habitants \(population .* × ")).first).to_be_visible()
    look(page, f"{operator}-8-review")
    approve.click()
    page.get_by_role("button", name=re.compile("^Approuver et émettre")).click()
    expect(page.get_by_text(re.compile("émises")).first).to_be_visible(timeout=120_000)
    page.goto(f"{run}?etat=emises")
    expect(page.get_by_role("link", name=re.compile(r"^F2026-\d{5}$")).first).to_be_visible()
    look(page, f"{operator}-9-issued")


def review(page: Page, operator: str) -> None:
    """Looks at what is odd in the drafts: sets aside what is blocked, and has seen the rest."""
    look(page, f"{operator}-8-remarks")
    aside = page.get_by_role("button", name="Mettre de côté")
    seen = page.get_by_role("button", name="Marquer comme vu", exact=True)
    while aside.count():
        group = page.locator("section", has=aside).first
        for box in group.get_by_role("checkbox").all():
            box.check()
        if group.get_by_role("button", name="Marquer comme vu", exact=True).count():
            everything = group.get_by_role("button", name=re.compile("^Tout marquer comme vu"))
            everything.or_(seen).first.click()
        else:
            group.get_by_label("Raison de la mise de côté").fill("À corriger avec la commune.")
            group.get_by_role("button", name="Mettre de côté").click()
        page.goto(f"{page.url.split('?')[0]}?etat=regarder")


def invoice_of(page: Page, stack: RunningStack, operator: str) -> None:
    """Opens the commune's newest invoice among the operator's."""
    page.goto(f"{stack.url}/operateurs/{operator}/factures/?q={COMMUNE}")
    page.get_by_role("link", name=re.compile(r"F2026-\d{5}")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("F2026-")


def download(page: Page, name: str) -> bytes:
    """The Factur-X of the invoice shown, once the worker has made it."""
    link = page.get_by_role("link", name=re.compile("Télécharger la facture"))
    for _ in range(60):
        if link.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    response = page.context.request.get(page.url.rstrip("/") + "/facture.pdf")
    assert response.ok, response.status
    (ARTEFACTS / "journey" / f"{name}.pdf").write_bytes(response.body())
    return response.body()


def check_factur_x(pdf: bytes) -> None:
    attached = PdfReader(BytesIO(pdf)).attachments["factur-x.xml"][0]
    verdict = judge(attached)
    assert verdict.judged
    assert not verdict.failures, verdict.failures


def test_public_issuer(page: Page, stack: RunningStack):
    """The syndicat: from the storefront to a proposal of titre de recettes."""
    subscribe(page, stack, "brumelle", "Courrielle")
    bill(page, stack, "Fatou Dembrelle", "brumelle")
    invoice_of(page, stack, "brumelle")
    look(page, "brumelle-10-invoice")
    check_factur_x(download(page, "brumelle"))
    number = page.get_by_role("heading", level=1).inner_text()
    page.goto(f"{stack.url}/operateurs/brumelle/titres/")
    look(page, "brumelle-11-titres")
    table = page.context.request.get(f"{stack.url}/operateurs/brumelle/titres.csv").text()
    proposal = next(line for line in table.splitlines() if number in line)
    assert COMMUNE in proposal
    assert "titre proposé" in proposal.lower()


def test_private_issuer(page: Page, stack: RunningStack):
    """The association: from the storefront to an invoice that the provider's webhook marks paid."""
    subscribe(page, stack, "etabli-communal", "Cantinelle")
    bill(page, stack, "Inès Valmorin", "etabli-communal")
    invoice_of(page, stack, "etabli-communal")
    number = page.get_by_role("heading", level=1).inner_text()
    check_factur_x(download(page, "etabli-communal"))
    pay_at_the_provider(page, stack, number)
    expect(page.get_by_text("Payée").first).to_be_visible()
    look(page, "etabli-communal-10-paid")


def pay_at_the_provider(page: Page, stack: RunningStack, number: str) -> None:
    """A transfer reaches the provider (its own page), which tells us by its signed webhook."""
    provider = json.loads((stack.folder / "stack.json").read_text())["ports"]["stripe"]
    invoice_page = page.url
    page.goto(f"http://127.0.0.1:{provider}/")
    row = page.get_by_role("row", name=re.compile(number))
    expect(row).to_be_visible(timeout=30_000)
    row.get_by_role("button", name="Simuler le virement").click()
    page.goto(invoice_page)
    for _ in range(20):
        if page.get_by_text(re.compile("[Pp]ayée")).count():
            return
        page.wait_for_timeout(1000)
        page.reload()
