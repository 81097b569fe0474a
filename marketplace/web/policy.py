"""What an answer lets a browser load (Content-Security-Policy): `settings.CONTENT_SECURITY_POLICY`."""

from functools import cached_property

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings


class OnePolicy(CSPMiddleware):
    """django-csp's, which writes the policy anew at each answer, and once more for a report that we ask of
    nobody: a tenth of what a service waits for. Ours is the same for all answers but those that carry their
    own."""

    def process_request(self, request):
        """No script or style of ours is inline: no answer has a nonce."""

    def process_response(self, request, response):
        if settings.DEBUG or any(name.startswith("_csp") for name in vars(response)):
            return super().process_response(request, response)
        if not request.path_info.startswith(settings.CONTENT_SECURITY_POLICY["EXCLUDE_URL_PREFIXES"]):
            response.headers.setdefault(HEADER, self._policy)
        return response

    @cached_property
    def _policy(self) -> str:
        return build_policy()
