"""Reads about an operator's pages, for its storefront and for its own people."""

from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Subquery

from marketplace.pages.models import (
    AccessibilityPage,
    Conformity,
    HelpArticlePage,
    NewsItemPage,
    StorefrontPage,
)
from tenants.models import Operator

LAST_NEWS = 3


@dataclass(frozen=True)
class Words:
    """What a storefront says of its operator beside the shelf. `conformity` is the state of accessibility
    that a home page must tell: "non conforme" without a published declaration."""

    page: StorefrontPage | None = None
    news: list[NewsItemPage] = field(default_factory=list)
    has_help: bool = False
    conformity: str = Conformity.NONE.label


def words_of(operator: Operator) -> Words:
    """What the operator's editors published. Two queries."""
    below = {"live": True, "path__startswith": OuterRef("path")}
    page = (
        StorefrontPage.objects.live()
        .filter(operator=operator)
        .annotate(
            has_help=Exists(HelpArticlePage.objects.filter(**below)),
            conformity=Subquery(AccessibilityPage.objects.filter(**below).values("conformity")[:1]),
        )
        .first()
    )
    if page is None:
        return Words()
    news = NewsItemPage.objects.live().descendant_of(page).defer_streamfields()
    return Words(
        page=page,
        news=list(news.order_by("-day", "-first_published_at", "-pk")[:LAST_NEWS]),
        has_help=page.has_help,
        conformity=Conformity(page.conformity or Conformity.NONE).label,
    )
