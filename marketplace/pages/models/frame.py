"""What every page under a storefront shares: its address on our site, how it is shown, who may move it."""

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from wagtail.admin.panels import FieldPanel
from wagtail.models import Page, PagePermissionTester


class FixedPermissions(PagePermissionTester):
    """Of what stands where Halle put it: written and published by editors, never taken away or copied."""

    def can_set_view_restrictions(self):
        return False  # our own pages would not ask for Wagtail's password

    def can_delete(self, ignore_bulk=False):
        return False

    def can_move(self):
        return False

    def can_copy(self):
        return False


class WrittenPermissions(PagePermissionTester):
    """Of what editors add: a news item, a help article."""

    def can_set_view_restrictions(self):
        return False


class FixedMixin:
    def permissions_for_user(self, user):
        """What this person may do with the page."""
        return FixedPermissions(user, self)


class HallPage(Page):
    """A page under a storefront. It has no table of its own. Subclasses say `address_name` and `template`,
    and override `address_args` and `shown` where there is more to say."""

    address_name = ""
    preview_modes = [("", "Page publique")]
    promote_panels = [FieldPanel("slug")]
    settings_panels: list = []

    class Meta:
        abstract = True

    def permissions_for_user(self, user):
        """What this person may do with the page."""
        return WrittenPermissions(user, self)

    @cached_property
    def storefront(self):
        """The storefront that the page is under, with its operator. One query."""
        from marketplace.pages.models.storefront import StorefrontPage

        return StorefrontPage.objects.ancestor_of(self).select_related("operator__organisation").get()

    @property
    def address_args(self) -> list[str]:
        return []

    def get_url(self, request=None, current_site=None):
        """Its address on our site, without a host: a link stays on the host one reads it on."""
        return reverse(self.address_name, args=[self.storefront.operator.slug, *self.address_args])

    url = property(get_url)

    def get_full_url(self, request=None):
        """The same on the platform's own host: what Wagtail shows its editors."""
        return settings.WAGTAILADMIN_BASE_URL.rstrip("/") + self.get_url()

    full_url = property(get_full_url)

    def get_url_parts(self, request=None):
        """For Wagtail: no site of its, the host and the path."""
        return None, settings.WAGTAILADMIN_BASE_URL.rstrip("/"), self.get_url()

    def get_site(self):
        """None: Wagtail serves none of our pages."""
        return

    def shown(self, request) -> dict:
        """What the template needs beside `page`, `operator` and `crumbs`."""
        return {}

    def crumbs(self) -> list[dict]:
        """Where the page is, for components/breadcrumb.html."""
        return crumbs(self.storefront.operator, (self.title, ""))

    def serve(self, request, *args, **kwargs):
        """The page as anyone sees it, in the operator's colours."""
        operator = request.current_operator = self.storefront.operator
        context = {"page": self, "operator": operator, "crumbs": self.crumbs(), **self.shown(request)}
        return render(request, self.template, context)

    def serve_preview(self, request, mode_name):
        """The same, for its editor, who sees it in a frame inside Wagtail."""
        request.is_preview = True
        answer = self.serve(request)
        answer._csp_replace = {"frame-ancestors": ["'self'"]}
        return answer


def crumbs(operator, *items: tuple[str, str]) -> list[dict]:
    """For components/breadcrumb.html: the home page, the operator's shelf, then `items` (label, url)."""
    start = [
        {"label": "Accueil", "url": reverse("home")},
        {"label": operator.short_name, "url": reverse("storefront", args=[operator.slug])},
    ]
    return [*start, *({"label": label, "url": url} for label, url in items)]
