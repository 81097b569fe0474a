"""Wagtail's addresses. Its reports are the platform's staff's only: they tell of every page of the site,
whoever asks."""

from functools import wraps

from django.http import Http404
from wagtail.admin import urls
from wagtail.utils.urlpatterns import decorate_urlpatterns

REPORTS = "reports/"


def staff_only(view):
    """404 for an editor who is not of the platform's staff."""

    @wraps(view)
    def guarded(request, *args, **kwargs):
        if not request.user.is_superuser:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


urlpatterns = urls.urlpatterns
(_reports,) = [entry for entry in urlpatterns if str(entry.pattern) == REPORTS]
decorate_urlpatterns(_reports.url_patterns, staff_only)
