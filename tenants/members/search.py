"""Finding a member in a list of rows it owns, from what a person types."""

import re

from django.db.models import Q

from tenants.identifiers import SIREN_DIGITS, SIRET_DIGITS


def member_matches(text: str, *, member: str = "tenant") -> Q:
    """For any tenant-owned model: rows whose `member`, the organisation that owns them or another field,
    answers `text`.

    Part of the name, whatever its accents and capitals; or a SIREN or SIRET, with or without spaces.
    An empty text matches every row.
    """
    digits = re.sub(r"\s", "", text)
    if digits.isdigit() and len(digits) in (SIREN_DIGITS, SIRET_DIGITS):
        return Q(**{f"{member}__siren": digits[:SIREN_DIGITS]})
    return Q(**{f"{member}__name__unaccent__icontains": text}) if text else Q()
