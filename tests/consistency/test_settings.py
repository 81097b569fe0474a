"""Production settings, as a real process sees them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parents[2]
_KEY = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
ENTITLEMENT_KEYS = json.dumps({"keys": [_KEY]})
PRODUCTION = {
    "ENTITLEMENT_KEYS": ENTITLEMENT_KEYS,
    "DJANGO_SETTINGS_MODULE": "marketplace.settings.production",
    "HALLE_DB_ROLE": "web",
    "SECRET_KEY": "a-long-random-key-for-this-check-only-0123456789-abcdefghij",
    "SECRET_KEYS_AT_REST": "YS1rZXktb2YtdGhpcnR5LXR3by1ieXRlcy1mb3ItaXQ=",
    "ALLOWED_HOSTS": "halle.example",
    "DATABASE_URL": "postgresql://halle_web:secret@database.example/halle",
    "OIDC_ISSUER": "https://identity.example/realms/halle",
    "OIDC_RP_CLIENT_ID": "halle",
    "OIDC_RP_CLIENT_SECRET": "secret",
    "STRIPE_LIVE_SECRET_KEY": "sk_live_" + "0" * 24,
}


def check(**environment):
    """`manage.py check --deploy` in a process that knows this environment only."""
    kept = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    arguments = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(
        arguments, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_the_demo_deposits_its_invented_invoices_on_no_real_portal():
    assert all(address.startswith("http://127.0.0.1:") for address in settings.CHORUS_PRO.values())


def test_production_passes_django_s_deployment_checks():
    done = check(**PRODUCTION)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "missing",
    [
        "SECRET_KEY",
        "SECRET_KEYS_AT_REST",
        "DATABASE_URL",
        "OIDC_ISSUER",
        "ALLOWED_HOSTS",
        "ENTITLEMENT_KEYS",
    ],
)
def test_production_does_not_start_without(missing):
    done = check(**{name: value for name, value in PRODUCTION.items() if name != missing})
    assert done.returncode != 0
    assert f"Set the {missing} environment variable" in done.stderr


def test_the_demo_s_identity_provider_is_refused_in_production(settings):
    settings.DEMO_IDENTITY = True
    found = run_checks(tags=["security"], include_deployment_checks=True)
    assert "sso.E001" in {problem.id for problem in found}


def test_production_knows_nothing_of_the_demo():
    done = subprocess.run(
        [sys.executable, "-c", "from django.conf import settings as s; print('demo' in s.INSTALLED_APPS,"
         " getattr(s, 'DEMO_IDENTITY', False), s.ALLOW_PRIVATE_ADDRESSES, s.DEBUG)"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], **PRODUCTION}, capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False"] * 4
