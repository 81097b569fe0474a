"""Numbers as French readers write them."""

THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"


def thousands(number: int) -> str:
    """Digits by three, with narrow no-break spaces: "35 000"."""
    return f"{number:,}".replace(",", THIN_SPACE)


def whole_number(typed: str) -> int:
    """The number somebody typed, whatever spaces stand between its digits: "3 500". Raises ValueError."""
    digits = "".join(typed.split())
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15:
        raise ValueError(typed)
    return int(digits)
