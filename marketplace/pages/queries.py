"""Reads about an operator's pages, for its storefront and for its own people."""

from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, Max, OuterRef, Subquery
from wagtail.models import Page

from marketplace.pages.models import (
    AccessibilityPage,
    Conformity,
    HelpArticlePage,
    HelpPage,
    LegalPage,
    NewsItemPage,
    NewsPage,
    StorefrontPage,
)
from tenants.models import Operator

LAST_NEWS = 3
# The pages right under a storefront and, for a list, what it lists.
SECTIONS = {NewsPage: NewsItemPage, HelpPage: HelpArticlePage, LegalPage: None, AccessibilityPage: None}


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


@dataclass(frozen=True)
class Section:
    """One of the pages a storefront has or lacks: `page` is None when nobody has added it, `published` counts
    the items of a list (None for a page that is no list), `last_at` is the last publication."""

    kind: type[Page]
    page: Page | None = None
    published: int | None = None
    last_at: datetime | None = None


def sections_of(operator: Operator) -> tuple[StorefrontPage | None, list[Section]]:
    """The operator's storefront and its sections, in the order of SECTIONS. Three queries."""
    storefront = StorefrontPage.objects.filter(operator=operator).first()
    if storefront is None:
        return None, [Section(kind) for kind in SECTIONS]
    pages = {page.specific_class: page for page in Page.objects.child_of(storefront)}
    live = Page.objects.live().descendant_of(storefront).order_by().values("content_type")
    found = {
        row["content_type"]: (row["count"], row["last_at"])
        for row in live.annotate(count=Count("pk"), last_at=Max("last_published_at"))
    }
    sections = []
    for kind, item in SECTIONS.items():
        count, last_at = found.get(ContentType.objects.get_for_model(item or kind).pk, (0, None))
        sections.append(Section(kind, pages.get(kind), count if item else None, last_at))
    return storefront, sections
