"""Pages that several sorts of reader open, each behind a door of their own."""

from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where the addresses of the pages begin: `arguments` begin each of them, whose names begin with
    `prefix`; `crumbs` lead to the door (components/breadcrumb.html)."""

    prefix: str
    arguments: tuple[str, ...]
    crumbs: list[dict]

    def url(self, name: str, *rest) -> str:
        """The address of a page behind this door."""
        return reverse(f"{self.prefix}_{name}", args=[*self.arguments, *rest])

    def trail(self, *items: tuple[str, str]) -> list[dict]:
        """The breadcrumb: the door, then `items` (label, url)."""
        return [*self.crumbs, *({"label": label, "url": url} for label, url in items)]
