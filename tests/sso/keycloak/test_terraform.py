"""The realm by Terraform, on a real Keycloak: what it makes is what `apply_realm` would have made.

HALLE_TERRAFORM_PLUGINS names a folder that has the provider keycloak/keycloak, where no registry answers
(`terraform providers mirror` makes one).
"""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

from devstack.keycloak import ADMIN_SECRET
from sso.keycloak.applying import apply
from sso.keycloak.declaration import declared
from sso.keycloak.values import values

ROOT = Path(__file__).parents[3]
MODULE = ROOT / "infra" / "keycloak"
REALM = "by-terraform"
# What the declaration is given.
NAMES = (
    "REALM", "CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URIS", "POST_LOGOUT_URIS", "BACKCHANNEL_LOGOUT_URI",
    "PROCONNECT_ISSUER", "PROCONNECT_CLIENT_ID", "PROCONNECT_CLIENT_SECRET",
)  # fmt: skip


@pytest.fixture
def terraform(keycloak, settings, tmp_path):
    """Runs it in a copy of the module, for a realm of its own, and answers its exit status."""
    settings.KEYCLOAK = settings.KEYCLOAK | {"realm": REALM}
    copied = tmp_path / "infra" / "keycloak"
    shutil.copytree(MODULE, copied, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    shutil.copytree(ROOT / "sso" / "keycloak" / "realms", tmp_path / "sso" / "keycloak" / "realms")
    written = io.StringIO()
    call_command("apply_realm", "--terraform", "--with-stand-in", stdout=written)
    (copied / "terraform.tfvars.json").write_text(written.getvalue())
    environment = os.environ | {
        "KEYCLOAK_URL": settings.KEYCLOAK["url"],
        "KEYCLOAK_CLIENT_ID": settings.KEYCLOAK["admin"],
        "KEYCLOAK_CLIENT_SECRET": ADMIN_SECRET,
        "CHECKPOINT_DISABLE": "1",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            ["terraform", *arguments, "-no-color", "-input=false"],
            cwd=copied, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    if not shutil.which("terraform"):
        pytest.skip("there is no `terraform` on this machine")
    plugins = [f"-plugin-dir={folder}"] if (folder := os.environ.get("HALLE_TERRAFORM_PLUGINS")) else []
    if run("init", *plugins).returncode:
        pytest.skip("Terraform's provider for Keycloak cannot be had here: see HALLE_TERRAFORM_PLUGINS")
    yield run
    keycloak.delete(f"/{REALM}")


# A mark that Halle alone can make of a secret, and an address that no sign-in uses.
LEFT_OUT = ("halleSecretMark", "tokenIntrospectionUrl")


def differences(keycloak) -> list[str]:
    """What `apply_realm --check` would tell."""
    found = apply(keycloak, declared("halle", values(stand_in=True)), check=True)
    return [str(one) for one in found if not any(name in str(one) for name in LEFT_OUT)]


def test_terraform_makes_the_same_realm_shows_what_was_changed_by_hand_and_puts_it_back(terraform, keycloak):
    made = terraform("apply", "-auto-approve")
    assert made.returncode == 0, made.stderr
    assert differences(keycloak) == []
    assert terraform("plan", "-detailed-exitcode").returncode == 0  # nothing to change
    (client,) = keycloak.get(f"/{REALM}/clients", clientId="halle")
    keycloak.put(f"/{REALM}/clients/{client['id']}", client | {"redirectUris": ["https://evil.example/*"]})
    shown = terraform("plan", "-detailed-exitcode")
    assert (shown.returncode, "https://evil.example/*" in shown.stdout) == (2, True)
    assert terraform("apply", "-auto-approve").returncode == 0
    assert differences(keycloak) == []


def test_the_module_reads_whatever_is_declared():
    """Needs no Terraform: a field added to the declaration alone would be applied by one of the two only."""
    module = "".join(one.read_text() for one in MODULE.glob("*.tf"))
    whole = declared("halle", dict.fromkeys(NAMES, "given"))
    (provider,), (client,) = whole["identityProviders"], whole["clients"]
    fields = [f"local.realm.{name}" for name in whole["realm"] if name != "browserSecurityHeaders"]
    fields += [
        f"local.realm.browserSecurityHeaders.{name}" for name in whole["realm"]["browserSecurityHeaders"]
    ]
    fields += [f"local.provider.{name}" for name in provider if name != "config"]
    fields += [f"local.client.{name}" for name in client if name not in ("attributes", "protocol")]
    fields += [f'local.client.attributes["{name}"]' for name in client["attributes"]]
    fields += [name for name in provider["config"] if name != "halleSecretMark"]
    unread = [
        field for field in fields
        if field not in module and field.replace("local.realm", "brute_force_detection.value") not in module
    ]  # fmt: skip
    assert unread == []
    assert whole.keys() == {"realm", "flows", "clientScopes", "identityProviders", "clients"}
