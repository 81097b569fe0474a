import pytest

from tenants.tenancy import tenant_scope
from tests.catalog.shortlists.market import Market


@pytest.fixture
def market(db):
    """Its commune's scope is open, as on a page of hers."""
    found = Market()
    with tenant_scope([found.commune.pk]):
        yield found
