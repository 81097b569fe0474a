"""Make the outlines' data file again from the published repository.

    python -m tenants.maps.build --repository DIR

DIR is a clone of the repository, at the pinned commit or after it: files are read at that commit.
"""

import argparse
import json
import lzma
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tenants.maps.outlines import DATA_FILE, SCALE
from tenants.maps.simplifying import Ring, simplified

REPOSITORY = "gregoiredavid/france-geojson"
COMMIT = "5d34ee6d0140c29f785fdb047d9329f1aab58833"
PRECISION = 100_000  # the published coordinates have five decimals
TOLERANCE = 0.003 * PRECISION  # degrees: some 300 m


def make_outlines(files: Iterator[tuple[str, bytes]]) -> bytes:
    """One line an outline, by key: its key ("29019", or "D29" for a département), then its rings, each a
    list of steps in 1/SCALE of a degree, the first one from the origin (longitude, latitude)."""
    owned: dict[str, list[tuple[str, Ring]]] = {"": [], "D": []}
    for name, content in files:
        prefix = "" if "/communes-" in name else "D"
        found = json.loads(content)
        for place in found.get("features", [found]):
            key = prefix + place["properties"]["code"]
            owned[prefix] += [(key, ring) for ring in _rings(place["geometry"])]
    lines: dict[str, list[str]] = {}
    for pairs in owned.values():
        rings = simplified([ring for _, ring in pairs], tolerance=TOLERANCE)
        for (key, _), ring in zip(pairs, rings, strict=True):
            lines.setdefault(key, []).append(_steps(ring))
    return "".join(f"{key} {';'.join(lines[key])}\n" for key in sorted(lines)).encode()


def _rings(geometry: dict) -> Iterator[Ring]:
    """The outer border of each part: enclaves are drawn by their own outline."""
    parts = geometry["coordinates"]
    for part in [parts] if geometry["type"] == "Polygon" else parts:
        yield [(round(x * PRECISION), round(y * PRECISION)) for x, y in part[0]][:-1]


def _steps(ring: Ring) -> str:
    before, steps = (0, 0), []
    for point in ring:
        here = round(point[0] * SCALE / PRECISION), round(point[1] * SCALE / PRECISION)
        if here != before or not steps:
            steps.append(f"{here[0] - before[0]} {here[1] - before[1]}")
        before = here
    return ",".join(steps)


def read_repository(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Each file of outlines at the pinned commit."""

    def git(*arguments: str) -> bytes:
        return subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True).stdout

    for name in git("ls-tree", "-r", "--name-only", COMMIT, "departements/").decode().splitlines():
        if "/communes-" in name or "/departement-" in name:
            yield name, git("show", f"{COMMIT}:{name}")


def main(arguments: list[str] | None = None) -> None:
    """Write the data file; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the outlines' data file again.")
    parser.add_argument("--repository", type=Path, required=True, help="a clone of the repository")
    parser.add_argument("--output", type=Path, default=DATA_FILE)
    options = parser.parse_args(arguments)
    content = lzma.compress(
        make_outlines(read_repository(options.repository)), preset=9 | lzma.PRESET_EXTREME
    )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(content)
    sys.stdout.write(f"{options.output}: {len(content):,} bytes\n")


if __name__ == "__main__":
    main()
