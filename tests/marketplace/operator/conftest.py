"""Who looks at the pages of an operator."""

import pytest
from django.test import Client

from tests.factories import MembershipFactory, OperatorFactory


@pytest.fixture
def operator():
    return OperatorFactory()


@pytest.fixture
def sign_in():
    """A function: a client signed in as somebody who holds `role` at this operator."""

    def signed_in(role, operator) -> Client:
        client = Client()
        client.force_login(MembershipFactory(organisation=operator.organisation, role=role).user)
        return client

    return signed_in
