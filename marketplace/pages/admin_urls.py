"""Wagtail's addresses, with fences of ours where its own leave a gap between operators.

- Its reports and the lists of its API tell of every page and picture of the site, whoever asks: they are for
  the platform's staff.
- Some of its pages name whatever page an address says: an editor only names what she may explore.
- Its account page, where one would change the name that the identity provider gave, is our "Mes données".
"""

from collections.abc import Callable, Iterator
from functools import wraps

from django.http import Http404
from django.shortcuts import redirect
from django.urls import URLPattern
from wagtail.admin import urls
from wagtail.permissions import page_permission_policy
from wagtail.utils.urlpatterns import decorate_urlpatterns

STAFF_ONLY = ("reports/", "api/main/^images", "api/main/^documents")
PAGES = ("pages/", "choose-page/", "choose-external-link/")
ACCOUNT = "account/"
# The names that Wagtail's addresses give to the number of a page.
NUMBERS = frozenset({"page_id", "parent_page_id", "page_to_move_id", "destination_id"})


def staff_only(view: Callable) -> Callable:
    """404 for an editor who is not of the platform's staff."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_superuser:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def within_reach(view: Callable) -> Callable:
    """404 when the address names a page that the person may not explore."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        named = {kwargs[name] for name in NUMBERS & kwargs.keys()}
        if named and not request.user.is_superuser:
            own = page_permission_policy.explorable_instances(request.user)
            if own.filter(pk__in=named).count() < len(named):
                raise Http404
        return view(request, *args, **kwargs)

    return guarded


def our_own_page(view: Callable) -> Callable:
    """Leads to what Halle knows of the person, in place of Wagtail's page."""

    @wraps(view)
    def led(request, *args, **kwargs):
        return redirect("my_data")

    return led


def _addresses(entries: list, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        path = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield path, entry
        else:
            yield from _addresses(entry.url_patterns, path)


urlpatterns = urls.urlpatterns
for _path, _entry in _addresses(urlpatterns):
    for _beginnings, _fence in ((STAFF_ONLY, staff_only), (PAGES, within_reach), ((ACCOUNT,), our_own_page)):
        if _path.startswith(_beginnings):
            decorate_urlpatterns([_entry], _fence)
