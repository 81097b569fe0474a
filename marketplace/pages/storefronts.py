"""The pages of each operator and, where it has a domain name, its Wagtail site."""

from wagtail.models import Locale, Page, Site

from marketplace.pages.desks import keep_desk
from marketplace.pages.models import HelpPage, LegalPage, NewsPage, StorefrontPage
from tenants.models import Operator


def keep_storefront(*, operator: Operator, welcome: str = "", introduction: str = "") -> StorefrontPage:
    """Makes the operator's page and its sections if it has none (their words are then the editors'), the desk
    of its editors, and lets the Wagtail site follow its domain name."""
    page = StorefrontPage.objects.filter(operator=operator).first()
    if page is None:
        page = _add_page(operator, welcome, introduction)
    _keep_sections(operator, page)
    keep_desk(operator=operator, page=page)
    _follow_hostname(operator, page)
    return page


def _add_page(operator: Operator, welcome: str, introduction: str) -> StorefrontPage:
    root = _root()
    taken = root.get_children().filter(slug=operator.slug).exists()
    return root.add_child(
        instance=StorefrontPage(
            title=operator.short_name,
            slug="" if taken else operator.slug,  # Wagtail then finds a free one
            operator=operator,
            welcome=welcome or f"Les services numériques de {operator.short_name}",
            introduction=introduction,
        )
    )


def _keep_sections(operator: Operator, page: StorefrontPage) -> None:
    """The legal notice stays a draft until an editor says who directs the publication; the declaration of
    accessibility is the editors' to add, once they know what to declare."""
    page = StorefrontPage.objects.select_for_update().get(pk=page.pk)
    kinds = {child.specific_class for child in page.get_children()}
    if NewsPage not in kinds:
        page.add_child(instance=NewsPage(title="Actualités", slug="actualites"))
    if HelpPage not in kinds:
        page.add_child(instance=HelpPage(title="Aide", slug="aide"))
    if LegalPage not in kinds:
        notice = LegalPage.prefilled(operator)
        notice.live = False
        page.add_child(instance=notice)
        notice.save_revision(clean=False)  # nobody has said yet who directs the publication


def _root() -> Page:
    """Wagtail's root and language, made when a database lacks them. The row is locked: two pages added at
    once would get the same place in the tree."""
    Locale.objects.get_or_create(language_code="fr")
    root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Racine", slug="root"))
    return Page.objects.select_for_update().get(pk=root.pk)


def _follow_hostname(operator: Operator, page: StorefrontPage) -> None:
    Site.objects.filter(root_page=page).exclude(hostname=operator.hostname).delete()
    if operator.hostname:
        Site.objects.update_or_create(
            hostname=operator.hostname,
            port=80,
            defaults={"site_name": operator.short_name, "root_page": page},
        )
