"""How fast organisations and agents are told to a real Keycloak, and looked through there.

`HALLE_BENCH_AGENTS=100000 make bench ROOM=sso` takes them at full size; accounts are loaded before, apart.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.bench import Figure
from tests.bench.site import site
from tests.bench.spine import detail

FULL = 100_000
AGENTS = int(os.environ.get("HALLE_BENCH_AGENTS", "1000"))
BY_ORGANISATION = 3  # 35,000 organisations for 100,000 agents, as nearly as makes no difference
AT_ONCE = 500
REALM = "bench"


def synchronisation() -> Iterator[Figure]:
    """A tenth of the agents first, for Keycloak to have been at work; then the others, which are measured."""
    with site(), ExitStack() as stack:
        from django.test import override_settings
        from django.utils import timezone

        from provisioning.at_keycloak import looking, rounds
        from tests.tools.database import as_worker

        known = _keycloak(stack)
        issuer = f"{known['url']}/realms/{REALM}"
        stack.enter_context(override_settings(KEYCLOAK=known, OIDC_ISSUER=issuer))
        stack.enter_context(as_worker())
        told, looked = [], []
        few = AGENTS // 10
        for part, count in enumerate((few, AGENTS - few)):
            _people(issuer, count, part)
            with override_settings(KEYCLOAK=known | {"asked_per_second": 1_000_000}):
                asked = rounds.ask_round(now=timezone.now())
                rounds.go_on(round_id=asked.pk, now=timezone.now(), batches=1_000_000)
            asked.refresh_from_db()
            assert asked.finished_at is not None, asked.problem
            told.append(asked)
            night = looking.look(now=timezone.now())
            assert night.differences == 0, night.problem
            looked.append(night)
    yield from _figures(told, looked, known["asked_per_second"])


def _figures(told: list, looked: list, limit: int) -> Iterator[Figure]:
    real = "real Keycloak beside, H2, on the same processors"
    first, then = told
    new = then.agents - first.agents
    what = (
        f"{new:,} agents told for the first time in {then.seconds:.0f} s, {BY_ORGANISATION} an organisation; "
        f"{first.agents:,} before, while Keycloak was new, in {first.seconds:.0f} s; "
        f"without the limit of {limit} requests a second that is the default; {real}"
    )
    yield Figure("sso.sync_agents_per_s", round(new / then.seconds, 1), "agents/s", detail(what))
    *_, whole = looked
    what = (
        f"{whole.agents:,} agents of {whole.organisations:,} organisations looked through in "
        f"{whole.seconds:.0f} s, at most {limit} requests a second; {real}"
    )
    yield Figure("sso.drift_agents_per_s", round(whole.agents / whole.seconds, 1), "agents/s", detail(what))
    if whole.agents == FULL:
        yield Figure("sso.drift100k_s", round(whole.seconds), "s", detail(f"{what}; limit 600 s"))


def _keycloak(stack: ExitStack) -> dict:
    """The settings that name it. A realm with nobody in it, organisations and events as in Halle's own."""
    from django.conf import settings
    from django.test import override_settings

    from devstack.keycloak import SERVING, running
    from sso.keycloak.server import server
    from tests.tools.ports import free_port

    folder = Path(tempfile.mkdtemp(prefix="halle-bench-", dir="/var/tmp"))
    stack.callback(shutil.rmtree, folder)
    started = stack.enter_context(
        running(port=free_port(), log=folder / "log", kept_in=folder, memory=SERVING)
    )
    known = settings.KEYCLOAK | {"url": started.url, "realm": REALM, "development_secret": "development only"}
    with override_settings(KEYCLOAK=known):
        realm = {"realm": REALM, "enabled": True, "organizationsEnabled": True, "adminEventsEnabled": True}
        realm |= {"duplicateEmailsAllowed": True, "loginWithEmailAllowed": False}
        server(patient=True).post("", realm)
    return known


def _people(issuer: str, count: int, part: int) -> None:
    """So many agents, who have signed in once, and their organisations."""
    from sso.keycloak.server import server
    from tenants.models import Membership, Organisation, Role, User
    from tenants.models.organisation import OrganisationKind

    keycloak = server(patient=True)
    first = 100_000_000 + part * FULL
    communes = Organisation.objects.bulk_create(
        Organisation(siren=str(first + number), name=f"Commune {number}", kind=OrganisationKind.COMMUNE)
        for number in range(-(-count // BY_ORGANISATION))
    )
    for start in range(0, count, AT_ONCE):
        accounts = [
            {
                "id": str(uuid.uuid4()), "username": f"proconnect.{part}.{number}", "enabled": True,
                "firstName": "Odile", "lastName": f"Brunerie {number}", "email": f"a{number}@mairie.example",
            }
            for number in range(start, min(count, start + AT_ONCE))
        ]  # fmt: skip
        keycloak.post(f"/{REALM}/partialImport", {"ifResourceExists": "SKIP", "users": accounts})
        people = User.objects.bulk_create(
            User(issuer=issuer, sub=one["id"], subject=f"{issuer} {one['id']}", email=one["email"])
            for one in accounts
        )
        Membership.objects.bulk_create(
            Membership(
                user=person, organisation=communes[(start + place) // BY_ORGANISATION], role=Role.AGENT
            )
            for place, person in enumerate(people)
        )
