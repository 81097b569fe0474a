"""The administrations of the libraries have no guard of ours: whoever enters them has proved herself."""

from django.utils.deprecation import MiddlewareMixin

from sso.assurance import Level, reached
from sso.stepping_up import ask

PREFIXES = ("/cms/", "/admin/")


class MultiFactorForAdministrations(MiddlewareMixin):
    """After Django's authentication middleware."""

    def process_request(self, request):
        entering = request.path.startswith(PREFIXES) and request.user.is_authenticated
        if entering and not reached(request.session, Level.MULTI_FACTOR):
            return ask(request, Level.MULTI_FACTOR)
        return None
