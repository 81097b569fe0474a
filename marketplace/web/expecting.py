"""When a service asked for should be open, in words."""

from datetime import date

from marketplace.web.formats import day
from subscriptions.expecting import Expected


def expected_when(expected: Expected | None, *, today: date) -> str:
    """ "vers le 12 mars 2026"; "" when nobody can tell."""
    if expected is None or expected.on is None:
        return ""
    if expected.on == today:
        return "sans doute aujourd’hui"
    return f"{'le' if expected.wanted else 'vers le'} {day(expected.on)}"


def expected_why(expected: Expected | None) -> str:
    """One sentence on what it rests; "" when nothing is expected."""
    if expected is None:
        return ""
    if expected.on is None:
        return (
            "Cela prend plus de temps que d’habitude : pour savoir où cela en est, écrivez dans « Messages »."
        )
    if expected.wanted:
        return "Le jour que vous avez souhaité."
    if expected.requests:
        return f"D’après les {expected.requests} dernières demandes."
    return "D’après les délais habituels : trop peu de demandes semblables ont été faites pour mieux dire."
