"""What Halle itself adds to a sign-in; how soon everything is closed behind somebody who leaves."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from tests.bench import Figure
from tests.bench.provisioning import worker
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.sso_keycloak import synchronisation
from tests.bench.tenants import p95

FIRST, AGAIN = 50, 150
SERVERS, AGENTS, LEAVERS = 3, 20, 5


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


def leavers() -> Iterator[Figure]:
    """From the administrator's click until every vendor has the leaver as inactive, a real worker beside."""
    os.environ["TEST_SCIM_TOKEN"] = "of-the-bench"
    with site(), ExitStack() as stack:
        from django.db import connection
        from django.test import Client

        from provisioning.models import Run
        from tests.tools.database import as_worker

        commune, admin, agents = _commune([stack.enter_context(_directory()) for _ in range(SERVERS)])
        stack.enter_context(as_worker())
        stack.enter_context(worker(connection.settings_dict["NAME"]))
        _until(lambda: Run.objects.exists() and not Run.objects.filter(finished_at=None).exists())
        client = Client()
        client.force_login(admin)
        taken = []
        for agent in agents[:LEAVERS]:
            start = time.perf_counter()
            answer = client.post(f"/collectivites/{commune.siren}/agents/{agent.pk}/depart/")
            assert answer.status_code == 302, answer.status_code
            _until(lambda: not Run.objects.filter(finished_at=None).exists())
            taken.append(time.perf_counter() - start)
    what = (
        f"{LEAVERS} of {AGENTS} agents leave one after the other, each known to {SERVERS} vendors' SCIM "
        f"servers (scim2-server); until all have `active=false`, sessions in Halle ended with the click; the "
        f"slowest; half of them in {statistics.median(taken):.2f} s; no Keycloak; limit 10 s"
    )
    yield Figure("sso.leaver_closed_s", round(max(taken), 2), "s", detail(what))


def _commune(urls: list[str]):
    """With an open service a server, whose vendors know all its agents in a moment."""
    from django.utils import timezone

    from provisioning.agents import plan_agents
    from subscriptions.models import State
    from tenants.models import Role
    from tests.factories import (
        AgentDirectoryFactory,
        MembershipFactory,
        OrganisationFactory,
        SubscriptionFactory,
    )
    from tests.tools.database import as_worker

    commune = OrganisationFactory()
    for url in urls:
        opened = SubscriptionFactory(tenant=commune, state=State.ACTIVE)
        AgentDirectoryFactory(offer=opened.listing.offer, url=url)
    admin = MembershipFactory(organisation=commune, role=Role.ORG_ADMIN).user
    agents = [MembershipFactory(organisation=commune, role=Role.AGENT).user for _ in range(AGENTS)]
    with as_worker():
        plan_agents(organisation=commune, now=timezone.now())
    return commune, admin, agents


@contextmanager
def _directory() -> Iterator[str]:
    """A vendor's SCIM server, that others wrote."""
    from tests.tools.ports import free_port

    port, token = free_port(), os.environ["TEST_SCIM_TOKEN"]
    command = Path(sys.executable).with_name("scim2-server")
    server = subprocess.Popen(
        [sys.executable, command, "--port", str(port), "--bearer-token", token],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}/v2"
    try:
        _until(lambda: _answers(url, token))
        yield url
    finally:
        server.kill()
        server.wait()


def _answers(url: str, token: str) -> bool:
    try:
        return requests.get(f"{url}/Users", headers={"Authorization": f"Bearer {token}"}, timeout=10).ok
    except requests.ConnectionError:
        return False


def _until(happened, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.05)


MEASURES = (sign_ins, leavers, synchronisation)
