"""Django's migrations, seen from outside: which would apply, and applying them."""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from devstack import database
from devstack.leash import end_with_parent
from devstack.paths import ROOT
from devstack.problem import Problem

# What decides which migrations apply: our own, the versions of the libraries, the list of applications.
SOURCES = ("*/migrations/*.py", "*/*/migrations/*.py", "requirements/run.lock")
SETTINGS = "marketplace/settings/base.py"
DECIDING_SETTINGS = {"INSTALLED_APPS", "MIGRATION_MODULES"}


def fingerprint(root: Path = ROOT) -> str:
    """A short hash of all that decides the schema. Reads files only: no Django, a few milliseconds."""
    digest = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    for statement in ast.parse((root / SETTINGS).read_text()).body:
        if (
            isinstance(statement, ast.Assign)
            and {ast.unparse(t) for t in statement.targets} & DECIDING_SETTINGS
        ):
            digest.update(ast.unparse(statement).encode())
    return digest.hexdigest()[:16]


def migrate(dbname: str = "halle") -> None:
    """Apply Django's migrations as the owner of the tables. Raises `Problem` when one fails."""
    environment = {
        **os.environ,
        "HALLE_DB_ROLE": "owner",
        "OWNER_DATABASE_URL": database.urls(dbname)["owner"],
    }
    environment.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings.development")
    arguments = [sys.executable, "manage.py", "migrate", "--no-input", "--skip-checks"]
    done = subprocess.run(arguments, cwd=ROOT, env=environment, check=False, preexec_fn=end_with_parent())
    if done.returncode:
        raise Problem("a migration failed: see above. Nothing of it was kept; correct it and start again")
