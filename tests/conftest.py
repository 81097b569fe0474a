"""What every test stands on: see tests/tools/ for each part.

- A test that asks for the database (`@pytest.mark.django_db`) has a real PostgreSQL, as the web role.
- An undefined variable in a template fails. Nothing beyond this machine can be reached.
"""

import gc
import os
from importlib import import_module

import pytest
from django.conf import settings
from django.db import connections
from django.template import engines
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as profiles

from tests.tools import no_network, once
from tests.tools.database import Emptier, point_django_at, test_database
from tests.tools.strict_templates import Refusing

# A slow machine is no bug of what is tested: speed is measured by `make bench`.
# The same examples at each run: what another seed finds is found by `make explore`, not on somebody's change.
profiles.register_profile(
    "halle",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="HALLE_EXPLORE" not in os.environ,
)
profiles.load_profile("halle")

# Half a million objects of the libraries are looked through at each collection: let there be few.
gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return once.Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: once.turn(item.nodeid))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """A database of our own making, in place of pytest-django's: Django would make it as its owner."""
    patch = pytest.MonkeyPatch()
    with test_database() as name:
        point_django_at(connections.databases["default"], name)
        emptier = Emptier(name)
        # Instead of TRUNCATE, which the web role may not and which would lose the migrations' rows.
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: emptier.empty())
        yield
        patch.undo()
        with django_db_blocker.unblock():
            connections.close_all()


@pytest.fixture(autouse=True, scope="session")
def _real_dates():
    """The addresses are read before any test stops the clock: pydantic would take its dates for a type of
    their own, and refuse them, in whichever test asks for a page first."""
    import_module(settings.ROOT_URLCONF)


@pytest.fixture(autouse=True, scope="session")
def _strict_templates():
    engines["django"].engine.string_if_invalid = Refusing("%s")


@pytest.fixture(autouse=True, scope="session")
def _no_network():
    with pytest.MonkeyPatch.context() as patch:
        no_network.refuse(patch)
        yield
