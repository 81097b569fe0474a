"""Subscriptions: how fast an operator reads which of its members have which service."""

import statistics
from collections.abc import Iterator

from tests.bench import Figure
from tests.bench.site import site
from tests.bench.spine import detail
from tests.bench.tenants import milliseconds, p95, statements_of
from tests.bench.tenants_world import (
    adhere,
    fill_subscriptions,
    load_whole_register,
    make_member_organisations,
)

MEMBERS, SERVICES, ROUNDS = 2_000, 60, 30
OPEN = ("active",) * 40 + ("requested",) * 10  # the ten others have ended


def coverage() -> Iterator[Figure]:
    """The page of the coverage of an operator's members, all its services in one table."""
    with site():
        from django.db import connection
        from django.test import Client
        from django.urls import reverse

        from tenants.models import Role
        from tests.factories import MembershipFactory, OperatorFactory

        operator = OperatorFactory()
        load_whole_register()
        members = make_member_organisations()[:MEMBERS]
        adhere(operator, members)
        fill_subscriptions(
            connection.settings_dict["NAME"], members, first_operator=operator, members_of_first=MEMBERS,
            other=operator, each=SERVICES, opened=OPEN,
        )  # fmt: skip
        page = reverse("operator_coverage", args=[operator.slug])
        client = Client()
        person = MembershipFactory(organisation=operator.organisation, role=Role.OPERATOR_ADMIN).user
        client.force_login(person)
        shown = client.get(page).content.decode().count(page) - 1  # the menu has one link to the page itself
        if shown < SERVICES:
            raise RuntimeError(f"{page} shows {shown} services")
        counted = statements_of(client, page)
        taken = [milliseconds(lambda: client.get(page)) for _ in range(ROUNDS)]
    what = f"{MEMBERS:,} members × {SERVICES} services, {MEMBERS * len(OPEN):,} open subscriptions"
    yield Figure("subscriptions.coverage_queries", counted, "queries", detail(f"{what}; limit 10"))
    yield Figure(
        "subscriptions.coverage_ms", round(p95(taken), 1), "ms",
        detail(f"{what}; 95th percentile, median {statistics.median(taken):.1f} ms; limit 300 ms"),
    )  # fmt: skip


MEASURES = [coverage]
