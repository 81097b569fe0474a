"""A component rendered once for each shape of what it shows, then only filled: Django's templates take half a
millisecond a card, and a shelf shows twenty of them.

    {% load moulds %}{% moulded "components/service_card.html" card=card %}

gives what `{% include "components/service_card.html" with card=card only %}` gives. Texts and whole numbers
are what fills the mould. All else is its shape: which keys there are, booleans, None, empty texts, how long
each list is, and the texts marked `Fixed`, which the template compares or passes to a filter. With
MOULDS_CHECKED (in the tests) every filled mould is compared with the component: a text that ought to be
`Fixed` is found.
"""

import html
import re
from collections.abc import Mapping
from functools import lru_cache

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

MOST_MOULDS = 2_000  # a few kilobytes each
# Where a text goes, in the mould: characters that Unicode leaves to private use, then its number.
_SLOT = re.compile("\ue000([0-9]+)\ue001")
_FILLED = object()  # in a shape, where a text goes


class Fixed(str):
    """A text that is part of the shape: one of few, that the template looks at."""

    __slots__ = ()


class MouldMismatch(AssertionError):
    """A filled mould is not what the component gives: it looks at a text that is not `Fixed`."""


@register.simple_tag
def moulded(name: str, **values) -> SafeString:
    """The component `name` with these values and nothing else of the page."""
    if settings.DEBUG:  # templates are being written
        return render_to_string(name, values)
    texts: list = []
    pieces, slots = _mould(name, _shape(values, texts))
    filled = list(pieces)
    escaped = [text if isinstance(text, SafeString) else html.escape(str(text)) for text in texts]
    for place, number in slots:
        filled[place] = escaped[number]
    found = mark_safe("".join(filled))  # noqa: S308 (the component's own markup, and texts escaped above)
    if settings.MOULDS_CHECKED and found != (plain := render_to_string(name, values)):
        raise MouldMismatch(f"{name}: {_first_difference(found, plain)}")
    return found


def _shape(value, texts: list):
    """What is not filled in, hashable; the rest goes to `texts`, in order."""
    if value is None or value == "" or isinstance(value, (bool, Fixed)):
        return value
    if isinstance(value, (str, int)):
        texts.append(value)
        return _FILLED
    if isinstance(value, Mapping):
        return (Mapping, *((key, _shape(inner, texts)) for key, inner in value.items()))
    if isinstance(value, (list, tuple)):
        return (list, *(_shape(inner, texts) for inner in value))
    raise TypeError(f"a mould takes texts, whole numbers, booleans, lists and dictionaries, not {value!r}")


@lru_cache(maxsize=MOST_MOULDS)
def _mould(name: str, shape: tuple) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """(pieces of markup, one of them empty for each slot; place among the pieces and number of each slot)."""
    numbers = iter(range(10**9))
    pieces = _SLOT.split(render_to_string(name, _marked(shape, numbers)))
    slots = tuple((place, int(pieces[place])) for place in range(1, len(pieces), 2))
    return tuple(pieces), slots


def _marked(shape, numbers):
    """The values of a shape, with a slot in place of each text."""
    if shape is _FILLED:
        return f"\ue000{next(numbers)}\ue001"
    if isinstance(shape, tuple) and shape[0] is Mapping:
        return {key: _marked(inner, numbers) for key, inner in shape[1:]}
    if isinstance(shape, tuple):
        return [_marked(inner, numbers) for inner in shape[1:]]
    return shape


def _first_difference(one: str, other: str) -> str:
    place = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return f"{one[place - 40 : place + 40]!r} instead of {other[place - 40 : place + 40]!r}"
