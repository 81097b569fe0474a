"""Facts of a service as a sentence, for a page or a printed document."""

from catalog.pricing import format_number
from tenants.models.organisation import OrganisationKind


def eligibility_words(*, body_types: list[str], least: int | None, most: int | None) -> str:
    """ "Communes et syndicats mixtes, de 500 à 3 500 habitants"; "" for everybody."""
    kinds = [OrganisationKind(kind).label for kind in body_types if kind in OrganisationKind.values]
    size = ""
    if least and most is not None:
        size = f"de {format_number(least)} à {format_number(most)} habitants"
    elif least:
        size = f"à partir de {format_number(least)} habitants"
    elif most is not None:
        size = f"jusqu’à {format_number(most)} habitants"
    return ", ".join(filter(None, [", ".join(kinds), size]))


def rating_words(total: int, count: int) -> str:
    """ "4,5 sur 5 (12 avis)"; "" without one."""
    if not count:
        return ""
    tenths = (total * 10 + count // 2) // count
    return f"{tenths // 10},{tenths % 10} sur 5 ({format_number(count)} avis)"
