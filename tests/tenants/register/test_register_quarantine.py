"""Bad rows are set apart with a reason; good rows next to them are kept."""

import json
import lzma

import pytest

from tenants.register.reader import RegisterError, read_register

HEADER = {
    "record": "header",
    "format": 1,
    "cog_year": 2026,
    "borders": {"communes": "2026-01-01"},
    "licence": "Licence Ouverte",
    "credits": "INSEE",
    "inputs_sha256": {},
    "sources": {
        "insee": {
            "label": "INSEE",
            "kind": "municipale",
            "reference_year": 2023,
            "in_force_from": "2026-01-01",
            "in_force_certain": True,
        }
    },
}
REGION = {"record": "region", "code": "84", "name": "Auvergne-Rhône-Alpes", "zone": "metro", "seat": "69123"}
DEPARTEMENT = {
    "record": "departement",
    "code": "01",
    "name": "Ain",
    "zone": "metro",
    "seat": "01053",
    "region": "84",
}
COMMUNE = {
    "record": "commune",
    "kind": "commune-actuelle",
    "code": "01001",
    "name": "L'Abergement-Clémenciat",
    "departement": "01",
    "region": "84",
    "zone": "metro",
    "siren": "210100012",
    "postcodes": ["01400"],
    "populations": {"insee": 860},
}
PART = {key: value for key, value in COMMUNE.items() if key not in {"siren", "postcodes", "populations"}} | {
    "kind": "commune-deleguee",
    "code": "01002",
    "parent": "01001",
}
EPCI = {
    "record": "epci",
    "kind": "CC",
    "siren": "200000172",
    "name": "CC Faucigny - Glières",
    "funding": "FPU",
    "members": ["01001"],
    "populations": {"insee": 28_363},
}
GOOD = [REGION, DEPARTEMENT, COMMUNE, PART, EPCI]


@pytest.fixture
def read(tmp_path):
    def write_and_read(rows, header=HEADER):
        path = tmp_path / "register.jsonl.xz"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in [header, *rows]]
        path.write_bytes(lzma.compress("".join(line + "\n" for line in lines).encode()))
        return read_register(path)

    return write_and_read


def test_good_rows_pass(read):
    register = read(GOOD)
    assert register.rejected == []
    assert [row.code for row in register.communes] == ["01001", "01002"]
    assert [row.siren for row in register.epci] == ["200000172"]
    assert [row.value for row in register.populations] == [860, 28_363]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"code": "20004"}, "commune code"),
        ({"code": "1001"}, "commune code"),
        ({"code": "2C001"}, "commune code"),
        ({"code": "97901"}, "commune code"),
        ({"code": 1001}, "commune code"),
        ({"code": "01001\n"}, "commune code"),
        ({"siren": "210100013"}, "SIREN"),
        ({"siren": "210 100 012"}, "SIREN"),
        ({"siren": 210100012}, "SIREN"),
        ({"departement": "02"}, "département"),
        ({"region": "11"}, "région"),
        ({"zone": "mars"}, "zone"),
        ({"name": " "}, "name"),
        ({"postcodes": ["1400"]}, "postcode"),
        ({"former_codes": ["0100"]}, "former commune code"),
        ({"kind": "hamlet"}, "malformed"),
        ({"zone": []}, "malformed"),
        ({"parent": "01001"}, "no parent"),
    ],
)
def test_a_bad_commune_is_set_apart_as_found(read, change, reason):
    bad = COMMUNE | change
    register = read([REGION, DEPARTEMENT, bad])
    assert register.communes == []
    assert register.populations == []
    (rejected,) = register.rejected
    assert (rejected.line, rejected.record) == (4, bad)
    assert reason in rejected.reason


def test_a_missing_field_is_set_apart(read):
    register = read([REGION, {key: value for key, value in DEPARTEMENT.items() if key != "zone"}])
    assert register.departements == []
    assert "zone" in register.rejected[0].reason


@pytest.mark.parametrize("value", [-1, 860.0, "860", True])
def test_a_bad_population_is_set_apart_but_not_its_commune(read, value):
    register = read([REGION, DEPARTEMENT, COMMUNE | {"populations": {"insee": value}}])
    assert [row.code for row in register.communes] == ["01001"]
    assert register.populations == []
    assert "not a population" in register.rejected[0].reason


def test_a_population_of_unknown_source_is_set_apart(read):
    register = read([REGION, DEPARTEMENT, COMMUNE | {"populations": {"rumour": 12, "insee": 860}}])
    assert [row.value for row in register.populations] == [860]
    assert "rumour" in register.rejected[0].reason


def test_unknown_population_is_kept_as_unknown(read):
    register = read([REGION, DEPARTEMENT, COMMUNE | {"populations": {"insee": None}}])
    assert [row.value for row in register.populations] == [None]
    assert register.rejected == []


def test_a_part_without_its_commune_is_set_apart(read):
    register = read([REGION, DEPARTEMENT, PART])
    assert register.communes == []
    assert "parent commune: '01001'" in register.rejected[0].reason


def test_rejection_follows_references(read):
    register = read([REGION, DEPARTEMENT, COMMUNE | {"siren": "1"}, PART, EPCI])
    assert (register.communes, register.epci) == ([], [])
    assert [row.line for row in register.rejected] == [4, 5, 6]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"siren": "200000173"}, "SIREN"),
        ({"kind": "SIVU"}, "kind"),
        ({"funding": None}, "funding"),
        ({"members": []}, "no member"),
        ({"members": ["01001", "01001"]}, "named twice"),
        ({"members": ["01001", "01004"]}, "member commune: '01004'"),
        ({"members": ["01002"]}, "member commune: '01002'"),
        ({"siren": COMMUNE["siren"]}, "SIREN used twice"),
    ],
)
def test_a_bad_epci_is_set_apart(read, change, reason):
    register = read([REGION, DEPARTEMENT, COMMUNE, PART, EPCI | change])
    assert register.epci == []
    assert reason in register.rejected[0].reason


def test_the_second_of_two_equal_keys_is_set_apart(read):
    register = read([REGION, DEPARTEMENT, COMMUNE, COMMUNE])
    assert len(register.communes) == 1
    assert "twice in the file" in register.rejected[0].reason


@pytest.mark.parametrize("line", ["{not json", "[]", '{"record":"planet"}', '"text"'])
def test_lines_that_are_no_record_are_set_apart(read, line):
    register = read([line, REGION])
    assert len(register.rejected) == 1
    assert [row.code for row in register.regions] == ["84"]


@pytest.mark.parametrize(
    "header",
    [HEADER | {"format": 2}, REGION, {"record": "header"}, "not json", "[]", HEADER | {"sources": []}],
)
def test_a_file_without_a_proper_header_is_refused(read, header):
    with pytest.raises(RegisterError):
        read(GOOD, header=header)


def test_a_file_cut_short_is_refused(tmp_path):
    path = tmp_path / "register.jsonl.xz"
    path.write_bytes(lzma.compress(json.dumps(HEADER).encode() * 100)[:-20])
    with pytest.raises(RegisterError):
        read_register(path)


def test_a_file_that_is_not_xz_is_refused(tmp_path):
    path = tmp_path / "register.jsonl.xz"
    path.write_text("code;nom")
    with pytest.raises(RegisterError):
        read_register(path)
