"""A vendor whose broker fails as told, a time to ask it, and real parts for the tests of Terraform."""

import shutil
from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.connectors import calling
from provisioning.connectors.terraform.connector import TerraformConnector
from tests.fakes.broker import failing_broker
from tests.fakes.terraform import KEY, MODULES, SECRET, missing, provider_mirror, store_running


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


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    if not shutil.which("terraform"):
        missing("there is no `terraform` on this machine")
    with store_running(tmp_path_factory.mktemp("store")) as store:
        for bucket in ("/states", "/offices"):
            assert store.ask("PUT", bucket).status_code == 200
        yield store


@pytest.fixture
def equipped(store, settings, tmp_path, monkeypatch):
    """A worker that has all that Terraform needs."""
    rc = tmp_path / "terraform.rc"
    rc.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{provider_mirror()}"\n  }}\n}}\n'
    )
    settings.TERRAFORM = {
        "binary": "terraform",
        "modules": str(MODULES),
        "cli_config": str(rc),
        "state_bucket": "states",
        "state_region": "us-east-1",
        "state_endpoint": store.url,
    }
    monkeypatch.setenv("HALLE_TERRAFORM_STATE_KEY", KEY)
    monkeypatch.setenv("HALLE_TERRAFORM_STATE_SECRET", SECRET)
    return store


@pytest.fixture
def terraform(equipped):
    """A function that gives a connector."""

    def connector(**config):
        variables = {"store": f"{equipped.url}/offices"} | config.pop("variables", {})
        whole = {"module": "office", "variables": variables} | config
        return TerraformConnector(TerraformConnector.Config.model_validate(whole))

    return connector
