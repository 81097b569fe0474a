"""Vendors' endpoints, and runs of provisioning."""

import hashlib
import uuid

import factory
from django.core.files.base import ContentFile

from provisioning.kit.table import CHECKS, VERSION
from provisioning.models import (
    AccountDrift,
    AgentDirectory,
    Binding,
    Call,
    Callback,
    CatalogueReading,
    Delivery,
    Departure,
    Drift,
    Endpoint,
    Errand,
    KitReport,
    KitRun,
    Lane,
    LeaverClosing,
    MemberDomain,
    MemberProvider,
    MemberProviderMove,
    OrganisationTold,
    Proposal,
    Protocol,
    ProviderKind,
    ProviderState,
    Run,
    ServiceKey,
    SignIn,
    Step,
)
from provisioning.models.endpoint import ConnectorKind
from subscriptions.models import State
from tenants.sealing import seal
from tests.factories.base import APPROVED_AT, NOW, Factory
from tests.factories.catalog import OfferFactory, ServiceSheetFactory, VendorFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.factories.tenants import OrganisationFactory, UserFactory
from tests.tools.database import as_worker


class EndpointFactory(Factory):
    """Opened by hand; `osb=True` with `url=` for a broker, which has passed the kit unless `proved=False`,
    `bindable=True` when it gives credentials, `webhook=True` for signed messages."""

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
                    "bindable": o.bindable,
                }
            ),
        )
        bindable = False

        webhook = factory.Trait(
            connector=ConnectorKind.WEBHOOK,
            config=factory.LazyAttribute(
                lambda o: {
                    "url": o.url,
                    "secret_variable": "TEST_WEBHOOK_SECRET",
                    "callback_secret_variable": "TEST_CALLBACK_SECRET",
                }
            ),
        )

    offer = factory.SubFactory(OfferFactory)
    connector = ConnectorKind.MANUAL
    config = factory.LazyFunction(dict)

    @factory.post_generation
    def proved(self, create, wanted, **_):
        if wanted is not False and self.connector == ConnectorKind.OSB:
            prove(self)


def prove(endpoint: Endpoint) -> None:
    """The kit passed on the endpoint as it is now."""
    endpoint.proof = KitReportFactory(run__endpoint=endpoint)
    with as_worker():
        endpoint.save()


class KitRunFactory(Factory):
    class Meta:
        model = KitRun

    endpoint = factory.SubFactory(EndpointFactory, osb=True, proved=False)
    asked_at = APPROVED_AT


class KitReportFactory(Factory):
    """All is well, unless `passed=False`."""

    class Meta:
        model = KitReport

    run = factory.SubFactory(KitRunFactory, finished_at=APPROVED_AT)
    configuration = factory.LazyAttribute(lambda o: o.run.endpoint.configuration)
    version = VERSION
    passed = True
    score = factory.LazyAttribute(lambda o: 100 if o.passed else 0)
    checks = factory.LazyAttribute(
        lambda o: [
            {"name": check.name, "state": "passed" if o.passed else "not_played", "seen": ""}
            for check in CHECKS
        ]
    )
    at = APPROVED_AT


class CatalogueReadingFactory(Factory):
    """Asked for, and under way."""

    class Meta:
        model = CatalogueReading

    endpoint = factory.SubFactory(EndpointFactory, osb=True)
    asked_by = factory.SubFactory(UserFactory)
    asked_at = APPROVED_AT


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


class DeliveryFactory(Factory):
    class Meta:
        model = Delivery

    call = factory.SubFactory(CallFactory)
    tenant = factory.SelfAttribute("call.tenant")
    message_id = factory.SelfAttribute("call.step.key")
    url = "https://vendor.example/halle"
    sent = "{}"
    status = 200
    answered = '{"state": "done"}'


class CallbackFactory(Factory):
    class Meta:
        model = Callback

    step = factory.SubFactory(StepFactory)
    tenant = factory.SelfAttribute("step.tenant")
    message_id = factory.Sequence("msg_{}".format)
    digest = "0" * 64
    said = "done"
    received_at = APPROVED_AT


class ServiceKeyFactory(Factory):
    """A valid key; `secret=` is what its service says to be known."""

    class Meta:
        model = ServiceKey

    class Params:
        secret = "halle_a-secret-of-the-tests"

    sheet = factory.SubFactory(ServiceSheetFactory)
    place = 1
    digest = factory.LazyAttribute(lambda o: hashlib.sha256(o.secret.encode()).hexdigest())
    ending = factory.LazyAttribute(lambda o: o.secret[-4:])
    created_at = APPROVED_AT
    created_by = factory.SubFactory(UserFactory)


class ErrandFactory(Factory):
    class Meta:
        model = Errand

    step = factory.SubFactory(StepFactory, state="needs_person", problem="Refus de l’éditeur.")
    tenant = factory.SelfAttribute("step.tenant")
    asked_at = APPROVED_AT
    due_on = factory.LazyAttribute(lambda errand: errand.asked_at.date())


class BindingFactory(Factory):
    """Asked for; `given=True`: the vendor gave {"user": "halle"}, and nobody has seen it."""

    class Meta:
        model = Binding

    class Params:
        given = factory.Trait(
            bound_at=APPROVED_AT,
            sealed=factory.LazyAttribute(lambda o: seal({"user": "halle"}, owner=str(o.public_id))),
        )

    public_id = factory.LazyFunction(uuid.uuid4)
    made_by = factory.SubFactory(
        StepFactory, position=2, name="bind", label="Identifiants d’accès au service"
    )
    tenant = factory.SelfAttribute("made_by.tenant")
    subscription = factory.SelfAttribute("made_by.run.subscription")


class DriftFactory(Factory):
    """A service that its vendor does not know."""

    class Meta:
        model = Drift

    subscription = factory.SubFactory(SubscriptionFactory, state=State.ACTIVE)
    tenant = factory.SelfAttribute("subscription.tenant")
    kind = "missing"
    words = "L’éditeur ne connaît pas ce service."
    opened_at = APPROVED_AT
    seen_at = APPROVED_AT


class AgentDirectoryFactory(Factory):
    """A SCIM server at `url=`, tried and in use unless `passed_at=None`."""

    class Meta:
        model = AgentDirectory

    class Params:
        url = "http://127.0.0.1:1"

    offer = factory.SubFactory(OfferFactory)
    config = factory.LazyAttribute(lambda o: {"url": o.url, "token_variable": "TEST_SCIM_TOKEN"})
    passed_at = APPROVED_AT
    told_at = factory.SelfAttribute("passed_at")


class SignInFactory(Factory):
    """A service that people enter through Halle, by SAML with `saml=True`; whoever subscribes has been
    told."""

    class Meta:
        model = SignIn

    class Params:
        saml = factory.Trait(
            protocol=Protocol.SAML,
            entity_id=factory.Sequence(lambda n: f"https://service{n}.example/saml/{{siren}}"),
        )

    offer = factory.SubFactory(OfferFactory)
    redirect_uris = factory.LazyFunction(lambda: ["https://service.example/retour"])
    changed_at = APPROVED_AT
    told_at = APPROVED_AT


class ProposalFactory(Factory):
    class Meta:
        model = Proposal

    step = factory.SubFactory(StepFactory)
    tenant = factory.SelfAttribute("step.tenant")
    text = "Terraform will perform the following actions:"
    file = factory.LazyFunction(lambda: ContentFile(b"plan", name="plan"))
    made_at = APPROVED_AT


class MemberProviderFactory(Factory):
    """OpenID Connect at `url=`, tried; `saml=True` for a SAML one."""

    class Meta:
        model = MemberProvider

    class Params:
        url = "https://annuaire.mairie.example"
        saml = factory.Trait(
            kind=ProviderKind.SAML,
            typed=factory.LazyAttribute(
                lambda o: {"metadata_url": f"{o.url}/metadata", "metadata": "", "attributes": "oid"}
            ),
            sealed="",
        )

    public_id = factory.LazyFunction(uuid.uuid4)
    tenant = factory.SubFactory(OrganisationFactory)
    kind = ProviderKind.OIDC
    name = "Annuaire de la mairie"
    typed = factory.LazyAttribute(lambda o: {"issuer": o.url, "client_id": "halle"})
    sealed = factory.LazyAttribute(lambda o: seal({"secret": "demo"}, owner=str(o.public_id)))
    state = ProviderState.TRIED
    created_at = APPROVED_AT
    tried_at = APPROVED_AT


class MemberProviderMoveFactory(Factory):
    class Meta:
        model = MemberProviderMove

    provider = factory.SubFactory(MemberProviderFactory)
    tenant = factory.SelfAttribute("provider.tenant")
    before = ProviderState.TRYING
    after = ProviderState.TRIED
    at = APPROVED_AT


class MemberDomainFactory(Factory):
    """Proven, unless `proven_at=None`."""

    class Meta:
        model = MemberDomain

    provider = factory.SubFactory(MemberProviderFactory)
    tenant = factory.SelfAttribute("provider.tenant")
    domain = factory.Sequence(lambda n: f"mairie-{n}.example")
    token = factory.Sequence(lambda n: f"token-{n}")
    added_at = APPROVED_AT
    proven_at = APPROVED_AT
    confirmed_at = factory.SelfAttribute("proven_at")


class DepartureFactory(Factory):
    class Meta:
        model = Departure

    tenant = factory.SubFactory(OrganisationFactory)
    user = factory.SubFactory(UserFactory)
    left_at = NOW
    said_by = factory.SubFactory(UserFactory)


class LeaverClosingFactory(Factory):
    """Of a service that somebody is to close by hand."""

    class Meta:
        model = LeaverClosing

    departure = factory.SubFactory(DepartureFactory)
    tenant = factory.SelfAttribute("departure.tenant")
    what = "service"
    sheet = factory.SubFactory(ServiceSheetFactory)
    problem = "Demandez à l’éditeur de fermer son compte."


class OrganisationToldFactory(Factory):
    class Meta:
        model = OrganisationTold

    tenant = factory.SubFactory(OrganisationFactory)
    told_at = NOW


class AccountDriftFactory(Factory):
    """An organisation that somebody changed by hand."""

    class Meta:
        model = AccountDrift

    tenant = factory.SubFactory(OrganisationFactory)
    kind = "changed"
    words = "Chez Keycloak, elle a été changée à la main : nom. Halle la remet en place."
    opened_at = NOW
    seen_at = NOW
