"""A commune, its people, and an operator it adheres to."""

import pytest
from django.urls import reverse

from tenants.models import Role
from tests.factories import AdhesionFactory, ListingFactory, MembershipFactory, OrganisationFactory
from tests.factories.subscriptions import PDF


@pytest.fixture
def commune(db):
    return OrganisationFactory(territory__population=860)


@pytest.fixture
def listing(commune):
    """0,30 € an inhabitant: 258,00 € HT a year for the commune, which adheres to its operator."""
    listing = ListingFactory(terms="Engagement d’un an.")
    AdhesionFactory(operator=listing.operator, organisation=commune)
    return listing


@pytest.fixture
def person(commune):
    """`person(Role.SECRETARY)`: somebody of the commune with these roles."""

    def make(*roles, organisation=commune):
        user = MembershipFactory(organisation=organisation, role=roles[0]).user
        for role in roles[1:]:
            MembershipFactory(user=user, organisation=organisation, role=role)
        return user

    return make


@pytest.fixture
def secretary(person):
    return person(Role.SECRETARY)


@pytest.fixture
def signatory(person):
    return person(Role.SIGNATORY)


@pytest.fixture
def stranger(person):
    """Secretary and signatory of another commune."""
    return person(Role.SECRETARY, Role.SIGNATORY, organisation=OrganisationFactory())


@pytest.fixture
def at(commune):
    """`at("member_home")`: the address of a page of the commune."""

    def address(name, *args):
        return reverse(name, args=[commune.siren, *args])

    return address


@pytest.fixture
def act():
    """A signed act, as a browser sends it."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    def make(content=PDF, name="acte.pdf"):
        return SimpleUploadedFile(name, content, content_type="application/pdf")

    return make
