"""Groups of agents, and files of agents."""

import factory

from subscriptions.models import (
    AccessReview,
    AgentGroup,
    AgentImport,
    AgentImportRow,
    GroupMember,
    GroupService,
    OfferedGroup,
    ReviewLine,
)
from tests.factories.base import NOW, OPENED_AT, Factory
from tests.factories.catalog import ServiceSheetFactory
from tests.factories.subscriptions import AccessFactory
from tests.factories.tenants import InvitationFactory, OrganisationFactory, UserFactory


class AgentGroupFactory(Factory):
    class Meta:
        model = AgentGroup

    tenant = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Groupe {n}")
    made_at = OPENED_AT
    made_by = factory.SubFactory(UserFactory)


class GroupMemberFactory(Factory):
    class Meta:
        model = GroupMember

    group = factory.SubFactory(AgentGroupFactory)
    tenant = factory.SelfAttribute("group.tenant")
    user = factory.SubFactory(UserFactory)
    since = OPENED_AT
    put_by = factory.SubFactory(UserFactory)


class GroupServiceFactory(Factory):
    class Meta:
        model = GroupService

    group = factory.SubFactory(AgentGroupFactory)
    tenant = factory.SelfAttribute("group.tenant")
    sheet = factory.SubFactory(ServiceSheetFactory)
    since = OPENED_AT
    given_by = factory.SubFactory(UserFactory)


class OfferedGroupFactory(Factory):
    class Meta:
        model = OfferedGroup

    invitation = factory.SubFactory(InvitationFactory)
    tenant = factory.SelfAttribute("invitation.tenant")
    group = factory.SubFactory(AgentGroupFactory, tenant=factory.SelfAttribute("..tenant"))


class AgentImportFactory(Factory):
    """A file of agents that waits for an answer."""

    class Meta:
        model = AgentImport

    tenant = factory.SubFactory(OrganisationFactory)
    file_name = "agents.csv"
    sent_by = factory.SubFactory(UserFactory)
    sent_at = OPENED_AT
    notes = factory.LazyFunction(
        lambda: {
            "encoding": "UTF-8",
            "separator": "point-virgule",
            "ignored": [],
            "header": ["Courriel"],
        }
    )


class AgentImportRowFactory(Factory):
    """A row that is to be invited."""

    class Meta:
        model = AgentImportRow

    agent_import = factory.SubFactory(AgentImportFactory)
    tenant = factory.SelfAttribute("agent_import.tenant")
    line = factory.Sequence(lambda n: n + 2)
    raw = factory.LazyAttribute(lambda row: [f"agent{row.line}@agents.example"])
    data = factory.LazyAttribute(
        lambda row: {
            "email": f"agent{row.line}@agents.example",
            "name": "",
            "roles": ["agent"],
            "services": {},
            "groups": [],
        }
    )
    state = "waiting"


class AccessReviewFactory(Factory):
    """Under way."""

    class Meta:
        model = AccessReview

    tenant = factory.SubFactory(OrganisationFactory)
    opened_at = NOW
    due_on = NOW.date()


class ReviewLineFactory(Factory):
    """Of somebody's access, to be decided."""

    class Meta:
        model = ReviewLine

    review = factory.SubFactory(AccessReviewFactory)
    tenant = factory.SelfAttribute("review.tenant")
    access = factory.SubFactory(AccessFactory, tenant=factory.SelfAttribute("..tenant"))
    user = factory.SelfAttribute("access.user")
    what = "Un service (utilise)"
