"""The engine stands alone: no framework, no clock, no float."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import catalog.pricing

FOLDER = Path(catalog.pricing.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))


def test_importing_the_engine_loads_no_django():
    code = "import sys, catalog.pricing; print(sorted({'django', 'oscar', 'psycopg'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER.parent.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_float_and_no_clock_in_the_source(module):
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
        assert not (isinstance(node, ast.Name) and node.id in {"float", "open"})
        assert not (isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow", "environ"})
