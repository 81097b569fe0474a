"""Vendors' endpoints, and runs of provisioning."""

import factory

from provisioning.models import Call, Endpoint, Lane, Run, Step
from provisioning.models.endpoint import ConnectorKind
from subscriptions.models import State
from tests.factories.base import APPROVED_AT, Factory
from tests.factories.catalog import OfferFactory, VendorFactory
from tests.factories.subscriptions import SubscriptionFactory


class EndpointFactory(Factory):
    """Opened by hand; `osb=True` with `url=` for a broker."""

    class Meta:
        model = Endpoint

    class Params:
        url = "http://127.0.0.1:1"
        osb = factory.Trait(
            connector=ConnectorKind.OSB,
            config=factory.LazyAttribute(
                lambda o: {
                    "url": o.url,
                    "username": "halle",
                    "password_variable": "TEST_BROKER_PASSWORD",
                    "service_id": "cantine",
                    "plan_id": "cantine-essentiel",
                }
            ),
        )

    offer = factory.SubFactory(OfferFactory)
    connector = ConnectorKind.MANUAL
    config = factory.LazyFunction(dict)


class LaneFactory(Factory):
    class Meta:
        model = Lane
        django_get_or_create = ["vendor"]

    vendor = factory.SubFactory(VendorFactory)


class RunFactory(Factory):
    class Meta:
        model = Run

    subscription = factory.SubFactory(SubscriptionFactory, state=State.PROVISIONING)
    tenant = factory.SelfAttribute("subscription.tenant")
    event = "activate"
    created_at = APPROVED_AT
    starts_at = factory.SelfAttribute("created_at")


class StepFactory(Factory):
    class Meta:
        model = Step

    run = factory.SubFactory(RunFactory)
    tenant = factory.SelfAttribute("run.tenant")
    position = 1
    name = "open"
    label = "Ouverture du service chez l’éditeur"
    run_after = APPROVED_AT
    lane = factory.SubFactory(LaneFactory, vendor=factory.SelfAttribute("..run.subscription.listing.vendor"))


class CallFactory(Factory):
    class Meta:
        model = Call

    step = factory.SubFactory(StepFactory)
    tenant = factory.SelfAttribute("step.tenant")
    started_at = APPROVED_AT
