"""Every night: Keycloak is looked through, against what Halle believes. What is not as it should be is
listed; what Halle alone decides is put back, the rest a person is told.

All is read page by page; in memory are the SIREN that were seen, and what one page holds. Accounts are seen
as members of their organisations, with their state: one is asked for alone only where it is not there.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.timezone import localdate

from provisioning import tasks
from provisioning.at_keycloak.accounts import PUT_BACK, record
from provisioning.at_keycloak.judging import ABSENT, Seen, judged
from provisioning.at_keycloak.letters import write_letters
from provisioning.at_keycloak.rounds import BATCH, ask_round, paced_servers
from provisioning.at_keycloak.telling import mark
from provisioning.at_keycloak.wanted import Wanted, all_organisations, wanted_of
from provisioning.models import AccountDrift, MemberProvider, OrganisationTold, RoundKind, SyncRound
from provisioning.own_providers.states import LIVE
from sso.keycloak.broker import is_broker
from sso.keycloak.members import has_account, members_of
from sso.keycloak.organisations import OrganisationSeen, find_organisation, organisations_of_halle
from sso.keycloak.server import KeycloakProblem, Server
from tenants.models import Organisation

logger = logging.getLogger(__name__)

# From so many organisations to be put back on, a full round does it.
TOO_MANY = 500
CUT = "Interrompu : repris en entier la nuit suivante."
UNKNOWN = "Keycloak a {} organisations marquées par Halle qu’elle ne connaît pas : à retirer à la main."


@dataclass
class _Look:
    """One night's. `state` of an organisation, before it was looked at: what has moved since is left."""

    round: SyncRound
    keycloaks: list[Server]
    now: datetime
    to_put_back: int = 0
    unknown: int = 0

    def state(self, ids: list[int]) -> dict[int, tuple]:
        rows = OrganisationTold.objects.filter(tenant__in=ids)
        return {one[0]: one[1:] for one in rows.values_list("tenant", "to_tell_since", "told_at")}


def look(*, now: datetime) -> SyncRound | None:
    """Compares all of it, and has put back what differs; None where Halle signs nobody in by a Keycloak of
    its own. Where it does not answer, the rest is left for the next night. Must run outside a transaction."""
    if not is_broker():
        return None
    before = SyncRound.objects.filter(kind=RoundKind.LOOK, finished_at__isnull=True)
    before.update(finished_at=now, problem=CUT)
    found = SyncRound.objects.create(
        kind=RoundKind.LOOK, asked_at=now, started_at=now, in_all=all_organisations().count()
    )
    problem = ""
    try:
        look = _Look(found, paced_servers(), now)
        _look_through(look)
        problem = UNKNOWN.format(look.unknown) if look.unknown else ""
        if look.to_put_back >= TOO_MANY:
            ask_round(now=now)
    except KeycloakProblem as silence:
        logger.warning("organisations and agents were not all compared: %s", silence)
        problem = f"{CUT} {silence}"
    SyncRound.objects.filter(pk=found.pk).update(finished_at=max(now, timezone.now()), problem=problem[:300])
    write_letters(since=now, now=now)
    found.refresh_from_db()
    return found


def _look_through(look: _Look) -> None:
    """Raises KeycloakProblem."""
    sirens: set[str] = set()
    start = time.monotonic()
    for page in organisations_of_halle(look.keycloaks[0], settings.KEYCLOAK["realm"]):
        sirens.update(one.public_id for one in page)
        _look_at(look, page)
        _count(look, start)
        start = time.monotonic()
    for some in _batches():
        _look_for(look, [one for one in some if one.siren not in sirens])
    _count(look, start)


def _look_at(look: _Look, page: list[OrganisationSeen]) -> None:
    """What Keycloak has, against what it is to have."""
    known = {one.siren: one for one in Organisation.objects.filter(siren__in=[one.public_id for one in page])}
    look.unknown += sum(one.public_id not in known for one in page)
    state = look.state([one.pk for one in known.values()])
    wanted = {one.told.known_as: one for one in wanted_of(known.values(), on=localdate(look.now))}
    both = [(wanted[one.public_id], one) for one in page if one.public_id in wanted]
    with ThreadPoolExecutor(len(look.keycloaks)) as pool:
        found = list(pool.map(_reader(look.keycloaks), both))
    _keep(look, [(what, judged(what, seen)) for (what, _), seen in zip(both, found, strict=True)], state)
    agents = sum(len(what.told.members) for what, _ in both)
    SyncRound.objects.filter(pk=look.round.pk).update(
        organisations=F("organisations") + len(both), agents=F("agents") + agents
    )


def _look_for(look: _Look, organisations: list[Organisation]) -> None:
    """Those that were not seen, and are to be there; an organisation made meanwhile is no difference."""
    state = look.state([one.pk for one in organisations])
    wanted = wanted_of(organisations, on=localdate(look.now))
    realm, found = settings.KEYCLOAK["realm"], []
    for what in wanted:
        absent = what.told.organisation is not None and not find_organisation(
            look.keycloaks[0], realm, what.told.known_as
        )
        found.append((what, [ABSENT] if absent else []))
    _keep(look, found, state)


def _reader(keycloaks: list[Server]):
    """Reads the members of one, by the server that is free."""
    free, realm = list(keycloaks), settings.KEYCLOAK["realm"]

    def read(both: tuple[Wanted, OrganisationSeen]) -> Seen:
        what, organisation = both
        keycloak = free.pop()
        try:
            members = {one.sub: one for one in members_of(keycloak, realm, organisation.id)}
            missing = sorted(what.told.members - members.keys())
            unknown = [sub for sub in missing if not has_account(keycloak, realm, sub)]
            return Seen(organisation, members, frozenset(unknown))
        finally:
            free.append(keycloak)

    return read


def _keep(look: _Look, found: list[tuple[Wanted, list]], state: dict[int, tuple]) -> None:
    """Keeps the differences of these, and has put back what Halle puts back."""
    ids = [what.organisation.pk for what, _ in found]
    open_ones = AccountDrift.objects.filter(tenant__in=ids, closed_at__isnull=True)
    listed = set(open_ones.values_list("tenant", flat=True))
    for what, differences in found:
        pk = what.organisation.pk
        if what.waits or state.get(pk, (None,))[0] or not (differences or pk in listed):
            continue
        with transaction.atomic():
            OrganisationTold.objects.select_for_update(no_key=True).filter(tenant=pk).first()
            if look.state([pk]).get(pk) != state.get(pk):
                continue
            record(pk, differences, now=look.now)
            if any(one.kind in PUT_BACK for one in differences):
                look.to_put_back += 1
                mark([pk], now=look.now)
                _have_provider_put_back(pk, now=look.now)
        rows = SyncRound.objects.filter(pk=look.round.pk)
        rows.update(differences=F("differences") + len(differences))


def _have_provider_put_back(organisation: int, *, now: datetime) -> None:
    """What leads its people to their own provider, where it has one in service."""
    live = MemberProvider.objects.filter(tenant=organisation, state__in=LIVE)
    for pk in live.values_list("pk", flat=True):
        MemberProvider.objects.filter(pk=pk).update(to_apply_since=now, apply_after=None)
        tasks.apply_own_provider.defer(provider_id=pk)


def _batches() -> Iterator[list[Organisation]]:
    last = 0
    while some := list(all_organisations().filter(pk__gt=last)[:BATCH]):
        yield some
        last = some[-1].pk


def _count(look: _Look, start: float) -> None:
    rows = SyncRound.objects.filter(pk=look.round.pk)
    rows.update(seconds=F("seconds") + time.monotonic() - start)
