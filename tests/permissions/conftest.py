"""The two worlds, made once for a module in a transaction that is never committed."""

import psycopg
import pytest
from django.db import connection, transaction
from django.test import override_settings

from devstack import database
from tenants.models import Role
from tests.factories import MembershipFactory, UserFactory
from tests.fakes import openid
from tests.permissions.world import BOTH, People, World, make_worlds, place


@pytest.fixture(scope="module", autouse=True)
def _provider():
    """Whoever signs in is led to an identity provider that is there."""
    with openid.serving() as provider, override_settings(OIDC_ISSUER=provider.url):
        yield


@pytest.fixture(scope="module")
def worlds(django_db_setup, django_db_blocker):
    _sweep()
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_worlds()
        transaction.set_rollback(True)


def _sweep() -> None:
    """What thousands of tests took back lies in the tables still: a question that reads past all of it takes
    seconds, up to the limit of the web role."""
    url = database.urls(connection.settings_dict["NAME"])["admin"]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("VACUUM (SKIP_LOCKED)")


@pytest.fixture(scope="module")
def home(worlds) -> World:
    """World A, where the people of the table have their roles."""
    return worlds[0]


@pytest.fixture(scope="module")
def elsewhere(worlds) -> list[World]:
    """World B, and what operator B does with the commune that adheres to operator A as well."""
    return [worlds[1], worlds[2]]


@pytest.fixture(scope="module")
def people(home) -> People:
    return People(home)


@pytest.fixture(scope="module")
def people_of_both(worlds, people) -> People:
    """With one more, BOTH: the same person holds every role in every world."""
    user = UserFactory()
    for organisation, role in {(place(world, role), role) for world in worlds for role in Role.values}:
        MembershipFactory(user=user, organisation=organisation, role=role)
    people.sign_in(BOTH, user)
    return people
