"""Whom a letter about an organisation goes to."""

from collections.abc import Iterable

from tenants.models import Membership, Role


def people_to_tell(*, organisations, roles: Iterable[Role]) -> list[Membership]:
    """Who holds one of `roles` today in these organisations (ids, or a query of them), is active and has an
    address: each person once an organisation, `user` and `organisation` at hand. One query."""
    mandates = (
        Membership.objects.in_force()
        .filter(organisation__in=organisations, role__in=roles, user__is_active=True)
        .exclude(user__email="")
        .select_related("user", "organisation")
        .order_by("organisation", "user", "pk")
    )
    return list({(mandate.organisation_id, mandate.user_id): mandate for mandate in mandates}.values())
