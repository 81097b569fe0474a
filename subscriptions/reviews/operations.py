"""A review of accesses opens, is decided line by line, and closes when nothing is left to decide."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.timezone import localdate

from subscriptions.agents.checks import administered
from subscriptions.agents.giving import set_accesses
from subscriptions.agents.groups import take_out_of_givers
from subscriptions.models import Access, AccessReview, ClosedBecause, ReviewDecision, ReviewLine
from subscriptions.reviews.queries import undecided
from tenants import audit
from tenants.constraints import violated
from tenants.models import Membership, Organisation, User
from tenants.people import mandates
from tenants.people.mandates import locked
from tenants.people.roles import MEMBER_ROLES, given_by_person
from tenants.refusals import Refused

TIME = timedelta(days=30)
UNDER_WAY = "Une revue est déjà en cours. Terminez-la d’abord."
DECIDED = "Cette ligne est déjà décidée, ou n’a plus d’objet."
CLOSED = "Cette revue est terminée."
NOBODY = "Personne n’a de rôle ici : il n’y a rien à revoir."


@transaction.atomic
def open_review(*, organisation: Organisation, by: User | None, now: datetime) -> AccessReview:
    """A line for each role and each access that its agents have now, all to be decided within TIME. `by` None
    is Halle itself.

    Raises NotAllowed, and Refused while one is open or when there is nobody.
    """
    organisation = administered(organisation, by=by) if by else locked(organisation)
    review = AccessReview(tenant=organisation, opened_at=now, opened_by=by, due_on=localdate(now) + TIME)
    lines = [*_roles(review), *_accesses(review)]
    if not lines:
        raise Refused(NOBODY)
    try:
        with transaction.atomic():
            review.save()
    except IntegrityError as error:
        if violated(error) != "access_review_one_at_a_time":
            raise
        raise Refused(UNDER_WAY) from None
    ReviewLine.objects.bulk_create(lines)
    _record(review, by, now, "opened", "{actor} a ouvert la revue des accès.")
    return review


@transaction.atomic
def decide(*, line: ReviewLine, decision: str, by: User, now: datetime) -> AccessReview:
    """Keeps what the line is about, or ends it now as from its own page; the last decision closes the review.

    Raises NotAllowed, what ending a role may raise (LastAdministrator, Suspended), and Refused for a line
    that is decided already or whose object has ended.
    """
    if decision not in ReviewDecision.values:
        raise Refused("Choisissez de garder ou de retirer.")
    organisation = administered(line.tenant, by=by)
    review = AccessReview.objects.get(pk=line.review_id, tenant=organisation)
    if review.closed_at is not None:
        raise Refused(CLOSED)
    found = undecided(review).select_related("user", "membership", "access__group").filter(pk=line.pk).first()
    if found is None:
        raise Refused(DECIDED)
    ReviewLine.objects.filter(pk=found.pk, tenant=organisation, decision="").update(
        decision=decision, decided_at=now, decided_by=by
    )
    if decision == ReviewDecision.REMOVED:
        _remove(found, organisation, by=by, now=now)
    else:
        sentence = "{actor} a gardé en revue un rôle ou un accès : {person}."
        _record(review, by, now, "kept", sentence, found.user)
    close_when_done(review=review, now=now)
    return review


@transaction.atomic
def close_when_done(*, review: AccessReview, now: datetime) -> bool:
    """Whether nothing is left to decide, and it is closed by that. In its organisation's scope."""
    if undecided(review).exists():
        return False
    closed = AccessReview.objects.filter(pk=review.pk, tenant=review.tenant_id, closed_at__isnull=True)
    if closed.update(closed_at=now):
        _record(review, None, now, "closed", "La revue des accès est terminée : tout est décidé.")
    review.refresh_from_db(fields=["closed_at"])
    return True


def _roles(review: AccessReview) -> list[ReviewLine]:
    held = Membership.objects.open().filter(organisation=review.tenant, role__in=MEMBER_ROLES)
    return [
        _line(review, one.user, f"Rôle : {one.get_role_display()}", membership=one)
        for one in held.select_related("user").order_by("user", "pk")
    ]


def _accesses(review: AccessReview) -> list[ReviewLine]:
    held = Access.objects.filter(tenant=review.tenant, closed_at__isnull=True)
    found = held.select_related("user", "sheet", "group").order_by("user", "pk")
    return [_line(review, one.user, _named(one), access=one) for one in found]


def _named(access: Access) -> str:
    group = f", par le groupe « {access.group.name} »" if access.group else ""
    return f"{access.sheet.name} ({access.get_role_display()}{group})"


def _line(review: AccessReview, user: User, what: str, **of) -> ReviewLine:
    return ReviewLine(
        tenant=review.tenant, review=review, user=user, what=what, seen_at=user.last_login, **of
    )


def _remove(line: ReviewLine, organisation: Organisation, *, by: User, now: datetime) -> None:
    asked = {"organisation": organisation, "person": line.user, "by": by, "now": now}
    if line.access is not None:
        take_out_of_givers(sheet=line.access.sheet_id, **asked)
        if line.access.group is None:
            set_accesses(wanted={line.access.sheet_id: ""}, because=ClosedBecause.REVIEW, **asked)
        return
    here = Membership.objects.open().filter(organisation=organisation, user=line.user)
    others = set(here.exclude(pk=line.membership_id).values_list("role", flat=True))
    if not others:
        mandates.depart(**asked)
        return
    mandates.change_roles(roles=others & given_by_person(person=by, organisation=organisation), **asked)


def _record(
    review: AccessReview, by: User | None, now: datetime, did: str, sentence: str, person: User | None = None
) -> None:
    audit.record(
        tenant=review.tenant,
        actor=by,
        person=person,
        what=f"access_review.{did}",
        sentence=sentence,
        subject_id=review.public_id,
        now=now,
    )
