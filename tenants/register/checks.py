"""What makes a row of the register acceptable. Each check raises BadRow with the reason."""

import re

from stdnum.fr import siren as siren_number

from tenants.register.rows import CommuneKind

_COMMUNE = re.compile(r"(?:0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5])\d{3}|97[1-8]\d{2}|98[46-9]\d{2}")
# Corsica was 20 until 1976, so an old code may start with it.
_FORMER_COMMUNE = re.compile(r"20\d{3}|" + _COMMUNE.pattern)
_DEPARTEMENT = re.compile(r"0[1-9]|1\d|2[1-9AB]|[3-8]\d|9[0-5]|97[1-8]|98[46-9]")
_REGION = re.compile(r"0[1-6]|[1-9]\d|97[578]|98[46-9]")
_POSTCODE = re.compile(r"\d{5}")
_ZONES = {"metro", "drom", "com"}
_FUNDING_BY_KIND = {
    "epci": {kind: {"FPU", "FA"} for kind in ("CC", "CA", "CU", "METRO", "MET69")},
    "ept": {"EPT": {None}},
}


class BadRow(Exception):
    """A row breaks a rule; the message says which."""


def check_region(raw: dict) -> None:
    """A region's code, name, zone and the code of its seat have the right shape."""
    _match(_REGION, raw["code"], "region code")
    _common(raw)


def check_departement(raw: dict, regions: set[str]) -> None:
    """As a region, and its own region is in `regions`."""
    _match(_DEPARTEMENT, raw["code"], "département code")
    _common(raw)
    _known(raw["region"], regions, "region")


def check_commune(raw: dict, region_by_departement: dict[str, str], current: set[str]) -> None:
    """Codes, SIREN, postcodes, département and région hold together; a part's parent is in `current`."""
    _match(_COMMUNE, raw["code"], "commune code")
    _name_and_zone(raw)
    _known(raw["departement"], region_by_departement, "département")
    if raw["region"] != region_by_departement[raw["departement"]]:
        raise BadRow(f"région {raw['region']!r} is not the one of département {raw['departement']}")
    for postcode in raw.get("postcodes", ()):
        _match(_POSTCODE, postcode, "postcode")
    for code in raw.get("former_codes", ()):
        _match(_FORMER_COMMUNE, code, "former commune code")
    if "siren" in raw:
        check_siren(raw["siren"])
    if CommuneKind(raw["kind"]) is not CommuneKind.CURRENT:
        _known(raw.get("parent"), current, "parent commune")
    elif "parent" in raw:
        raise BadRow("a current commune has no parent")


def check_body(raw: dict, current: set[str]) -> None:
    """An EPCI or EPT has a valid SIREN, a known kind and funding, and current communes as members."""
    check_siren(raw["siren"])
    _text(raw["name"], "name")
    kinds = _FUNDING_BY_KIND[raw["record"]]
    _known(raw["kind"], kinds, "kind")
    _known(raw["funding"], kinds[raw["kind"]], "funding")
    if not raw["members"]:
        raise BadRow("no member")
    if len(set(raw["members"])) != len(raw["members"]):
        raise BadRow("a member is named twice")
    for code in raw["members"]:
        _known(code, current, "member commune")


def check_siren(value: object) -> None:
    """Nine digits, bare, with the right key."""
    if not (isinstance(value, str) and len(value) == 9 and siren_number.is_valid(value)):
        raise BadRow(f"not a SIREN: {value!r}")


def check_population(value: object) -> None:
    """A whole number of inhabitants, 0 included, or None when unknown."""
    if value is not None and (type(value) is not int or value < 0):
        raise BadRow(f"not a population: {value!r}")


def _common(raw: dict) -> None:
    _name_and_zone(raw)
    _match(_COMMUNE, raw["seat"], "seat")


def _name_and_zone(raw: dict) -> None:
    _text(raw["name"], "name")
    _known(raw["zone"], _ZONES, "zone")


def _match(pattern: re.Pattern, value: object, what: str) -> None:
    if not (isinstance(value, str) and pattern.fullmatch(value)):
        raise BadRow(f"not a {what}: {value!r}")


def _text(value: object, what: str) -> None:
    if not (isinstance(value, str) and value.strip()):
        raise BadRow(f"empty {what}")


def _known(value: object, known, what: str) -> None:
    if value not in known:
        raise BadRow(f"unknown {what}: {value!r}")
