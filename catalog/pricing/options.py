"""A service with its options: one quote, whatever the order they were chosen in."""

from collections.abc import Mapping
from dataclasses import replace

from .money import COLON
from .quote import Quote


def with_options(base: Quote, options: Mapping[str, tuple[str, Quote]]) -> Quote:
    """The quote of a service and of these options (name and quote by code), each line as it was.

    Promises: the total is the sum of theirs; codes of lines differ; the order of `options` means nothing.
    """
    lines = list(base.lines)
    for rank, (_, (name, quote)) in enumerate(sorted(options.items()), start=1):
        lines += [
            replace(
                line,
                code=f"o{rank}.{line.code}",
                label=f"Option {name}{COLON}{line.label[:1].lower()}{line.label[1:]}",
            )
            for line in quote.lines
        ]
    return Quote.of(*lines)
