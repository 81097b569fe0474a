"""Whoever leaves an organisation loses at once all that she had by it: her sessions, her accounts at vendors.

All is asked in the transaction that ends her mandates; vendors and the identity provider are told by workers,
which wait for no timer.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from provisioning import tasks
from provisioning.agents import plan_agents
from provisioning.models import ClosingOf, Departure, Event, LeaverClosing, Run, StepState
from sso import sessions
from sso.keycloak.broker import is_configured, issuer
from sso.keycloak.server import KeycloakProblem, KeycloakUnreachable, server
from sso.keycloak.services import end_sessions
from subscriptions.in_use import services_in_use
from subscriptions.models import Cover, Subscription
from tenants import jobs
from tenants.models import Identity, Organisation, User
from tenants.people.roles import MEMBER_ROLES
from tenants.tenancy import tenant_scope

# How long after an attempt that found the identity provider away: eight of them within an hour.
PAUSES = [timedelta(seconds=seconds) for seconds in (2, 5, 15, 60, 300, 900, 1800)]
# Younger than this, a job is most likely on its way.
PATIENCE = timedelta(minutes=1)
NO_DIRECTORY = "L’éditeur ne tient pas d’annuaire avec Halle : demandez-lui de fermer son compte."
NOT_OURS = "Son fournisseur d’identité n’est pas administré par Halle : à fermer chez lui."
UNKNOWN = "Keycloak ne connaît pas cette personne : il n’y avait rien à fermer."
GIVEN_UP = "Keycloak n’a pas répondu. Faites fermer ses sessions par l’équipe de la plateforme."


@transaction.atomic
def note_departure(*, organisation: Organisation, person: User, by: User, now: datetime) -> Departure | None:
    """Writes all that is to be closed behind somebody whose last mandate as a member has just ended, and has
    it done; None for somebody who stays. In the transaction that ends them, and in the organisation's scope.

    Whoever leaves by herself keeps the session in which she does so: it opens nothing there any more.
    """
    ended = person.memberships.filter(organisation=organisation, role__in=MEMBER_ROLES)
    if ended.open().exists() or not ended.filter(ended_at=now).exists():
        return None
    departure = Departure.objects.create(tenant=organisation, user=person, left_at=now, said_by=by)
    closings = _of_services(departure)
    if by != person:
        sessions.end_of(user=person)
        closings.append(_closing(departure, ClosingOf.SESSIONS, closed_at=now))
    subs = _subs_at_keycloak(person)
    closings.append(_closing(departure, ClosingOf.PROVIDER, problem="" if subs else NOT_OURS))
    LeaverClosing.objects.bulk_create(closings)
    if subs:
        tasks.end_provider_sessions.defer(closing_id=closings[-1].pk)
    return departure


def end_provider_sessions(*, closing_id: int, now: datetime) -> None:
    """Signs the leaver out at Keycloak, which tells every service that she is in. Killed anywhere and called
    again, it says it again; what is done already is left alone. Must run outside a transaction.

    While Keycloak does not answer, it is asked again after PAUSES, then a person is.
    """
    closing = _begin(closing_id, now)
    if closing is None:
        return
    try:
        keycloak = server()
        known = [
            end_sessions(keycloak, settings.KEYCLOAK["realm"], sub=sub)
            for sub in _subs_at_keycloak(closing.departure.user)
        ]
    except KeycloakUnreachable:
        _wait(closing)
        return
    except KeycloakProblem as problem:
        _record(closing, problem=str(problem))
        return
    _record(closing, closed_at=now, problem="" if any(known) else UNKNOWN)


def sweep(*, now: datetime) -> None:
    """Enqueues again what a dead worker or a lost job left behind."""
    left = _waiting().filter(
        Q(tried_at__isnull=True, departure__left_at__lt=now - PATIENCE)
        | Q(tried_at__lt=now - PATIENCE - PAUSES[-1])
    )
    for pk in set(left.values_list("pk", flat=True)) - jobs.waiting(
        tasks.end_provider_sessions, "closing_id"
    ):
        tasks.end_provider_sessions.defer(closing_id=pk)


def _of_services(departure: Departure) -> list[LeaverClosing]:
    """One for each service that the organisation uses: its vendor's plan, or that nobody is told."""
    organisation, today = departure.tenant, localdate(departure.left_at)
    plan_agents(organisation=organisation, now=departure.left_at)
    covers = Cover.objects.in_force(on=today).filter(tenant=organisation)
    covering = dict(covers.values_list("subscription", "covering"))
    with tenant_scope({organisation.pk, *covering.values()}):
        mine = Subscription.objects.filter(Q(tenant=organisation) | Q(pk__in=covering))
        unasked = Run.objects.filter(
            subscription__in=mine,
            event=Event.AGENTS,
            finished_at__isnull=True,
            steps__state=StepState.PENDING,
            steps__first_tried_at__isnull=True,
        )
        by_sheet = dict(
            unasked.order_by("pk").values_list("subscription__listing__offer__product__sheet", "pk")
        )
    used = services_in_use(organisations=[organisation], on=today)
    return [
        _closing(
            departure,
            ClosingOf.SERVICE,
            sheet_id=sheet,
            run_id=by_sheet.get(sheet),
            by_hand=sheet not in by_sheet,
            problem="" if sheet in by_sheet else NO_DIRECTORY,
        )
        for sheet in dict.fromkeys(one.listing.sheet.pk for one in used)
    ]


def _closing(departure: Departure, what: str, **more) -> LeaverClosing:
    return LeaverClosing(tenant_id=departure.tenant_id, departure=departure, what=what, **more)


def _subs_at_keycloak(person: User) -> list[str]:
    """By which Halle's Keycloak knows her; none when another provider does."""
    if not is_configured():
        return []
    attached = Identity.objects.filter(user=person, issuer=issuer()).values_list("sub", flat=True)
    return [*([person.sub] if person.issuer == issuer() else []), *attached]


@transaction.atomic
def _begin(closing_id: int, now: datetime) -> LeaverClosing | None:
    """The closing, its attempt committed before Keycloak is called; None when it is over."""
    locked = _waiting().select_for_update(of=("self",), no_key=True).select_related("departure__user")
    found = locked.filter(pk=closing_id).first()
    if found is not None:
        found.attempts, found.tried_at = found.attempts + 1, now
        found.save(update_fields=["attempts", "tried_at"])
    return found


@transaction.atomic
def _wait(closing: LeaverClosing) -> None:
    if closing.attempts > len(PAUSES):
        _record(closing, problem=GIVEN_UP)
        return
    later = tasks.end_provider_sessions.configure(
        schedule_in={"seconds": PAUSES[closing.attempts - 1].total_seconds()}
    )
    later.defer(closing_id=closing.pk)


def _record(closing: LeaverClosing, *, closed_at: datetime | None = None, problem: str) -> None:
    _waiting().filter(pk=closing.pk).update(closed_at=closed_at, problem=problem[:300])


def _waiting():
    return LeaverClosing.objects.filter(what=ClosingOf.PROVIDER, closed_at__isnull=True, problem="")
