"""The pages of the two administrations guard themselves: that they do is tried here, page by page."""

from tenants.models import Role
from tests.permissions.addresses import library_addresses
from tests.permissions.asking import ask
from tests.permissions.table import ANONYMOUS, SIGN_IN
from tests.permissions.world import STAFF

# Words and icons of the libraries themselves.
FOR_WHOEVER_SIGNED_IN = {
    "admin:javascript-catalog",
    "wagtailadmin_javascript_catalog",
    "wagtailadmin_sprite",
}


def test_only_the_platforms_staff_enters(people):
    opened = {who: set() for who in (ANONYMOUS, Role.OPERATOR_ADMIN)}
    pages = [address for address in library_addresses() if address.name and not address.takes_arguments]
    for address in pages:
        for who, names in opened.items():
            answer = ask(people, who, "get", f"/{address.path}")
            if answer.status not in (302, SIGN_IN, 403, 404):
                names.add(address.name)
            assert not answer.written
    assert len(pages) > 100
    assert opened[ANONYMOUS] == set()
    assert opened[Role.OPERATOR_ADMIN] == FOR_WHOEVER_SIGNED_IN


def test_the_platforms_staff_does_enter(people):
    """What makes the refusals mean something."""
    for name in ("/admin/tenants/user/", "/cms/pages/"):
        assert ask(people, STAFF, "get", name).status in (200, 302)
