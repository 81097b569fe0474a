"""Keycloak is told of an organisation and its members, by a worker: what they are to be by then.

Whatever changes one of them says so in its own transaction (`note_change`); a full round (`rounds`) and what
a night finds (`looking`) go the same way.
"""

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.timezone import localdate

from provisioning import tasks
from provisioning.at_keycloak.accounts import note_accounts
from provisioning.at_keycloak.wanted import Wanted, wanted_of
from provisioning.models import OrganisationTold
from sso.keycloak.broker import is_broker
from sso.keycloak.members import Answer, tell
from sso.keycloak.server import KeycloakProblem, KeycloakUnreachable, Server, server
from tenants import jobs
from tenants.models import Organisation, User
from tenants.people.relinking import organisations_of
from tenants.tenancy import tenant_scope

# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=1)
# A sweep takes so many up again, a minute: what a night finds does not come all at once.
AT_A_SWEEP = 50


@dataclass(frozen=True)
class Came:
    """What came of telling some organisations. `silent`: Keycloak did not answer for one of them."""

    agents: int = 0
    silent: bool = False


@transaction.atomic
def note_change(*, organisation: Organisation, now: datetime) -> None:
    """Who is an agent of the organisation has changed, or what it is: has Keycloak told, after the caller's
    transaction and within a moment. Nothing where Halle does not sign people in by a Keycloak of its own."""
    if not is_broker():
        return
    with tenant_scope([organisation.pk]):
        mark([organisation.pk], now=now)
    tasks.tell_organisation.defer(organisation_id=organisation.pk)


def note_account(*, person: User, now: datetime) -> None:
    """A person has one more account: the same for each organisation of hers."""
    for organisation in organisations_of(person) if is_broker() else ():
        note_change(organisation=organisation, now=now)


def mark(organisations: Iterable[int], *, now: datetime) -> None:
    """These are to be told again, by the next sweep at the latest. Needs their scopes."""
    OrganisationTold.objects.bulk_create(
        [OrganisationTold(tenant_id=one, to_tell_since=now) for one in sorted(organisations)],
        update_conflicts=True,
        unique_fields=["tenant"],
        update_fields=["to_tell_since", "tell_after"],
    )


def carry_out(*, organisation_id: int, now: datetime) -> None:
    """Tells Keycloak of one organisation. Killed anywhere and called again, it tells the same again; with
    nothing to tell it does nothing. Must run outside a transaction: it calls Keycloak."""
    if is_broker():
        tell_all([organisation_id], keycloaks=[server()], now=now)


def sweep(*, now: datetime) -> None:
    """Enqueues again what Keycloak did not take, and what a dead worker or a lost job left behind."""
    if not is_broker():
        return
    due = OrganisationTold.objects.filter(to_tell_since__lt=now - PATIENCE)
    due = due.filter(Q(tell_after__isnull=True) | Q(tell_after__lte=now)).order_by("to_tell_since", "pk")
    waiting = jobs.waiting(tasks.tell_organisation, "organisation_id")
    found = due.exclude(tenant__in=waiting).values_list("tenant", flat=True)
    for pk in found[: max(0, AT_A_SWEEP - len(waiting))]:
        tasks.tell_organisation.defer(organisation_id=pk)


def tell_all(organisations: Collection[int], *, keycloaks: list[Server], now: datetime) -> Came:
    """Tells Keycloak of those of these that are marked, by as many threads as there are servers. What it did
    not take stays marked, and is told again by a sweep."""
    begun, wanted = _begin(organisations, on=localdate(now))
    free, agents = list(keycloaks), 0
    silence: list[KeycloakUnreachable] = []

    def one(what: Wanted) -> Answer | KeycloakProblem:
        if silence:  # nobody waits for each of the others in turn
            return silence[0]
        keycloak = free.pop()
        try:
            return tell(keycloak, settings.KEYCLOAK["realm"], what.told)
        except KeycloakUnreachable as unreachable:
            silence.append(unreachable)
            return unreachable
        except KeycloakProblem as problem:
            return problem
        finally:
            free.append(keycloak)

    with ThreadPoolExecutor(len(keycloaks)) as pool:
        for what, answer in zip(wanted, pool.map(one, wanted), strict=True):
            said = _record(begun[what.organisation.pk], what, answer, now=max(now, timezone.now()))
            agents += len(what.told.members) if said else 0
    return Came(agents=agents, silent=bool(silence))


@transaction.atomic
def _begin(organisations: Collection[int], *, on) -> tuple[dict[int, OrganisationTold], list[Wanted]]:
    """The rows of those to be told, their attempt committed before Keycloak is called, and what to tell."""
    locked = OrganisationTold.objects.select_for_update(of=("self",), no_key=True)
    rows = locked.filter(tenant__in=organisations, to_tell_since__isnull=False).order_by("tenant")
    begun = {one.tenant_id: one for one in rows}
    OrganisationTold.objects.filter(pk__in=[one.pk for one in begun.values()]).update(
        attempts=F("attempts") + 1
    )
    wanted = wanted_of(Organisation.objects.filter(pk__in=begun).order_by("pk"), on=on)
    # Its provider comes first, which tells Keycloak of the organisation too.
    later = [begun[one.organisation.pk].pk for one in wanted if one.waits]
    OrganisationTold.objects.filter(pk__in=later).update(tell_after=timezone.now() + PATIENCE)
    return begun, [one for one in wanted if not one.waits]


@transaction.atomic
def _record(
    begun: OrganisationTold, what: Wanted, answer: Answer | KeycloakProblem, *, now: datetime
) -> bool:
    """What came of it; whether Keycloak took it. It stays to be told when something has changed meanwhile, or
    somebody else told it meanwhile: what was told last may not be what was decided last."""
    locked = OrganisationTold.objects.select_for_update(of=("self",), no_key=True)
    row = locked.get(pk=begun.pk)
    if isinstance(answer, KeycloakProblem):
        row.problem = str(answer)[:300]
        row.tell_after = now + min(PATIENCE * 2 ** min(row.attempts, 10), LONGEST_DELAY)
        row.save(update_fields=["problem", "tell_after"])
        return False
    note_accounts(what, answer, now=now)
    if (row.to_tell_since, row.told_at) == (begun.to_tell_since, begun.told_at):
        row.to_tell_since = None
    else:
        row.to_tell_since = now
        tasks.tell_organisation.defer(organisation_id=row.tenant_id)
    row.told_at, row.tell_after, row.attempts, row.problem = now, None, 0, ""
    row.save(update_fields=["to_tell_since", "told_at", "tell_after", "attempts", "problem"])
    return True
