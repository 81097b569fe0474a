"""The root of an operator's pages."""

from django.db import models
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField
from wagtail.models import Page

from marketplace.pages.models.frame import FixedMixin


class StorefrontPage(FixedMixin, Page):
    """An operator's words on its storefront. One Wagtail site per operator has it as its root."""

    operator = models.OneToOneField(
        "tenants.Operator", on_delete=models.PROTECT, related_name="storefront_page"
    )
    welcome = models.CharField("accroche", max_length=160)
    introduction = RichTextField("introduction", features=["bold", "italic", "link", "ul"], blank=True)

    content_panels = [FieldPanel("title"), FieldPanel("welcome"), FieldPanel("introduction")]
    promote_panels: list = []
    settings_panels: list = []
    parent_page_types = ["wagtailcore.Page"]
    subpage_types = ["pages.NewsPage", "pages.HelpPage", "pages.LegalPage", "pages.AccessibilityPage"]
    preview_modes = []  # shown inside the storefront, not on a page of its own

    class Meta:
        verbose_name = "accueil d’un opérateur"
