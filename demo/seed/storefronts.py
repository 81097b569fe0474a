"""One Wagtail page and site per operator."""

from wagtail.models import Locale, Page, Site

from demo.seed.operators import BODIES
from marketplace.pages.models import StorefrontPage


def make_storefronts(*, operators: dict) -> None:
    """Pages under Wagtail's root; the root and the language are made when a database lacks them."""
    Locale.objects.get_or_create(language_code="fr")
    root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Racine", slug="root"))
    for body in BODIES:
        operator = operators[body.slug]
        page = root.add_child(
            instance=StorefrontPage(
                title=operator.short_name,
                slug=body.slug,
                operator=operator,
                welcome=body.welcome,
                introduction=body.introduction,
            )
        )
        Site.objects.create(
            hostname=operator.hostname, port=80, site_name=operator.short_name, root_page=page
        )
