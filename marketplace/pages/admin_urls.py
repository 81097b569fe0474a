"""Wagtail's addresses, all but two doors.

Its reports are the platform's staff's only: they tell of every page of the site, whoever asks. Its account
page, where one would change the name that the identity provider gave, is our own "Mes données".
"""

from functools import wraps

from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from wagtail.admin import urls
from wagtail.utils.urlpatterns import decorate_urlpatterns

REPORTS, ACCOUNT = "reports/", "account/"


def staff_only(view):
    """404 for an editor who is not of the platform's staff."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_superuser:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def our_own_page(view):
    """Leads to what Halle knows of the person, in place of Wagtail's page."""

    @wraps(view)
    def led(request, *args, **kwargs):
        return redirect(reverse("my_data"))

    return led


def _entry(path: str):
    (found,) = [entry for entry in urlpatterns if str(entry.pattern) == path]
    return found


urlpatterns = urls.urlpatterns
decorate_urlpatterns(_entry(REPORTS).url_patterns, staff_only)
decorate_urlpatterns([_entry(ACCOUNT)], our_own_page)
