"""Identifiers of a body, by their keys; what is only there to fill a field is none."""

from stdnum.fr import siren, siret


def is_siren(value: str) -> bool:
    """Nine digits with a right key. 000000000 has one, and is nobody's."""
    return len(value) == 9 and siren.is_valid(value) and len(set(value)) > 1


def is_siret(value: str) -> bool:
    """Fourteen digits with a right key, of a SIREN."""
    return len(value) == 14 and siret.is_valid(value) and is_siren(value[:9])
