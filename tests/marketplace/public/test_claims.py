"""What buyers read of claims; an expired one goes by itself, from the page, the cards and the filters."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import localdate
from freezegun import freeze_time

from catalog.claims import operations
from catalog.finding.indexing import rebuild
from tests.catalog.claims.test_values import EXAMPLES
from tests.factories import ClaimFactory, ListingFactory, OperatorFactory, UserFactory
from tests.tools.database import as_worker
from tests.tools.queries import snapshot_queries

pytestmark = pytest.mark.django_db
LAST_DAY = date(2027, 3, 1)


@pytest.fixture
def listing():
    return ListingFactory(operator__slug="cantonade", sheet__name="Cantinelle", sheet__slug="cantinelle")


def page_of(client, listing):
    url = reverse("service", args=[listing.operator.slug, listing.sheet.slug])
    return client.get(url).content.decode()


def shelf(client, listing, **asked):
    return client.get(reverse("storefront", args=[listing.operator.slug]), asked).content.decode()


def test_the_page_says_who_affirms_what_until_when_and_who_checked(client, listing):
    operator = OperatorFactory(short_name="Brumelle")
    checked = {"checked_for": operator, "checked_on": date(2026, 6, 1), "check_note": "Dépôt lu."}
    ClaimFactory(sheet=listing.sheet, verified=True, valid_until=localdate() + timedelta(days=9), **checked)
    ClaimFactory(sheet=listing.sheet, topic="rgaa", value=EXAMPLES["rgaa"])
    contested = checked | {"check_note": "Introuvable.", "checked_by": UserFactory()}
    ClaimFactory(sheet=listing.sheet, topic="sla", value=EXAMPLES["sla"], **contested)
    page = page_of(client, listing)
    assert "Vérifié par Brumelle le 1er juin 2026" in page
    assert "« Dépôt lu. »" in page
    assert "(bientôt)" in page
    assert "Déclaré par l’éditeur le 1er octobre 2026" in page
    assert "Contesté par Brumelle" in page
    assert 'href="https://editeur.example/preuve.pdf" rel="nofollow noopener noreferrer external"' in page
    assert reverse("claims_explained") in page


@pytest.mark.parametrize(
    "address", ["http://clair.example/x", "javascript:alert(1)", "https:alert", "//ailleurs.example", ""]
)
def test_only_https_evidence_is_a_link(address, client, listing):
    value = {"commitments": "<img src=x onerror=alert(1)>"}
    ClaimFactory(sheet=listing.sheet, topic="environment", value=value, evidence_url=address)
    page = page_of(client, listing)
    assert f'href="{address}"' not in page or not address
    assert "<img src=x" not in page


def test_an_expired_claim_goes_by_itself_without_any_job(client, listing):
    ClaimFactory(sheet=listing.sheet, verified=True, valid_until=LAST_DAY)
    with as_worker():
        rebuild()
    with freeze_time(LAST_DAY):
        assert "EUPL-1.2" in page_of(client, listing)
        assert "Logiciel libre : vérifié" in shelf(client, listing)
        assert "Cantinelle" in shelf(client, listing, preuve="licence", niveau="verified")
    with freeze_time(LAST_DAY + timedelta(days=1)):
        assert "EUPL-1.2" not in page_of(client, listing)
        assert "Logiciel libre : vérifié" not in shelf(client, listing)
        assert "Cantinelle" not in shelf(client, listing, preuve="licence", niveau="verified")
        assert "Cantinelle" in shelf(client, listing)


def test_the_page_about_claims_shows_the_rules_of_the_day(client):
    url = reverse("claims_explained")
    with freeze_time("2027-01-11"):
        assert "frais de changement de fournisseur au coût réel" in client.get(url).content.decode()
    with freeze_time("2027-01-12"):
        page = client.get(url).content.decode()
    assert "aucuns frais de changement de fournisseur" in page
    assert "au coût réel" not in page


def test_the_verbs_bring_the_shelf_up_to_date(client, listing):
    claim = ClaimFactory(sheet=listing.sheet, documented=True, valid_until=localdate() + timedelta(days=99))
    with as_worker():
        operations.verify_claim(
            claim=claim,
            note="Lu.",
            operator=None,
            by=UserFactory(is_staff=True),
            now=claim.made_at,
        )
    assert "Logiciel libre : vérifié" in shelf(client, listing)


def test_queries_of_the_explanations(client, snapshot):
    with snapshot_queries(snapshot(name="explained")):
        client.get(reverse("claims_explained"))
