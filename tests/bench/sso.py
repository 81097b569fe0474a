"""What Halle itself adds to a sign-in."""

import statistics
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import requests

from tests.bench import Figure
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.tenants import p95

FIRST, AGAIN = 50, 150


def sign_ins() -> Iterator[Figure]:
    """Whole sign-ins, one after the other: the two requests to Halle, with its own questions to a provider on
    this machine (which answers at once) counted in; the person's time at the provider's page is not."""
    with site():
        from django.test import Client, override_settings

        from tests.fakes import openid

        with openid.serving() as provider, override_settings(OIDC_ISSUER=provider.url):
            taken = []
            for number in range(FIRST + AGAIN):
                # Fifty people met for the first time, then the same ones again.
                provider.person = {**openid.PERSON, "sub": f"person-{number % FIRST}"}
                taken.append(_sign_in(Client()))
        what = (
            f"{FIRST} people met for the first time, then {AGAIN} sign-ins of the same; tokens verified, "
            f"UserInfo asked, session written; half of them in {statistics.median(taken):.1f} ms, "
            f"the quickest in {min(taken):.1f} ms; limit 150 ms"
        )
        yield Figure("sso.signin_p95_ms", round(p95(taken), 1), "ms", detail(what))


def _sign_in(client) -> float:
    """Milliseconds of Halle's."""
    start = time.perf_counter()
    there = client.get("/oidc/authenticate/")["Location"]
    started = time.perf_counter() - start
    back = urlsplit(requests.get(there, allow_redirects=False, timeout=10).headers["Location"])
    parameters = {name: value for name, [value] in parse_qs(back.query).items()}
    start = time.perf_counter()
    answer = client.get(back.path, parameters)
    assert answer.status_code == 302, answer.status_code
    assert "_auth_user_id" in client.session
    return (started + time.perf_counter() - start) * 1000


MEASURES = (sign_ins,)
