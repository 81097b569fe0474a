"""One real Keycloak for the tests of this folder, with the realm of Halle and one that plays ProConnect.

HALLE_TEST_KEYCLOAK=http://127.0.0.1:8081 tries them on one that `make keycloak` has started: they have realms
of their own there.
"""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings as of_django
from django.test import override_settings

from devstack.keycloak import running
from devstack.problem import Problem
from sso.keycloak.applying import apply
from sso.keycloak.declaration import declared
from sso.keycloak.server import Server, server
from sso.keycloak.values import stand_in_values, values
from tests.tools.ports import free_port


@pytest.fixture(scope="session")
def keycloak_url(tmp_path_factory) -> Iterator[str]:
    """Where it answers; the tests are skipped where it cannot be had, with the reason."""
    if started := os.environ.get("HALLE_TEST_KEYCLOAK"):
        yield started
        return
    try:
        with running(port=free_port(), log=tmp_path_factory.mktemp("keycloak") / "log") as keycloak:
            yield keycloak.url
    except Problem as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="session")
def known(keycloak_url) -> dict:
    """The settings that name it. Both realms are made."""
    known = of_django.KEYCLOAK | {
        "url": keycloak_url, "realm": "test", "stand_in_realm": "test-proconnect", "timeout_seconds": 30,
    }  # fmt: skip
    with override_settings(KEYCLOAK=known):
        keycloak = server(patient=True)
        for realm in (declared("proconnect", stand_in_values()), declared("halle", values(stand_in=True))):
            keycloak.delete(f"/{realm['realm']['realm']}")
            apply(keycloak, realm)
    return known


@pytest.fixture
def keycloak(known, settings) -> Server:
    """Its administration, and Halle's settings pointed at it."""
    settings.KEYCLOAK = known
    return server()
