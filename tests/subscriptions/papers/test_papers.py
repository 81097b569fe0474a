"""What each paper says, for each vehicle, and what both files hold of it."""

import re
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from subscriptions.models import LegalBasis, Renewal, State
from subscriptions.papers import SIGNED, PaperKind, draw, offered
from tenants.documents.paper_odt import as_odt
from tenants.documents.paper_pdf import as_pdf
from tenants.models.operator import IssuerKind
from tenants.models.organisation import OrganisationKind
from tenants.tenancy import tenant_scope
from tests.factories import (
    DirectNeedFactory,
    FrameworkLotFactory,
    ListingFactory,
    OrganisationFactory,
    SubscriptionFactory,
)

pytestmark = pytest.mark.django_db

DAY = date(2026, 10, 1)
A_YEAR, THREE_YEARS = "258,00 € HT par an, soit 309,60 € TTC", "774,00 € HT"


def asked(basis=LegalBasis.FRAMEWORK, **others):
    others.setdefault("term_years", 3)
    return SubscriptionFactory(
        listing=ListingFactory(
            sheet__name="Cantine <b>facile</b>",
            vehicle__legal_basis=basis,
            vehicle__name="Marché *2026* #let",
        ),
        **others,
    )


def drawn(subscription, kind: PaperKind):
    with tenant_scope([subscription.tenant_id]):
        return draw(subscription=subscription, kind=kind, on=DAY)


def said(subscription, kind: PaperKind) -> str:
    """All the words of a paper, as the PDF shows them."""
    pages = PdfReader(BytesIO(as_pdf(drawn(subscription, kind), dated=DAY))).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages)).replace("\u202f", " ")


def all_in(found: str, *told: str) -> None:
    assert [words for words in told if words not in found] == []


def test_a_deliberation():
    all_in(
        said(asked(), PaperKind.DELIBERATION),
        "Projet de délibération", "Cantine <b>facile</b>", "Marché *2026* #let", "article L2121-29",
        "articles L2125-1 et R2162-1 à R2162-14", A_YEAR, THREE_YEARS, "Votants", "d’autoriser le maire",
        "Transmis au représentant de l’État", "n’a pas valeur d’acte",
    )  # fmt: skip


def test_the_quotes_of_a_name_do_not_close_those_around_it():
    one = asked()
    one.vehicle.name = "Accord-cadre « Suites en ligne »"
    all_in(said(one, PaperKind.DELIBERATION), "« Accord-cadre “Suites en ligne” »")


def test_a_decision_of_the_mayor():
    found = said(asked(), PaperKind.DECISION)
    all_in(found, "Projet de décision", "articles L2122-22, 4° et L2122-23", "donnant délégation")
    assert "Votants" not in found


def test_a_direct_purchase_cites_what_is_committed_already():
    one = asked(LegalBasis.DIRECT)
    DirectNeedFactory(tenant=one.tenant, family=one.listing.sheet.family, total_cents=5_000_000)
    all_in(
        said(one, PaperKind.DECISION), "50 774,00 € HT (article R2121-6)", "60 000,00 € HT, seuil en vigueur",
        "article R2122-8",
    )  # fmt: skip


def test_the_convention_of_a_grouping():
    one = asked(LegalBasis.GROUPEMENT, renewal=Renewal.TACIT, renewals=2)
    one.vehicle.coordinator = OrganisationFactory(name="Communauté de la Drèche", kind=OrganisationKind.EPCI)
    found = said(one, PaperKind.CONVENTION)
    all_in(
        found, "constitutive de groupement de commandes", "articles L2113-6 à L2113-8",
        "désignent comme coordonnateur : Communauté de la Drèche", "solidairement responsables",
        "article L1414-3", "L2152-7", "service fait", "Entrée d’un membre", "Sortie d’un membre", A_YEAR,
        "un an, reconduit tacitement 2 fois au plus, soit 3 ans", "Frais du groupement", "Délibération (n° "
        "et date)",
        one.tenant.name,
    )  # fmt: skip


def test_before_the_law_no_environmental_criterion_is_promised():
    one = asked(LegalBasis.GROUPEMENT)
    with tenant_scope([one.tenant_id]):
        paper = draw(subscription=one, kind=PaperKind.CONVENTION, on=date(2026, 8, 21))
    assert "L2152-7" not in " ".join(paper.texts())


def test_the_convention_of_a_central_purchasing_body():
    all_in(
        said(asked(LegalBasis.CENTRALE), PaperKind.ADHESION),
        "adhésion à la centrale d’achat", "L2113-2 à L2113-5", "article L2113-4", "(UE) 2023/2854", A_YEAR,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("basis", "told"),
    [(LegalBasis.IN_HOUSE, "article L2511-1"), (LegalBasis.STATUTORY, "les statuts de l’organisme")],
)
def test_the_form_of_a_service(basis, told):
    one = asked(basis)
    all_in(said(one, PaperKind.SERVICE_FORM), "bulletin d’adhésion au service", told, A_YEAR, "Sortie")


def test_an_order_under_a_framework_names_its_lot():
    one = asked(commitment_number="2026-ENG-7")
    FrameworkLotFactory(
        vehicle=one.vehicle, title="Cantines", ceiling_cents=40_000_000, notice_reference="26-1234",
        revision_formula="P = P0 × S / S0", number=1, listing=one.listing,
        holders=[one.listing.sheet.vendor],
    )  # fmt: skip
    all_in(
        said(one, PaperKind.ORDER_FORM), "Projet de bon de commande", "Lot 1 – Cantines", "26-1234",
        "400 000,00 € HT (article R2162-4)", "P = P0 × S / S0", "Numéro d’engagement : 2026-ENG-7",
        one.listing.sheet.vendor.organisation.name, THREE_YEARS, "R2162-13",
    )  # fmt: skip


def test_a_letter_of_order():
    all_in(said(asked(LegalBasis.DIRECT), PaperKind.ORDER_LETTER), "lettre de commande", "R2122-8", "309,60")


def test_a_public_biller_issues_a_titre():
    one = asked(LegalBasis.CENTRALE)
    for kind, told in ((IssuerKind.PUBLIC, "titre de recettes"), (IssuerKind.PRIVATE, "dépose sa facture")):
        one.operator.issuer_kind = kind
        assert told in " ".join(drawn(one, PaperKind.ADHESION).texts())


@pytest.mark.parametrize("basis", LegalBasis)
def test_every_vehicle_and_body_has_its_papers_whole(basis):
    one = asked(basis)
    for kind in OrganisationKind:
        one.tenant.kind = kind
        papers = [paper.kind for paper in offered(one)]
        assert papers[-1] == SIGNED[basis]
        for paper in papers:
            found = drawn(one, paper)
            assert not [text for text in found.texts() if "{" in text or "None" in text]
            assert "258,00" in " ".join(found.texts())


def test_what_is_offered_in_each_state():
    kinds = {state: [paper.kind for paper in offered(asked(state=state))] for state in State}
    assert kinds[State.REQUESTED] == [PaperKind.DELIBERATION, PaperKind.ORDER_FORM]
    assert kinds[State.APPROVED] == kinds[State.ACTIVE] == [PaperKind.ORDER_FORM]
    assert kinds[State.REFUSED] == kinds[State.CANCELLED] == kinds[State.ENDED] == []


def test_the_same_day_gives_the_same_files():
    one = asked(LegalBasis.GROUPEMENT)
    paper = drawn(one, PaperKind.CONVENTION)
    for write in (as_pdf, as_odt):
        assert write(paper, dated=DAY) == write(paper, dated=DAY)
