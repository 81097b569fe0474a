"""Help that an operator writes for its members."""

from django.db import models
from django.urls import reverse
from wagtail.admin.panels import FieldPanel, PublishingPanel
from wagtail.fields import StreamField
from wagtail.models import Page

from marketplace.pages.blocks import BODY
from marketplace.pages.body import pieces
from marketplace.pages.models.frame import FixedMixin, HallPage, crumbs


class HelpPage(FixedMixin, HallPage):
    """The list of an operator's help articles, in the editors' order. Halle makes it with the storefront."""

    introduction = models.CharField("introduction", max_length=250, blank=True)

    address_name = "hall_help"
    template = "public/help.html"
    content_panels = [FieldPanel("title"), FieldPanel("introduction")]
    promote_panels: list = []
    parent_page_types = ["pages.StorefrontPage"]
    subpage_types = ["pages.HelpArticlePage"]
    max_count_per_parent = 1

    class Meta:
        verbose_name = "page d’aide"

    def shown(self, request) -> dict:
        articles = HelpArticlePage.objects.live().child_of(self).order_by("path")
        return {"articles": articles.defer_streamfields()}


class HelpArticlePage(HallPage):
    """One question and its answer."""

    introduction = models.TextField("introduction", max_length=400, help_text="La réponse en une phrase.")
    body = StreamField(BODY, verbose_name="texte", blank=True)

    address_name = "hall_help_article"
    template = "public/help_article.html"
    content_panels = [*Page.content_panels, FieldPanel("introduction"), FieldPanel("body")]
    settings_panels = [PublishingPanel()]
    parent_page_types = ["pages.HelpPage"]
    subpage_types: list = []

    class Meta:
        verbose_name = "article d’aide"

    @property
    def address_args(self) -> list[str]:
        return [self.slug]

    def crumbs(self) -> list[dict]:
        operator = self.storefront.operator
        section = (self.get_parent().title, reverse("hall_help", args=[operator.slug]))
        return crumbs(operator, section, (self.title, ""))

    def shown(self, request) -> dict:
        return {"pieces": pieces(self.body, operator=self.storefront.operator)}
