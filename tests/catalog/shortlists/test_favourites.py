"""Listings kept at hand by an organisation."""

import pytest

from catalog.models import Favourite
from catalog.shortlists.favourites import add_favourite, favourites_of, kept_among, remove_favourite
from tenants.models import AuditEvent
from tenants.tenancy import tenant_scope
from tests.factories import OrganisationFactory

pytestmark = pytest.mark.django_db


def test_a_favourite_is_kept_once_for_the_whole_organisation(market):
    one, two, _ = market.listings
    doing = {"organisation": market.commune, "listing": one, **market.by_secretary()}
    assert add_favourite(**doing)
    assert not add_favourite(**{**doing, "by": market.mayor})
    assert kept_among(organisation=market.commune, listings=[one.pk, two.pk]) == {one.pk}
    assert [found.listing for found in favourites_of(organisation=market.commune)] == [one]
    assert remove_favourite(**doing)
    assert not remove_favourite(**doing)
    told = AuditEvent.objects.order_by("pk").values_list("what", "sentence")
    assert list(told) == [
        ("favourite.added", "{actor} a gardé le service Cantine Une."),
        ("favourite.removed", "{actor} ne garde plus le service Cantine Une."),
    ]


def test_another_organisation_keeps_its_own(market):
    add_favourite(organisation=market.commune, listing=market.listings[0], **market.by_secretary())
    other = OrganisationFactory()
    with tenant_scope([other.pk]):
        assert not Favourite.objects.exists()
        assert add_favourite(organisation=other, listing=market.listings[0], **market.by_secretary())
