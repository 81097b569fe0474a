"""SPDX licence expressions."""

from functools import cache

from license_expression import ExpressionError, ExpressionParseError, get_spdx_licensing

MAX_LENGTH = 200  # the parser is recursive


class LicenceInvalid(ValueError):
    """`str(error)` says in French what to write instead."""


@cache
def licensing():
    """All the licences of SPDX. Made once: reading them takes longer than any page."""
    return get_spdx_licensing()


def spdx_expression(text: str) -> str:
    """The expression with every licence spelt as SPDX does ("eupl-1.2" -> "EUPL-1.2").

    Raises LicenceInvalid. A reference of one's own (``LicenseRef-…``) is no SPDX licence.
    """
    if not text.strip() or len(text) > MAX_LENGTH:
        raise LicenceInvalid(
            "écrivez une licence de la liste SPDX, par exemple «\u00a0EUPL-1.2\u00a0» ou «\u00a0MIT\u00a0»."
        )
    try:
        parsed = licensing().parse(text, validate=True, strict=True)
        names = [str(name) for name in parsed.objects]
    except (ExpressionError, ExpressionParseError, RecursionError) as error:
        raise LicenceInvalid(
            f"«\u00a0{text[:80]}\u00a0» n’est pas une licence de la liste SPDX (spdx.org/licenses), "
            "par exemple «\u00a0EUPL-1.2\u00a0» ou «\u00a0AGPL-3.0-or-later\u00a0»."
        ) from error
    if any(name.startswith("LicenseRef-") for name in names):
        raise LicenceInvalid(
            f"«\u00a0{text[:80]}\u00a0» est une licence maison, indiquez une licence libre de la liste SPDX."
        )
    return parsed.render()
