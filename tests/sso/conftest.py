"""A provider of this machine, Halle's settings pointed at it, and a browser that goes there and back."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.core.cache import cache
from django.urls import reverse

from tests.fakes import openid


@pytest.fixture
def provider(settings):
    cache.clear()  # the port may have been another provider's
    with openid.serving() as serving:
        settings.OIDC_ISSUER = serving.url
        yield serving


def start(client, **asked):
    """The address of the provider that the browser is led to."""
    return client.get(reverse("oidc_authentication_init"), asked)["Location"]


def go(address):
    """The provider's page; its answer is the way back: (path, parameters)."""
    back = urlsplit(requests.get(address, allow_redirects=False, timeout=10).headers["Location"])
    return back.path, {name: value for name, [value] in parse_qs(back.query).items()}


def sign_in(client, **asked):
    """There and back, as a browser does. The answer to the callback."""
    path, parameters = go(start(client, **asked))
    return client.get(path, parameters)


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session
