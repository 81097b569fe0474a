"""A vendor whose broker fails as told, and a time to ask it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.connectors import calling
from tests.fakes.broker import failing_broker


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setenv("TEST_BROKER_PASSWORD", "secret")
    monkeypatch.setattr(calling, "TOTAL_SECONDS", 0.3)
    with failing_broker() as broker:
        yield broker


@pytest.fixture
def now():
    """Later than the machine's clock, which the engine also looks at."""
    return timezone.now() + timedelta(hours=1)
