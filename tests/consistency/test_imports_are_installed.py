"""What the code imports is installed where it runs: the tests have more packages than production."""

import ast
import importlib.metadata
import re
import sys

import pytest

from devstack.paths import ROOT

ROOMS = ("marketplace", "billing", "provisioning", "subscriptions", "catalog", "sso", "tenants")
OURS = {*ROOMS, "demo", "devstack", "tests"}
DISTRIBUTIONS = importlib.metadata.packages_distributions()


def _imported(folders) -> dict[str, str]:
    """Top-level packages that are neither ours nor Python's, each with a file that imports it."""
    found: dict[str, str] = {}
    for file in (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                found.setdefault(name.split(".")[0], str(file.relative_to(ROOT)))
    return {name: file for name, file in found.items() if name not in OURS | set(sys.stdlib_module_names)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _locked(lock: str) -> set[str]:
    lines = (ROOT / "requirements" / lock).read_text().splitlines()
    return {_normal(line.split("==")[0]) for line in lines if "==" in line and not line.startswith(" ")}


@pytest.mark.parametrize(
    ("folders", "lock"), [(ROOMS, "production.lock"), ((*ROOMS, "demo", "devstack"), "run.lock")]
)
def test_every_import_is_locked(folders, lock):
    imported, locked = _imported(folders), _locked(lock)
    assert {"django", "psycopg"} <= set(imported)
    missing = {
        name: file
        for name, file in imported.items()
        if not {_normal(one) for one in DISTRIBUTIONS.get(name, [name])} & locked
    }
    assert missing == {}
