"""Every address of the project, read from Django's resolver."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

# Pages of libraries, which guard themselves: their root stands for all in the table, and
# test_libraries.py asks for each of their pages.
LIBRARIES = {"admin/": "admin:index", "cms/": "wagtailadmin_home"}


@dataclass(frozen=True)
class Address:
    """`name` as `reverse` takes it, "" for an address without one; `path` as it is written in urls.py."""

    name: str
    path: str
    view: Callable | None = None  # None for a library's tree

    @property
    def takes_arguments(self) -> bool:
        return "<" in self.path or "(" in self.path


def addresses() -> Iterator[Address]:
    """Each address of the project once; a library's tree is one address, its root."""
    for entry in get_resolver().url_patterns:
        path = str(entry.pattern)
        if path in LIBRARIES:
            yield Address(LIBRARIES[path], path)
        else:
            yield from _walk(entry, path="", namespace="")


def library_addresses() -> Iterator[Address]:
    """Each address of the libraries' trees."""
    for entry in get_resolver().url_patterns:
        if str(entry.pattern) in LIBRARIES:
            yield from _walk(entry, path="", namespace="")


def _walk(entry: URLPattern | URLResolver, *, path: str, namespace: str) -> Iterator[Address]:
    path += str(entry.pattern)
    if isinstance(entry, URLPattern):
        yield Address(namespace + entry.name if entry.name else "", path, entry.callback)
        return
    inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
    for child in entry.url_patterns:
        yield from _walk(child, path=path, namespace=inner)
