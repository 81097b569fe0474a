"""News of an operator."""

from django.core.paginator import Paginator
from django.db import models
from django.urls import reverse
from django.utils import timezone
from wagtail.admin.panels import FieldPanel, PublishingPanel
from wagtail.fields import StreamField
from wagtail.models import Page

from marketplace.pages.blocks import BODY
from marketplace.pages.body import pieces
from marketplace.pages.models.frame import FixedMixin, HallPage, crumbs
from marketplace.web.formats import day

PAGE_SIZE = 10


class NewsPage(FixedMixin, HallPage):
    """The list of an operator's news, the newest first. Halle makes it with the storefront."""

    introduction = models.CharField("introduction", max_length=250, blank=True)

    address_name = "hall_news"
    template = "public/news.html"
    content_panels = [FieldPanel("title"), FieldPanel("introduction")]
    promote_panels: list = []
    parent_page_types = ["pages.StorefrontPage"]
    subpage_types = ["pages.NewsItemPage"]
    max_count_per_parent = 1

    class Meta:
        verbose_name = "liste des actualités"

    def items(self):
        """What is published, the newest first."""
        return NewsItemPage.objects.live().child_of(self).order_by("-day", "-first_published_at", "-pk")

    def shown(self, request) -> dict:
        items = Paginator(self.items().defer_streamfields(), PAGE_SIZE)
        return {"news": items.get_page(request.GET.get("page"))}


class NewsItemPage(HallPage):
    """One item of news."""

    day = models.DateField("date", default=timezone.localdate)
    introduction = models.TextField(
        "introduction", max_length=400, help_text="Une ou deux phrases, lues aussi dans la liste et le flux."
    )
    body = StreamField(BODY, verbose_name="texte", blank=True)

    address_name = "hall_news_item"
    template = "public/news_item.html"
    content_panels = [
        *Page.content_panels,
        FieldPanel("day"),
        FieldPanel("introduction"),
        FieldPanel("body"),
    ]
    settings_panels = [PublishingPanel()]
    parent_page_types = ["pages.NewsPage"]
    subpage_types: list = []

    class Meta:
        verbose_name = "actualité"

    @property
    def day_in_words(self) -> str:
        return day(self.day)

    @property
    def address_args(self) -> list[str]:
        return [self.slug]

    def crumbs(self) -> list[dict]:
        section = self.get_parent()
        operator = self.storefront.operator
        return crumbs(operator, (section.title, reverse("hall_news", args=[operator.slug])), (self.title, ""))

    def shown(self, request) -> dict:
        return {"pieces": pieces(self.body, operator=self.storefront.operator)}
