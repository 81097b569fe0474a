"""What a journey asks behind the pages: a few lines run under the worker’s role, in a process of its own."""

import os
import subprocess
import sys

from devstack.paths import ROOT
from tests.browser.stack import TODAY, RunningStack


def as_the_worker(stack: RunningStack, code: str) -> str:
    """What these lines print, run in the stack's own database."""
    environment = {
        **os.environ,
        "HALLE_DATA_DIR": str(stack.folder),
        "HALLE_TODAY": TODAY,
        "PYTHONWARNINGS": "ignore",
    }
    where = "from devstack import database; print(database.urls()['worker'])"
    worker = _said([sys.executable, "-c", where], environment).strip()
    environment |= {"DATABASE_URL": worker, "DJANGO_SETTINGS_MODULE": "marketplace.settings.development"}
    return _said([sys.executable, "manage.py", "shell", "--no-imports", "-c", code], environment)


def _said(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
