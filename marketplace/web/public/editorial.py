"""What an operator's editors published: news, help, the legal notice, the accessibility declaration.

Nothing here is Wagtail's own address: a draft, or a page of another operator, is 404.
"""

from datetime import datetime, time

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.timezone import make_aware
from django.views.decorators.http import require_safe

from marketplace.pages.models import (
    AccessibilityPage,
    HelpArticlePage,
    HelpPage,
    LegalPage,
    NewsItemPage,
    NewsPage,
    StorefrontPage,
)
from marketplace.pages.models.frame import HallPage, crumbs
from tenants.models import Operator

IN_THE_FEED = 20


@login_not_required
@require_safe
def news(request, operator):
    """The news of an operator, the newest first."""
    return _published(NewsPage, operator).serve(request)


@login_not_required
@require_safe
def news_item(request, operator, slug):
    """One item of news."""
    return _published(NewsItemPage, operator, slug=slug).serve(request)


@login_not_required
@require_safe
def news_feed(request, operator):
    """The last news as an Atom feed, with absolute addresses on the host that is asked."""
    page = _published(NewsPage, operator)
    hall = page.storefront.operator

    def address(name: str, *arguments: str) -> str:
        return request.build_absolute_uri(reverse(name, args=[hall.slug, *arguments]))

    feed = Atom1Feed(
        title=f"{page.title} – {hall.short_name}",
        link=address("hall_news"),
        feed_url=address("hall_news_feed"),
        description=page.introduction,
        language="fr",
        author_name=hall.short_name,
    )
    for item in page.items().defer_streamfields()[:IN_THE_FEED]:
        feed.add_item(
            title=item.title,
            link=address("hall_news_item", item.slug),
            description=item.introduction,
            pubdate=make_aware(datetime.combine(item.day, time.min)),
            updateddate=(item.last_published_at or make_aware(datetime.combine(item.day, time.min))),
        )
    return HttpResponse(feed.writeString("utf-8"), content_type=feed.content_type)


@login_not_required
@require_safe
def help_page(request, operator):
    """The help that an operator writes."""
    return _published(HelpPage, operator).serve(request)


@login_not_required
@require_safe
def help_article(request, operator, slug):
    """One article of it."""
    return _published(HelpArticlePage, operator, slug=slug).serve(request)


@login_not_required
@require_safe
def legal(request, operator):
    """Who publishes and hosts the storefront: what its editors published, or what Halle knows."""
    page = _published_or_none(LegalPage, operator)
    if page:
        return page.serve(request)
    hall = _operator(request, operator)
    page = LegalPage.prefilled(hall)
    trail = crumbs(hall, (page.title, ""))
    return render(request, page.template, {"page": page, "operator": hall, "crumbs": trail})


@login_not_required
@require_safe
def accessibility(request, operator):
    """The storefront's declaration, or the platform's while it has none."""
    page = _published_or_none(AccessibilityPage, operator)
    if page:
        return page.serve(request)
    hall = _operator(request, operator)
    return render(request, "public/accessibility.html", {"crumbs": crumbs(hall, ("Accessibilité", ""))})


def _published_or_none(kind: type[HallPage], operator: str, **which) -> HallPage | None:
    """The operator's published page of this kind, its storefront at hand. Two queries."""
    storefront = (
        StorefrontPage.objects.filter(operator__slug=operator)
        .select_related("operator__organisation")
        .first()
    )
    if storefront is None:
        return None
    page = kind.objects.live().descendant_of(storefront).filter(**which).first()
    if page:
        page.storefront = storefront
    return page


def _published(kind: type[HallPage], operator: str, **which) -> HallPage:
    page = _published_or_none(kind, operator, **which)
    if page is None:
        raise Http404
    return page


def _operator(request, slug: str) -> Operator:
    operator = Operator.objects.select_related("organisation").filter(slug=slug).first()
    if operator is None:
        raise Http404
    request.current_operator = operator
    return operator
