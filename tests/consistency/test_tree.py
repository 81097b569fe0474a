"""Nothing of one person's machine is in the repository; versions that must be equal are."""

import re
import subprocess
from pathlib import Path

import stripe
from django.conf import settings

from tests.fakes.stripe import objects

ROOT = Path(__file__).resolve().parents[2]
# In pieces, so that this file is not found by its own search.
FOLDERS = r"wo" + r"rk|ro" + r"ot|ho" + r"me/[a-z]+|Us" + r"ers/[A-Za-z]+"
PERSONAL = rf"(^|[^A-Za-z0-9_.~-])/({FOLDERS})(/|[^A-Za-z0-9_-]|$)"


def test_no_path_of_one_machine():
    found = subprocess.run(
        ["git", "grep", "-InE", PERSONAL, "--", ".", ":!*.svg"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == ""
    assert found.returncode == 1, found.stderr


def test_no_package_from_an_address():
    """Locks name versions and hashes; where packages come from is each machine's own business."""
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert locks
    for lock in locks:
        assert re.findall(r"^(?:--(?:extra-)?index-url|.*@ ?https?://).*", lock.read_text(), flags=re.M) == []


def test_one_version_of_stripe_s_api():
    """The SDK's, the setting and the fake's: an answer is only understood in the version it was made for."""
    assert stripe.api_version == settings.STRIPE_API_VERSION
    assert settings.STRIPE_API_VERSION == objects.API_VERSION
