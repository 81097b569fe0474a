"""What Wagtail shows its editors: each her own operator's pages. Wagtail keeps tenants apart by the rights of
groups; these hooks close what rights do not."""

from wagtail import hooks
from wagtail.permissions import page_permission_policy

from marketplace.pages.choosers import listing_chooser

RIGHTS = ["add", "change", "publish"]
MENU = {"explorer", "images", "account"}


@hooks.register("construct_page_chooser_queryset")
def own_pages_only(pages, request):
    """A link inside the site leads to one's own operator's pages (wagtail#4488: rights are not asked)."""
    own = page_permission_policy.instances_user_has_any_permission_for(request.user, RIGHTS)
    return pages.filter(pk__in=own.values("pk"))


@hooks.register("construct_main_menu")
def short_menu(request, items):
    """An editor writes pages and puts pictures: reports and help about Wagtail's inside are staff's."""
    if not request.user.is_superuser:
        items[:] = [item for item in items if item.name in MENU]


@hooks.register("register_admin_viewset")
def choose_services():
    return listing_chooser
