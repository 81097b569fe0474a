"""Reads about reviews of accesses."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from subscriptions.models import AccessReview, ReviewDecision, ReviewLine
from tenants.models import Organisation
from tenants.models.organisation import PlainName

_OPEN = Q(decision="") & (
    Q(access__isnull=False, access__closed_at__isnull=True)
    | Q(membership__isnull=False, membership__ended_at__isnull=True)
)


@dataclass(frozen=True)
class Progress:
    """How many lines, and what became of them. `ended`: ended otherwise before anybody decided."""

    lines: int
    kept: int
    removed: int
    to_decide: int

    @property
    def ended(self) -> int:
        return self.lines - self.kept - self.removed - self.to_decide


def undecided(review: AccessReview) -> QuerySet[ReviewLine]:
    """What somebody still has to decide: without what has ended meanwhile."""
    return ReviewLine.objects.filter(_OPEN, tenant=review.tenant_id, review=review)


def lines_of(review: AccessReview) -> QuerySet[ReviewLine]:
    """All of them, by name of the agent, with all that a page says of each. One query."""
    found = ReviewLine.objects.filter(tenant=review.tenant_id, review=review)
    return found.select_related("user", "membership", "access", "decided_by").order_by(
        PlainName("user__last_name"), PlainName("user__first_name"), "user", "pk"
    )


def reviews_of(*, organisation: Organisation) -> QuerySet[AccessReview]:
    """The last first."""
    return AccessReview.objects.filter(tenant=organisation).order_by("-opened_at", "-pk")


def open_one(*, organisation: Organisation) -> AccessReview | None:
    """The one under way. One query."""
    return reviews_of(organisation=organisation).filter(closed_at__isnull=True).first()


def progress_of(reviews) -> dict[int, Progress]:
    """By review, how far it is. One query."""
    ids = [one.pk for one in reviews]
    found = (
        ReviewLine.objects.filter(review__in=ids)
        .order_by()
        .values("review")
        .annotate(
            lines=Count("pk"),
            kept=Count("pk", filter=Q(decision=ReviewDecision.KEPT)),
            removed=Count("pk", filter=Q(decision=ReviewDecision.REMOVED)),
            to_decide=Count("pk", filter=_OPEN),
        )
    )
    return {row.pop("review"): Progress(**row) for row in found}
