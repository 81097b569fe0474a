"""Real parts for the tests of Terraform."""

import shutil

import pytest

from provisioning.connectors.terraform.connector import TerraformConnector
from tests.fakes.terraform import KEY, MODULES, SECRET, missing, provider_mirror, store_running


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
