"""The shipped file is what the build makes of the package.

The package is not part of the repository. To run the rebuild, put it in reach:
`npm pack @etalab/decoupage-administratif@6.0.0` and HALLE_REGISTER_PACKAGE=<the .tgz or its folder>.
"""

import json
import lzma
import os
import tarfile
from pathlib import Path

import pytest

from tenants.register import build, vintage


@pytest.fixture
def package():
    path = os.environ.get("HALLE_REGISTER_PACKAGE")
    if not path:
        pytest.skip(
            f"HALLE_REGISTER_PACKAGE does not name a copy of {vintage.PACKAGE} {vintage.VERSION} (npm pack)"
        )
    return Path(path)


def test_rebuild_gives_the_shipped_file(package, tmp_path):
    output = tmp_path / "register.jsonl.xz"
    build.main(["--package", str(package), "--output", str(output)])
    # Contents are compared, not bytes: another liblzma may compress otherwise.
    assert lzma.decompress(output.read_bytes()) == lzma.decompress(vintage.DATA_FILE.read_bytes())


def test_shipped_file_is_small():
    assert vintage.DATA_FILE.stat().st_size < 1_500_000


def test_shipped_header_is_the_table_of_vintage():
    with lzma.open(vintage.DATA_FILE, "rt", encoding="utf-8") as lines:
        header = json.loads(lines.readline())
    assert header["sources"] == vintage.SOURCES
    assert header["inputs_sha256"] == vintage.INPUT_SHA256
    assert header["borders"] == vintage.BORDERS


def test_a_folder_with_other_contents_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    for name in vintage.INPUT_SHA256:
        (tmp_path / "data" / name).write_text("[]")
    with pytest.raises(build.BuildError, match="SHA-256"):
        build.read_package(tmp_path)


def test_an_archive_that_is_not_the_published_one_is_refused(tmp_path):
    archive = tmp_path / "package.tgz"
    with tarfile.open(archive, "w:gz"):
        pass
    with pytest.raises(build.BuildError, match="integrity"):
        build.read_package(archive)


def _package(**changes):
    commune = {
        "code": "93001",
        "nom": "Aubervilliers",
        "type": "commune-actuelle",
        "departement": "93",
        "region": "11",
        "zone": "metro",
        "population": 10,
    }
    member = {"code": "93001", "populationMunicipale": 10, "populationTotale": 11}
    body = {
        "code": "200057867",
        "nom": "Plaine Commune",
        "type": "EPT",
        "modeFinancement": "",
        "membres": [member | changes],
        "populationMunicipale": 10,
        "populationTotale": 11,
    }
    files = {
        "communes.json": [commune],
        "epci.json": [],
        "ept.json": [body],
        "regions.json": [],
        "departements.json": [],
    }
    return {name: json.dumps(rows).encode() for name, rows in files.items()}


def test_total_of_an_ept_commune_is_taken_with_its_source():
    lines = build.make_register(_package()).decode().splitlines()
    assert json.loads(lines[1])["populations"] == {
        "insee-municipale": 10,
        "dgcl-municipale": None,
        "dgcl-totale": None,
        "insee-totale": 11,
    }


def test_figures_of_two_years_in_the_package_stop_the_build():
    with pytest.raises(build.BuildError, match="93001"):
        build.make_register(_package(populationMunicipale=9))
