"""Who edits an operator's pages: reads and rights. The verbs are in marketplace.pages.editors."""

from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from wagtail.models import Collection

from marketplace.pages.models.desk import Desk
from tenants.models import Operator, User

# Of pages: write, correct and publish. Of pictures: put, change, use.
PAGE_RIGHTS = ("add_page", "change_page", "publish_page")
PICTURE_RIGHTS = ("add_image", "change_image", "choose_image")


def operators_of(user: User) -> QuerySet[Operator]:
    """Whose pages this person writes; all of them for the platform's staff."""
    if user.is_superuser:
        return Operator.objects.all()
    return Operator.objects.filter(desk__group__user=user)


def editors_of(operator: Operator) -> QuerySet[User]:
    """Who writes the operator's pages."""
    return User.objects.filter(groups__desk__operator=operator)


def is_editor(user: User, operator: Operator) -> bool:
    """Whether this person finds the operator's pages in Wagtail."""
    return user.is_superuser or editors_of(operator).filter(pk=user.pk).exists()


def keep_desk(*, operator: Operator, page) -> Desk:
    """The operator's desk, made when it has none: a group that enters Wagtail, and may there write below
    `page` and use its own collection of pictures; nothing else. Its rights are put back when they differ."""
    desk = Desk.objects.filter(operator=operator).select_related("group", "collection").first()
    if desk is None:
        desk = Desk.objects.create(
            operator=operator,
            group=Group.objects.create(name=f"Éditeurs – {operator.slug}"),
            collection=_collections().add_child(instance=Collection(name=f"Images – {operator.slug}")),
        )
    _keep_rights(desk, page)
    return desk


def _keep_rights(desk: Desk, page) -> None:
    entrance = Permission.objects.get(codename="access_admin", content_type__app_label="wagtailadmin")
    desk.group.permissions.set([entrance])
    pages, pictures = desk.group.page_permissions, desk.group.collection_permissions
    pages.exclude(page=page).delete()
    pictures.exclude(collection=desk.collection).delete()
    for right in _rights("wagtailcore", PAGE_RIGHTS):
        pages.get_or_create(page=page, permission=right)
    for right in _rights("wagtailimages", PICTURE_RIGHTS):
        pictures.get_or_create(collection=desk.collection, permission=right)


def _rights(app: str, names: tuple[str, ...]) -> QuerySet[Permission]:
    return Permission.objects.filter(content_type__app_label=app, codename__in=names)


def _collections() -> Collection:
    """The root of the collections, locked: two added at once would get the same place in the tree."""
    root = Collection.get_first_root_node() or Collection.add_root(name="Racine")
    return Collection.objects.select_for_update().get(pk=root.pk)
