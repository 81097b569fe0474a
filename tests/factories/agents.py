"""Groups of agents."""

import factory

from subscriptions.models import AgentGroup, GroupMember, GroupService, OfferedGroup
from tests.factories.base import OPENED_AT, Factory
from tests.factories.catalog import ServiceSheetFactory
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
