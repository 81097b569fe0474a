"""What the lists of an operator's pages share: what was typed, the tabs, the rest of the address."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.urls import reverse

from marketplace.web.formats import format_number

MAX_TYPED = 100


def typed(request) -> str:
    """The search words of the address. PostgreSQL knows no NUL character."""
    return request.GET.get("q", "").replace("\0", "").strip()[:MAX_TYPED]


def chosen(request, allowed: dict[str, str]) -> str:
    """The tab of the address (`?etat=`), the first one when it is none of `allowed`."""
    wanted = request.GET.get("etat", "")
    return wanted if wanted in allowed else next(iter(allowed))


def tabs(request, *, labels: dict[str, str], counts: dict[str, int], active: str, search: str) -> list[dict]:
    """For components/tabs.html: one tab a label, with its count, keeping the search."""
    return [
        {
            "label": label,
            "url": f"{request.path}?{urlencode({'q': search, 'etat': name} if search else {'etat': name})}",
            "active": name == active,
            "count": format_number(counts[name]),
        }
        for name, label in labels.items()
    ]


def rest_of_address(**parameters: str) -> str:
    """For components/pagination.html: the parameters that are not empty, then "&"."""
    kept = urlencode({name: value for name, value in parameters.items() if value})
    return f"{kept}&" if kept else ""


def counted(count: int, singular: str, plural: str = "") -> str:
    """ "1 facture", "12 factures"; French keeps the singular below two."""
    return f"{format_number(count)} {singular if count < 2 else plural or singular + 's'}"


def crumbs(operator, *items: tuple[str, str]) -> list[dict]:
    """For components/breadcrumb.html: the operator's dashboard, then `items` (label, url)."""
    start = {"label": operator.short_name, "url": reverse("operator_home", args=[operator.slug])}
    return [start, *({"label": label, "url": url} for label, url in items)]


def searched_list(request, operator, find: Callable, *, title: str, noun: str, labels: dict[str, str]):
    """What every searched list with tabs gives its template, and what `find` answered to the operator, the
    search, the group (a tab of `labels`) and the page of the address: with `counts` by tab and a `page`."""
    search, group = typed(request), chosen(request, labels)
    found = find(operator=operator, search=search, group=group, page=request.GET.get("page"))
    frame = {
        "operator": operator,
        "crumbs": crumbs(operator, (title, "")),
        "search": search,
        "group": group,
        "tabs": tabs(request, labels=labels, counts=found.counts, active=group, search=search),
        "hidden": [{"name": "etat", "value": group}],
        "page": found.page,
        "rest": rest_of_address(q=search, etat=group),
        "total": counted(found.counts[group], noun),
    }
    return frame, found
