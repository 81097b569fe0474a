"""The callback of sign-in, with errors a person understands."""

import logging

import requests
from django.contrib import messages
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView

logger = logging.getLogger(__name__)


class Callback(OIDCAuthenticationCallbackView):
    """Back from the identity provider."""

    def get(self, request):
        """As the library does; a provider that does not answer is a failed sign-in, not an error page."""
        try:
            return super().get(request)
        except requests.RequestException:
            logger.warning("the identity provider did not answer at sign-in")
            return self.login_failure()

    def login_failure(self):
        """Cancelled there, or refused here: say so, on the page one came from."""
        messages.error(
            self.request,
            "La connexion n’a pas abouti. Réessayez ; si cela recommence, contactez votre opérateur.",
        )
        return super().login_failure()
