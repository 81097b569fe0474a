"""Each night: reviews that are due open, administrators are reminded, operators told of what is late. What is
late closes nothing by itself."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.timezone import localdate

from subscriptions.models import AccessReview
from subscriptions.reviews.operations import close_when_done, open_review
from subscriptions.reviews.queries import undecided
from tenants import letters
from tenants.days import in_words
from tenants.members.adhesions import operators_of
from tenants.models import Membership, Organisation, Role
from tenants.people.mandates import locked
from tenants.people.roles import MEMBER_ROLES
from tenants.people.telling import people_to_tell
from tenants.refusals import Refused

YEAR = timedelta(days=365)
# So many open in a night at most: the letters of a whole country do not leave at once.
AT_MOST = 500
# In days after it opened; it is due after thirty.
REMINDERS = (15, 25, 31)


def follow(*, now: datetime) -> None:
    """All of it, for every tenant. May be called any number of times."""
    for organisation in due_ones(now=now):
        _open(organisation, now)
    for review in AccessReview.objects.filter(closed_at__isnull=True).select_related("tenant").order_by("pk"):
        _remind(review, on=localdate(now), now=now)


def due_ones(*, now: datetime) -> list[Organisation]:
    """The organisations that somebody administers and whose last review opened a year ago, or whose oldest
    role is a year old and which had none; those that wait longest first. One query."""
    last = AccessReview.objects.filter(tenant=OuterRef("pk")).order_by().values("tenant")
    roles = Membership.objects.open().filter(organisation=OuterRef("pk"), role__in=MEMBER_ROLES)
    roles = roles.order_by().values("organisation")
    administered = Membership.objects.in_force().filter(role__in=[Role.ORG_ADMIN, Role.SIGNATORY])
    found = Organisation.objects.filter(pk__in=administered.values("organisation")).annotate(
        since=Coalesce(
            Subquery(last.annotate(at=Max("opened_at")).values("at")),
            Subquery(roles.annotate(at=Min("since")).values("at")),
        ),
        under_way=Subquery(last.filter(closed_at__isnull=True).annotate(at=Max("opened_at")).values("at")),
    )
    alive = Q(closed_on__isnull=True) | Q(closed_on__gt=localdate(now))
    due = found.filter(alive, since__lte=now - YEAR, under_way__isnull=True)
    return list(due.order_by("since", "pk")[:AT_MOST])


@transaction.atomic
def _open(organisation: Organisation, now: datetime) -> None:
    organisation = locked(organisation)
    try:
        review = open_review(organisation=organisation, by=None, now=now)
    except Refused:  # somebody opened one a moment ago
        return
    _write(review, rank=0, subject="Revue annuelle des accès à faire", body=OPENED, now=now)


@transaction.atomic
def _remind(review: AccessReview, *, on: date, now: datetime) -> None:
    locked(review.tenant)
    review = AccessReview.objects.select_related("tenant").get(pk=review.pk)
    if review.closed_at is not None or close_when_done(review=review, now=now):
        return
    opened = localdate(review.opened_at)
    rank = sum(opened + timedelta(days=days) <= on for days in REMINDERS)
    if rank > review.reminders:
        AccessReview.objects.filter(pk=review.pk).update(reminders=rank)
        late = on > review.due_on
        subject = "Revue des accès en retard" if late else "Rappel : revue annuelle des accès"
        _write(review, rank=rank, subject=subject, body=LATE if late else REMINDER, now=now)
    if on > review.due_on and review.told_late_at is None:
        AccessReview.objects.filter(pk=review.pk).update(told_late_at=now)
        _tell_operators(review, on=on, now=now)


def _write(review: AccessReview, *, rank: int, subject: str, body: str, now: datetime) -> None:
    ids = [review.tenant_id]
    told = people_to_tell(organisations=ids, roles=[Role.ORG_ADMIN]) or people_to_tell(
        organisations=ids, roles=[Role.SIGNATORY]
    )
    address = reverse("member_access_review", args=[review.tenant.siren, review.public_id])
    for mandate in told:
        letters.write(
            tenant=review.tenant,
            key=f"access_review:{review.pk}:{rank}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"{subject} – {review.tenant.name}",
            body=body.format(
                organisation=review.tenant.name,
                due=in_words(review.due_on),
                left=undecided(review).count(),
                link=f"{settings.BASE_URL.rstrip('/')}{address}",
            ),
            now=now,
        )


def _tell_operators(review: AccessReview, *, on: date, now: datetime) -> None:
    operators = operators_of(organisation=review.tenant, on=on).values("organisation")
    for mandate in people_to_tell(organisations=operators, roles=[Role.CURATOR, Role.OPERATOR_ADMIN]):
        letters.write(
            tenant=mandate.organisation,
            key=f"access_review:{review.pk}:late:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"Revue des accès en retard – {review.tenant.name}",
            body=TO_OPERATOR.format(
                organisation=review.tenant.name,
                due=in_words(review.due_on),
                left=undecided(review).count(),
            ),
            now=now,
        )


OPENED = """\
Bonjour,

Une fois par an, {organisation} revoit qui garde quels rôles et quels accès. {left} lignes attendent votre
décision : garder ou retirer, un clic chacune. Vous pouvez vous arrêter et reprendre.

À faire avant le {due} :

{link}
"""

REMINDER = """\
Bonjour,

La revue annuelle des accès de {organisation} n’est pas terminée : il reste {left} lignes à décider avant le
{due}.

{link}
"""

LATE = """\
Bonjour,

La revue annuelle des accès de {organisation} devait être terminée le {due} : il reste {left} lignes à
décider. Rien ne se ferme tout seul. Votre opérateur en est averti.

{link}
"""

TO_OPERATOR = """\
Bonjour,

{organisation} devait terminer sa revue annuelle des accès le {due} : il reste {left} lignes à décider. Rien
n’a été fermé. Un appel à son administrateur suffit peut-être.
"""
