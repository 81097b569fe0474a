"""Rules of the house on templates."""

import re
import subprocess
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.template import engines
from django.template.loader import get_template

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "marketplace" / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
# Named by Django itself (errors) or chosen by it.
NAMED_ELSEWHERE = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
EVENT = re.compile(r"on[a-z]+$|hx-on")

each_template = pytest.mark.parametrize("name", TEMPLATES)


def _sources() -> str:
    rooms = ["marketplace", "tenants", "catalog", "sso", "subscriptions", "provisioning", "billing", "demo"]
    paths = [path for room in rooms for ext in ("py", "html") for path in (ROOT / room).rglob(f"*.{ext}")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@each_template
def test_it_compiles_and_comes_first(name):
    """`template.origin`: no library's template of the same name hides ours."""
    assert Path(get_template(name).origin.name) == FOLDER / name


def test_every_template_is_used():
    sources = _sources()
    unused = [name for name in TEMPLATES if name not in NAMED_ELSEWHERE and f'{name}"' not in sources]
    assert unused == []


@each_template
def test_no_script_style_or_handler_in_the_page(name):
    """The content security policy refuses them: they would do nothing, silently."""
    source = (FOLDER / name).read_text(encoding="utf-8")
    source = re.sub(r"\{% comment.*?endcomment %\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.S)
    page = BeautifulSoup(source, "html.parser")
    assert page.find_all("style") == []
    assert [tag for tag in page.find_all("script") if not tag.has_attr("src")] == []
    for tag in page.find_all(True):
        wrong = [key for key in tag.attrs if key == "style" or EVENT.match(key)]
        assert wrong == [], f"{tag.name} has {wrong}"
        assert not str(tag.get("href", "")).startswith("javascript:")


def test_the_engine_looks_in_our_folder_first():
    assert Path(engines["django"].engine.dirs[0]) == FOLDER


def test_no_state_design_system_in_the_repository():
    """Forbidden to local authorities and private actors (circular 6411-SG): neither it nor its font."""
    words = "|".join(["ds" + "fr", "maria" + "nne"])
    found = subprocess.run(
        ["git", "grep", "-liE", words, "--", ".", ":!*.md", ":!*.lock"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert found.returncode == 1, f"named in {found.stdout}"
    assert not re.search(words, files, flags=re.I)
