"""What curators and vendors are written. Letters name nobody."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from tenants import letters
from tenants.models import Organisation, Role, User

CURATORS = (Role.CURATOR, Role.OPERATOR_ADMIN)


def write_to(
    *,
    organisation: Organisation,
    roles: tuple[Role, ...],
    tenant: Organisation,
    key: str,
    subject: str,
    body: str,
    now: datetime,
) -> None:
    """The same letter to everybody who holds the first of `roles` that anybody holds there, on behalf of
    `tenant` (in the caller's scope). `key` is one occasion: nobody is written twice about it."""
    for person in _holders(organisation, roles):
        letters.write(
            tenant=tenant, key=f"{key}:{person.pk}", to=person.email, subject=subject, body=body, now=now
        )


def address(name: str, *arguments: object) -> str:
    """The whole address of a page, for a letter."""
    return f"{settings.BASE_URL.rstrip('/')}{reverse(name, args=arguments)}"


def _holders(organisation: Organisation, roles: tuple[Role, ...]) -> list[User]:
    mandates = organisation.memberships.in_force().filter(role__in=roles).values_list("user_id", "role")
    by_role: dict[str, set[int]] = {}
    for user, role in mandates:
        by_role.setdefault(role, set()).add(user)
    first = next((by_role[role] for role in roles if role in by_role), set())
    return list(User.objects.filter(pk__in=first, is_active=True).exclude(email="").order_by("pk"))
