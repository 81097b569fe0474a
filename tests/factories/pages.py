"""Pages of a storefront, as its editors leave them: published unless `live=False`."""

from itertools import count

from marketplace.pages.models import HelpArticlePage, HelpPage, NewsItemPage, NewsPage, StorefrontPage
from marketplace.pages.storefronts import keep_storefront
from tenants.models import Role
from tests.factories.tenants import MembershipFactory, UserFactory
from tests.tools.database import as_worker

_numbers = count(1)


def storefront_of(operator) -> StorefrontPage:
    """The operator's storefront with its sections and its editors' desk."""
    with as_worker():
        return keep_storefront(operator=operator)


def news_item(operator, **fields) -> NewsItemPage:
    """An item of news of this operator."""
    fields = {"title": f"Nouvelle {next(_numbers)}", "introduction": "Ce qui change."} | fields
    return add_page(operator, NewsPage, NewsItemPage(**fields))


def help_article(operator, **fields) -> HelpArticlePage:
    """A help article of this operator."""
    fields = {"title": f"Question {next(_numbers)}", "introduction": "La réponse."} | fields
    return add_page(operator, HelpPage, HelpArticlePage(**fields))


def add_page(operator, parent: type, page):
    """The page, saved under the operator's page of the kind `parent`."""
    storefront = storefront_of(operator)
    with as_worker():
        section = parent.objects.get(path__startswith=storefront.path)
        return section.add_child(instance=page)


def editor_of(operator, **fields):
    """Somebody of the operator's, who writes its pages. `fields` are those of the person."""
    person = UserFactory(**fields)
    MembershipFactory(user=person, organisation=operator.organisation, role=Role.CURATOR)
    storefront_of(operator)
    with as_worker():
        operator.desk.group.user_set.add(person)
    return person
