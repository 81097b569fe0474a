"""Rows of two tenants, for whichever tenant-owned model a test is about."""

import pytest

from tests.consistency.test_tenant_owned import FACTORIES
from tests.factories import AdhesionFactory


@pytest.fixture
def pair(model, db):
    """A row of the model for each of two organisations, each a member of some operator."""
    rows = FACTORIES[model](), FACTORIES[model]()
    for row in rows:
        AdhesionFactory(organisation=row.tenant)
    return rows
