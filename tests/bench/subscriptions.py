"""Subscriptions: a simulation, a request, and what an operator reads of its members' services."""

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
SIMULATED = 5
BULK = 800
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


def asking() -> Iterator[Figure]:
    """A simulation of five services for a commune, and a secretary's request, each as a page is answered."""
    with site():
        from django.test import Client
        from django.urls import reverse

        from subscriptions.models import Subscription
        from tenants.models import Role
        from tests.factories import AdhesionFactory, ListingFactory, MembershipFactory, OperatorFactory
        from tests.tools.database import as_worker

        operator = OperatorFactory()
        listings = [ListingFactory(operator=operator) for _ in range(SIMULATED)]
        asked = "&".join(f"service={listing.sheet.slug}" for listing in listings)
        people = [
            MembershipFactory(
                organisation=AdhesionFactory(operator=operator).organisation, role=Role.SECRETARY
            )
            for _ in range(ROUNDS)
        ]
        visitor, page = Client(), reverse("simulation", args=[operator.slug])
        addresses = [f"{page}?insee={one.organisation.territory.code}&{asked}" for one in people]
        if "TTC" not in visitor.get(addresses[0]).content.decode():
            raise RuntimeError(f"{addresses[0]} shows no price")
        simulated = [milliseconds(lambda address=address: visitor.get(address)) for address in addresses]
        requested = [_request(person, listings[0]) for person in people]
        with as_worker():
            if Subscription.objects.count() != len(people):
                raise RuntimeError("some requests were not accepted")
    what = f"{SIMULATED} services for {ROUNDS} communes"
    yield Figure(
        "subscriptions.simulation_p95_ms", round(p95(simulated), 1), "ms",
        detail(f"{what}; median {statistics.median(simulated):.1f} ms; limit 150 ms"),
    )  # fmt: skip
    what = f"{ROUNDS} requests, each of another commune, its page sent back"
    yield Figure(
        "subscriptions.request_p95_ms", round(p95(requested), 1), "ms",
        detail(f"{what}; median {statistics.median(requested):.1f} ms; limit 300 ms"),
    )  # fmt: skip


def _request(person, listing) -> float:
    """Milliseconds until a secretary's request is accepted, her page being open."""
    from bs4 import BeautifulSoup
    from django.test import Client
    from django.urls import reverse

    client = Client()
    client.force_login(person.user)
    page = reverse("member_subscribe", args=[person.organisation.siren, listing.pk])
    form = BeautifulSoup(client.get(page).content, "html.parser").select_one("main form[method=post]")
    typed = {field["name"]: field.get("value", "") for field in form.select("input[name]")}
    return milliseconds(lambda: client.post(page, typed))


def bulk() -> Iterator[Figure]:
    """The job that asks a service for 800 communes of an operator, each with a signatory to write to."""
    with site():
        import uuid
        from time import perf_counter

        from django.utils import timezone

        from subscriptions import bulk as verbs
        from subscriptions.models import BulkLine, LineState
        from tenants.models import Organisation, Role
        from tests.factories import ListingFactory, MembershipFactory, OperatorFactory
        from tests.tools.database import as_worker

        operator = OperatorFactory()
        load_whole_register()
        members = make_member_organisations()[:BULK]
        adhere(operator, members)
        listing = ListingFactory(operator=operator)
        person = MembershipFactory(organisation=operator.organisation, role=Role.CURATOR).user
        with as_worker():
            organisations = Organisation.objects.filter(pk__in=members).select_related("territory")
            for organisation in organisations:
                MembershipFactory(organisation=organisation, role=Role.SIGNATORY)
            wanted = [verbs.Wanted("", organisation) for organisation in organisations]
            now = timezone.now()
            began = perf_counter()
            found = verbs.prepare_bulk(
                initiator=operator.organisation, listing=listing, wanted=wanted, convention=None, by=person,
                request_key=uuid.uuid4(), now=now,
            )  # fmt: skip
            prepared = perf_counter() - began
            verbs.confirm_bulk(bulk=found, by=found.requested_by, now=now)
            began = perf_counter()
            verbs.run(bulk_id=found.pk, now=now)
            taken = perf_counter() - began
            made = BulkLine.objects.filter(bulk=found, state=LineState.MADE).count()
        if made != BULK:
            raise RuntimeError(f"{made} requests were made of {BULK}")
    what = f"{BULK} requests and {BULK} letters; the list with its prices before: {prepared:.1f} s"
    yield Figure("subscriptions.bulk800_s", round(taken, 1), "s", detail(f"{what}; limit 20 s"))


MEASURES = [coverage, asking, bulk]
