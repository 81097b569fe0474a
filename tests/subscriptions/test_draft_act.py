"""Who decides, and the act drafted for them."""

import re
from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from subscriptions.deciding import Decider, may_decide, rule
from subscriptions.draft_act import content, render
from subscriptions.models import LegalBasis
from tenants.models.organisation import OrganisationKind
from tenants.tenancy import tenant_scope
from tests.factories import ListingFactory, SubscriptionFactory

ASSEMBLY, HEAD = [Decider.ASSEMBLY], [Decider.ASSEMBLY, Decider.HEAD]
# Who may decide, by legal basis: (in a commune, in an EPCI, in a syndicat).
TABLE = {
    LegalBasis.GROUPEMENT: (ASSEMBLY, HEAD, HEAD),  # the one thing a council cannot delegate to its mayor
    LegalBasis.CENTRALE: (HEAD, HEAD, HEAD),
    LegalBasis.FRAMEWORK: (HEAD, HEAD, HEAD),
    LegalBasis.IN_HOUSE: (HEAD, HEAD, HEAD),
    LegalBasis.DIRECT: (HEAD, HEAD, HEAD),
    LegalBasis.STATUTORY: (HEAD, HEAD, HEAD),
}
KINDS = (OrganisationKind.COMMUNE, OrganisationKind.EPCI, OrganisationKind.SYNDICAT)


@pytest.mark.parametrize("basis", LegalBasis)
def test_the_table_of_who_decides(basis):
    assert [list(rule(basis=basis, kind=kind).deciders) for kind in KINDS] == [
        list(row) for row in TABLE[basis]
    ]


@pytest.mark.parametrize("basis", LegalBasis)
@pytest.mark.parametrize("kind", OrganisationKind)
def test_an_operator_may_want_a_deliberation_always(basis, kind):
    found = may_decide(basis=basis, kind=kind, deliberation_required=True)
    assert found.deciders == (Decider.ASSEMBLY,)
    assert found.why


@pytest.mark.django_db
class TestDraft:
    @pytest.fixture
    def subscription(self):
        return SubscriptionFactory(
            listing=ListingFactory(
                sheet__name="Cantine <b>facile</b>",
                vehicle__legal_basis=LegalBasis.FRAMEWORK,
                vehicle__name="Accord-cadre *2026*",
                vehicle__term_years=3,
            )
        )

    def words(self, subscription, decider) -> str:
        with tenant_scope([subscription.tenant_id]):
            pdf = render(subscription=subscription, decider=decider, dated=date(2026, 10, 1))
        pages = PdfReader(BytesIO(pdf)).pages
        return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages)).replace("\u202f", " ")

    def test_a_deliberation(self, subscription):
        found = self.words(subscription, Decider.ASSEMBLY)
        for told in (
            "Projet de délibération", "Cantine <b>facile</b>", "Accord-cadre *2026*", "article L2121-29",
            "articles L2125-1 et R2162-1 à R2162-14", "258,00 € HT par an, soit 309,60 € TTC", "774,00 € HT",
            "Votants", "d’autoriser le maire", "n’a pas valeur d’acte",
        ):  # fmt: skip
            assert told in found, told

    def test_a_decision_of_the_mayor(self, subscription):
        found = self.words(subscription, Decider.HEAD)
        for told in ("Projet de décision", "articles L2122-22, 4° et L2122-23", "donnant délégation"):
            assert told in found, told
        assert "Votants" not in found

    @pytest.mark.parametrize("basis", LegalBasis)
    def test_every_basis_has_its_references(self, basis):
        subscription = SubscriptionFactory(listing=ListingFactory(vehicle__legal_basis=basis))
        with tenant_scope([subscription.tenant_id]):
            found = content(subscription=subscription, decider=Decider.ASSEMBLY)
        told = " ".join([*found["sights"], *found["articles"]])
        assert "{" not in told
        assert subscription.vehicle.name in told or subscription.operator.organisation.name in told

    def test_the_same_request_gives_the_same_file(self, subscription):
        with tenant_scope([subscription.tenant_id]):
            one, again = (
                render(subscription=subscription, decider=Decider.ASSEMBLY, dated=date(2026, 10, 1))
                for _ in range(2)
            )
        assert one == again
