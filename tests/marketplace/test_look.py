"""The look keeps its promises: contrast by calculation, no inline code, icons drawn, templates documented."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

MARKETPLACE = Path(__file__).resolve().parents[2] / "marketplace"
TEMPLATES = MARKETPLACE / "templates"
STATIC = MARKETPLACE / "static" / "halle"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
OURS = [
    p
    for p in TEMPLATES.rglob("*.html")
    if p.parent.name in {"components", "errors", "styleguide", "templates"}
]


def tokens() -> dict[str, tuple[float, float, float]]:
    """Colour tokens as RGB, with `color-mix(in srgb, var(--x) n%, #y)` worked out."""
    css = (STATIC / "tokens.css").read_text()
    found: dict[str, tuple[float, float, float]] = {}
    for name, value in re.findall(r"--halle-([\w-]+): ([^;]+);", css):
        if re.fullmatch(r"#[0-9a-f]{6}", value):
            found[name] = rgb(value)
        elif mix := re.fullmatch(
            r"color-mix\(in srgb, var\(--halle-([\w-]+)\) (\d+)%, (#[0-9a-f]{3})\)", value
        ):
            share = int(mix[2]) / 100
            other = rgb("#" + "".join(c * 2 for c in mix[3][1:]))
            found[name] = tuple(
                share * a + (1 - share) * b for a, b in zip(found[mix[1]], other, strict=True)
            )
    return found


def rgb(text: str) -> tuple[float, float, float]:
    return tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))


def contrast(one: tuple, two: tuple) -> float:
    """WCAG 2.2 contrast ratio."""

    def luminance(colour: tuple) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TEXT_PAIRS = [
    *[(text, ground) for text in ("ink", "ink-quiet", "accent", "accent-strong", "iron", "danger")
      for ground in ("surface", "floor", "accent-soft")],
    *[(tone, f"{tone}-soft") for tone in ("success", "info", "warning", "danger", "neutral")],
    *[("ink", f"{tone}-soft") for tone in ("success", "info", "warning", "danger", "neutral")],
    ("ink-quiet", "neutral-soft"), ("accent", "neutral-soft"), ("ink-quiet", "glass"), ("iron", "glass"),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-iron", "iron"), ("on-iron-quiet", "iron"),
    ("on-iron", "iron-light"), ("on-iron-quiet", "iron-light"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_text_reaches_four_and_a_half_to_one(text, ground):
    colours = tokens()
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize(
    ("edge", "ground"),
    [("line-strong", "surface"), ("line-strong", "floor"), ("danger", "surface"), ("iron", "surface"),
     ("iron", "daylight"), ("daylight", "iron"), ("accent", "surface")],
)  # fmt: skip
def test_edges_of_controls_reach_three_to_one(edge, ground):
    colours = tokens()
    assert contrast(colours[edge], colours[ground]) >= 3


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_no_inline_script_style_or_handler(path):
    """The content security policy has no exception for inline code."""
    source = re.sub(r"\{% comment.*?endcomment %\}|\{%.*?%\}", "", path.read_text(), flags=re.S)
    assert not re.search(r"<style|\sstyle=|\son\w+=|hx-on|javascript:", source)
    assert not re.search(r"<script(?![^>]*\bsrc=)", source)


@pytest.mark.parametrize("path", OURS, ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_icons_named_in_templates_exist(path):
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    assert set(re.findall(r"icons\.svg' %\}#([\w-]+)\"", path.read_text())) <= drawn


def test_every_component_is_documented():
    readme = (TEMPLATES / "components" / "README.md").read_text()
    public = [p.name for p in COMPONENTS if not p.name.startswith("_")]
    assert [name for name in public if f"`{name}`" not in readme] == []
    assert all(p.read_text().startswith("{% comment %}") for p in COMPONENTS if p.name in public)


@pytest.mark.parametrize("address", ["/styleguide/", "/styleguide/vitrine/", "/styleguide/revue/"])
@pytest.mark.django_db
def test_style_guide_is_well_formed(client, address):
    page = BeautifulSoup(client.get(address).content, "html.parser")
    assert page.html["lang"] == "fr"
    assert len(page.find_all("h1")) == 1
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for control in page.select("input:not([type=hidden]), select, textarea"):
        assert page.find("label", attrs={"for": control.get("id")}) or control.find_parent("label")
    for tag in page.select("[aria-describedby], [aria-labelledby]"):
        for name in f"{tag.get('aria-describedby', '')} {tag.get('aria-labelledby', '')}".split():
            assert name in ids
    for link in page.select("[data-halle-error-summary] a"):
        assert link["href"].removeprefix("#") in ids
