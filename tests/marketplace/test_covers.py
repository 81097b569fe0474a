"""The pages of a cover: the intercommunality's, and those of a commune that is covered."""

import pytest
from django.urls import reverse

from marketplace.web.access import MEMBER_ROLES
from subscriptions.models import Cover, State
from tenants.models import Role
from tests.factories import (
    AdhesionFactory,
    CoverFactory,
    ListingFactory,
    OrganisationFactory,
    SubscriptionFactory,
)
from tests.tools.database import as_worker
from tests.tools.signing_in import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def held():
    listing = ListingFactory()
    epci = OrganisationFactory(epci=True, name="Dinan Agglomération")
    AdhesionFactory(operator=listing.operator, organisation=epci, covers_communes=True)
    return SubscriptionFactory(tenant=epci, listing=listing, state=State.ACTIVE)


@pytest.fixture
def commune(held):
    return OrganisationFactory(name="Évran", territory__epci=held.tenant.territory, territory__population=860)


def covered() -> list[str]:
    with as_worker():
        return [one.tenant.name for one in Cover.objects.filter(until=None).select_related("tenant")]


def test_a_signatory_covers_a_commune_then_no_longer(held, commune):
    client = signed_in(held.tenant, Role.SIGNATORY)
    url = reverse("member_covers", args=[held.tenant.siren, held.public_id])
    assert (
        url
        in client.get(
            reverse("member_subscription", args=[held.tenant.siren, held.public_id])
        ).content.decode()
    )
    assert "Évran" in client.get(url).content.decode()
    assert client.post(url, {"commune": commune.siren}).status_code == 302
    assert covered() == ["Évran"]
    asked = client.get(url, {"fin": commune.siren}).content.decode()
    assert "Ne plus couvrir cette commune ?" in asked
    assert covered() == ["Évran"]
    assert client.post(url, {"fin": commune.siren}).status_code == 302
    assert covered() == []


@pytest.mark.parametrize("role", sorted(MEMBER_ROLES))
def test_whoever_reads_sees_what_is_covered_and_a_signatory_alone_changes_it(held, commune, role):
    CoverFactory(subscription=held, tenant=commune)
    client = signed_in(held.tenant, role)
    url = reverse("member_covers", args=[held.tenant.siren, held.public_id])
    page = client.get(url, {"fin": commune.siren}).content.decode()
    assert "Évran" in page
    signs = role == Role.SIGNATORY
    assert ("Ne plus couvrir" in page) is signs
    assert client.post(url, {"fin": commune.siren}).status_code == (302 if signs else 404)
    assert covered() == ([] if signs else ["Évran"])


@pytest.mark.parametrize("sent", [{}, {"commune": "123456789"}, {"fin": "123456789"}, {"fin": "x\x00"}])
def test_what_makes_no_sense_is_said(held, commune, sent):
    client = signed_in(held.tenant, Role.SIGNATORY)
    answer = client.post(reverse("member_covers", args=[held.tenant.siren, held.public_id]), sent)
    assert answer.status_code == 200
    assert "Rien n’a changé" in answer.content.decode()
    assert covered() == []


def test_a_stranger_finds_nothing(held, commune):
    url = reverse("member_covers", args=[held.tenant.siren, held.public_id])
    assert signed_in(commune, Role.SIGNATORY).get(url).status_code == 404


def test_the_commune_reads_that_it_is_covered(held, commune):
    CoverFactory(subscription=held, tenant=commune)
    client = signed_in(commune, Role.SECRETARY)
    for name, args in (("subscriptions", []), ("socle", []), ("subscribe", [held.listing_id])):
        page = client.get(reverse(f"member_{name}", args=[commune.siren, *args])).content.decode()
        assert "Dinan Agglomération" in page, name
    public = client.get(
        reverse("service", args=[held.operator.slug, held.listing.sheet.slug]),
        {"insee": commune.territory.code},
    )
    assert "Couvert par Dinan Agglomération" in public.content.decode()
    assert "Demander l’abonnement" not in public.content.decode()
    refused = client.post(reverse("member_subscribe", args=[commune.siren, held.listing_id]), {})
    assert "déjà" in refused.content.decode()


def test_whoever_has_the_service_is_led_to_ask_for_its_communes(held, commune):
    client = signed_in(held.tenant, Role.SECRETARY)
    page = client.get(
        reverse("member_subscription", args=[held.tenant.siren, held.public_id])
    ).content.decode()
    assert reverse("member_bulk_new", args=[held.tenant.siren, held.listing_id]) in page
    assert reverse("member_covers", args=[held.tenant.siren, held.public_id]) in page
