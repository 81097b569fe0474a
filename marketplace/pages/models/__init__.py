"""Editorial pages of the operators' storefronts, written in Wagtail by editors."""

from marketplace.pages.models.desk import Desk, ServiceOnShelf
from marketplace.pages.models.duties import AccessibilityPage, Conformity, LegalPage
from marketplace.pages.models.help import HelpArticlePage, HelpPage
from marketplace.pages.models.news import NewsItemPage, NewsPage
from marketplace.pages.models.storefront import StorefrontPage

__all__ = [
    "AccessibilityPage",
    "Conformity",
    "Desk",
    "HelpArticlePage",
    "HelpPage",
    "LegalPage",
    "NewsItemPage",
    "NewsPage",
    "ServiceOnShelf",
    "StorefrontPage",
]
