"""Reads for the pages of opinions and needs."""

from dataclasses import dataclass

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Prefetch, Q, QuerySet

from catalog.models import (
    ExperienceSheet,
    ModerationState,
    Need,
    NeedAnswer,
    NeedState,
    NeedSupport,
    Review,
    ServiceSheet,
    Vendor,
)
from tenants.models import Operator, Organisation

SHOWN = 20  # on a service's page; the newest ones


@dataclass(frozen=True)
class Opinions:
    """What is published on a service: the newest reviews and accounts, how many of each rating."""

    reviews: list[Review]
    experiences: list[ExperienceSheet]
    by_rating: dict[int, int]  # 5 → 1

    @property
    def count(self) -> int:
        return sum(self.by_rating.values())

    @property
    def tenths(self) -> int:
        """The average in tenths, rounded half up: 43 is 4.3; 0 without a review."""
        total = sum(rating * number for rating, number in self.by_rating.items())
        return (20 * total + self.count) // (2 * self.count) if self.count else 0


def opinions_on(*, sheet: ServiceSheet) -> Opinions:
    """Three queries, whatever their number."""
    published = Review.objects.filter(sheet=sheet, state=ModerationState.PUBLISHED)
    counted = dict(published.values_list("rating").annotate(number=Count("pk")).order_by())
    experiences = ExperienceSheet.objects.filter(sheet=sheet, state=ModerationState.PUBLISHED)
    return Opinions(
        reviews=list(published.select_related("organisation").order_by("-written_at", "-pk")[:SHOWN]),
        experiences=list(experiences.select_related("organisation").order_by("-written_at", "-pk")[:SHOWN]),
        by_rating={rating: counted.get(rating, 0) for rating in (5, 4, 3, 2, 1)},
    )


def reviews_to_moderate(*, operator: Operator, state: str) -> QuerySet[Review]:
    """The reviews its members wrote, in that state, oldest first while they wait."""
    return _moderated(Review, operator, state)


def experiences_to_moderate(*, operator: Operator, state: str) -> QuerySet[ExperienceSheet]:
    """The same for the accounts of how a service was set up."""
    return _moderated(ExperienceSheet, operator, state)


def _moderated(model, operator: Operator, state: str):
    order = "written_at" if state == ModerationState.PENDING else "-written_at"
    return (
        model.objects.filter(operator=operator, state=state)
        .select_related("organisation", "sheet", "operator__organisation", "written_by")
        .order_by(order, "pk")
    )


def reviews_of_vendor(*, vendor: Vendor) -> QuerySet[Review]:
    """What is published on its services: unanswered first, then newest."""
    return (
        Review.objects.filter(sheet__vendor=vendor, state=ModerationState.PUBLISHED)
        .select_related("sheet__vendor__organisation", "organisation", "operator")
        .annotate(unanswered=ExpressionWrapper(Q(answer=""), output_field=BooleanField()))
        .order_by("-unanswered", "-written_at", "-pk")
    )


def needs(
    *, operator: Operator | None = None, state: str = "", family: str = "", reader: Organisation | None = None
) -> QuerySet[Need]:
    """Needs with `joined` (how many other members), most wanted first; `mine` when `reader` has it too."""
    rows = Need.objects.select_related("operator__organisation", "organisation", "written_by").annotate(
        joined=Count("supports", distinct=True)
    )
    if operator is not None:
        rows = rows.filter(operator=operator)
    rows = rows.filter(state=state) if state else rows.exclude(state=NeedState.CLOSED)
    if family:
        rows = rows.filter(family=family)
    if reader is not None:
        rows = rows.annotate(
            mine=Exists(NeedSupport.objects.filter(need=OuterRef("pk"), organisation=reader))
        )
    return rows.order_by("-joined", "-written_at", "-pk")


def with_answers(rows: QuerySet[Need]) -> QuerySet[Need]:
    """With all that a need's own page shows."""
    answers = NeedAnswer.objects.select_related("organisation", "sheet").order_by("written_at", "pk")
    supports = NeedSupport.objects.select_related("organisation").order_by("added_at", "pk")
    return rows.prefetch_related(
        Prefetch("answers", queryset=answers), Prefetch("supports", queryset=supports)
    )
