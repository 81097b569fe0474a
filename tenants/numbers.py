"""Numbers as French readers write them."""

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


def thousands(number: int) -> str:
    """Digits by three, with narrow no-break spaces: "35 000"."""
    return f"{number:,}".replace(",", THIN_SPACE)
