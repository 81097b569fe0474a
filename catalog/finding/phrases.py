"""Facts of a service as a sentence, for a page or a printed document."""

from catalog.pricing import format_number


def rating_words(total: int, count: int) -> str:
    """ "4,5 sur 5 (12 avis)"; "" without one."""
    if not count:
        return ""
    tenths = (total * 10 + count // 2) // count
    return f"{tenths // 10},{tenths % 10} sur 5 ({format_number(count)} avis)"
