"""Make the register's data file again from the published package.

    python -m tenants.register.build --package DIR_OR_TGZ

Without --package, `npm pack` fetches the pinned version. Every input is checked against its pinned
SHA-256 (and the archive against npm's integrity hash), so that the file made is always the same.
"""

import argparse
import base64
import hashlib
import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tenants.register import vintage

CURRENT = "commune-actuelle"


class BuildError(Exception):
    """The package is not the one expected, or contradicts itself."""


def read_package(path: Path) -> dict[str, bytes]:
    """Return the content of each input file, by name, from a package's folder or .tgz.

    Raises BuildError when the archive or one of the files is not the pinned one.
    """
    if path.is_dir():
        contents = {name: (path / "data" / name).read_bytes() for name in vintage.INPUT_SHA256}
    else:
        _check_integrity(path)
        with tarfile.open(path) as archive:
            contents = {
                name: archive.extractfile(f"package/data/{name}").read() for name in vintage.INPUT_SHA256
            }
    for name, expected in vintage.INPUT_SHA256.items():
        found = hashlib.sha256(contents[name]).hexdigest()
        if found != expected:
            raise BuildError(f"{name}: SHA-256 {found}, expected {expected}")
    return contents


def fetch_package(folder: Path) -> Path:
    """Download the pinned package into `folder` with `npm pack` and return the path of its .tgz."""
    spec = f"{vintage.PACKAGE}@{vintage.VERSION}"
    command = ["npm", "pack", spec, "--silent", "--pack-destination", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    return archive


def make_register(contents: dict[str, bytes]) -> bytes:
    """Return the register as JSON lines (UTF-8): the header, then rows, parents before children.

    `contents` is what `read_package` returns. The same contents always give the same bytes.
    """
    records = [_header(), *_rows({name: json.loads(content) for name, content in contents.items()})]
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    return "".join(line + "\n" for line in lines).encode()


def _check_integrity(archive: Path) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != vintage.INTEGRITY:
        raise BuildError(f"{archive.name}: integrity sha512-{digest}, expected {vintage.INTEGRITY}")


def _header() -> dict:
    return {
        "record": "header",
        "format": 1,
        "cog_year": vintage.COG_YEAR,
        "borders": vintage.BORDERS,
        "package": {
            "name": vintage.PACKAGE,
            "version": vintage.VERSION,
            "integrity": vintage.INTEGRITY,
        },
        "inputs_sha256": vintage.INPUT_SHA256,
        "licence": vintage.LICENCE,
        "credits": vintage.CREDITS,
        "sources": vintage.SOURCES,
    }


def _rows(package: dict) -> Iterator[dict]:
    """Yield the rows in the order the reader asks for: what is referred to comes first."""
    communes = package["communes.json"]
    epci, ept = package["epci.json"], package["ept.json"]
    dgcl = {member["code"]: member for body in epci for member in body["membres"]}
    insee_totale = _insee_totals(ept, communes)
    for region in _by_code(package["regions.json"]):
        yield {"record": "region", **_common(region)}
    for departement in _by_code(package["departements.json"]):
        yield {"record": "departement", **_common(departement), "region": departement["region"]}
    for commune in sorted(communes, key=lambda row: (row["type"] != CURRENT, row["type"], row["code"])):
        yield _commune(commune, dgcl, insee_totale)
    for body in _by_code(epci):
        yield _body("epci", body, _dgcl_populations(body, mayotte=body["membres"][0]["code"][:3] == "976"))
    for body in _by_code(ept):
        populations = {
            "insee-municipale": body["populationMunicipale"],
            "insee-totale": body["populationTotale"],
        }
        yield _body("ept", body, populations)


def _by_code(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: row["code"])


def _common(row: dict) -> dict:
    return {"code": row["code"], "name": row["nom"], "zone": row["zone"], "seat": row["chefLieu"]}


def _commune(row: dict, dgcl: dict, insee_totale: dict) -> dict:
    code, departement = row["code"], row["departement"]
    record = {
        "record": "commune",
        "kind": row["type"],
        "code": code,
        "name": row["nom"],
        "departement": departement,
        "region": row["region"],
        "zone": row["zone"],
    }
    optional = {
        "parent": row.get("chefLieu") or row.get("commune"),
        "siren": row.get("siren"),
        "postcodes": row.get("codesPostaux"),
        "former_codes": row.get("anciensCodes"),
    }
    record |= {key: value for key, value in optional.items() if value}
    if row["type"] == CURRENT or "population" in row:
        source = vintage.INSEE_MUNICIPALE_BY_DEPARTEMENT.get(departement, "insee-municipale")
        # null means "unknown"; 0 is a real count (villages destroyed in 1916).
        record["populations"] = {source: row.get("population")}
    if row["type"] == CURRENT:
        record["populations"] |= _dgcl_populations(dgcl.get(code), mayotte=departement == "976")
        if code in insee_totale:
            record["populations"]["insee-totale"] = insee_totale[code]
    return record


def _dgcl_populations(row: dict | None, *, mayotte: bool) -> dict:
    """The DGCL's two figures for a commune or an EPCI; unknown for a commune without EPCI."""
    if row is None:
        return {"dgcl-municipale": None, "dgcl-totale": None}
    prefix = "dgcl-mayotte" if mayotte else "dgcl"
    return {
        f"{prefix}-municipale": row["populationMunicipale"],
        f"{prefix}-totale": row["populationTotale"],
    }


def _insee_totals(ept: list[dict], communes: list[dict]) -> dict[str, int]:
    """INSEE's total population of the communes of the EPT, the only ones the package has.

    Raises BuildError if their municipal population is not the one of communes.json: the figures would
    then not be of the same year.
    """
    municipale = {row["code"]: row.get("population") for row in communes if row["type"] == CURRENT}
    totals = {}
    for member in (member for body in ept for member in body["membres"]):
        if member["populationMunicipale"] != municipale[member["code"]]:
            raise BuildError(f"ept.json and communes.json differ on the population of {member['code']}")
        totals[member["code"]] = member["populationTotale"]
    return totals


def _body(record: str, row: dict, populations: dict) -> dict:
    return {
        "record": record,
        "kind": row["type"],
        "siren": row["code"],
        "name": row["nom"],
        "funding": row["modeFinancement"] or None,
        "members": sorted(member["code"] for member in row["membres"]),
        "populations": populations,
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the data file; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Make the territory register's data file again.")
    parser.add_argument("--package", type=Path, help="folder or .tgz of the npm package")
    parser.add_argument("--output", type=Path, default=vintage.DATA_FILE)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        contents = read_package(options.package or fetch_package(Path(folder)))
    content = lzma.compress(make_register(contents), preset=9 | lzma.PRESET_EXTREME)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(content)
    sys.stdout.write(f"{options.output}: {len(content):,} bytes\n")


if __name__ == "__main__":
    main()
