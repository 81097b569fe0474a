"""An operator with an account at a portal that runs on this machine."""

import pytest

from tests.factories import OperatorFactory, SendingAccountFactory
from tests.fakes import chorus_pro


@pytest.fixture
def portal(settings):
    with chorus_pro.running() as running:
        settings.CHORUS_PRO = {"token_url": f"{running.url}{chorus_pro.TOKEN}", "api_url": running.url}
        yield running


@pytest.fixture
def operator(portal):
    account = SendingAccountFactory(operator=OperatorFactory())
    return account.operator
