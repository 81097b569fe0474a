"""Members that lack a service are written to, once a campaign."""

from uuid import uuid4

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from subscriptions.coverage_letters import (
    NobodyToWriteTo,
    NumberChanged,
    write_letters,
    write_to_those_without,
)
from subscriptions.models import CoverageCampaign, State
from tenants.models import Letter, Role
from tenants.refusals import Refused
from tenants.tenancy import tenant_scope
from tests.factories import (
    AdhesionFactory,
    ListingFactory,
    MembershipFactory,
    SubscriptionFactory,
    UserFactory,
)
from tests.factories.base import NOW
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing():
    return ListingFactory()


@pytest.fixture
def secretary(listing):
    """A function: the secretary of a member of the operator."""

    def make(population=860, user=None):
        commune = AdhesionFactory(
            operator=listing.operator, organisation__territory__population=population
        ).organisation
        people = {"user": user} if user else {}
        return MembershipFactory(organisation=commune, role=Role.SECRETARY, **people)

    return make


def ask(listing, *mandates, **changes):
    asked = {
        "operator": listing.operator,
        "listing_id": listing.pk,
        "stratum": "",
        "message": "Une réunion a lieu le 12.",
        "people": len({mandate.user_id for mandate in mandates}),
        "request_key": uuid4(),
        "by": UserFactory(),
        "now": NOW,
    }
    tenants = [listing.operator.organisation_id, *(mandate.organisation_id for mandate in mandates)]
    with tenant_scope(tenants):
        return write_to_those_without(**(asked | changes))


def letters_to(campaign) -> list[str]:
    with as_worker():
        write_letters(campaign_id=campaign.pk, now=NOW)
        write_letters(campaign_id=campaign.pk, now=NOW)
        return sorted(Letter.objects.values_list("to", flat=True))


def test_secretaries_of_those_who_lack_it_are_written_to_once(listing, secretary):
    lacks, has = secretary(), secretary()
    SubscriptionFactory(tenant=has.organisation, listing=listing, state=State.ACTIVE)
    MembershipFactory(organisation=lacks.organisation, role=Role.AGENT)
    campaign = ask(listing, lacks, has, people=1)
    assert letters_to(campaign) == [lacks.user.email]
    with as_worker():
        (letter,) = Letter.objects.all()
    assert letter.tenant_id == lacks.organisation_id
    assert "Une réunion a lieu le 12." in letter.body
    assert listing.sheet.name in letter.subject


def test_a_secretary_of_two_communes_is_one_person_and_gets_a_letter_for_each(listing, secretary):
    first = secretary()
    second = secretary(user=first.user)
    campaign = ask(listing, first, second)
    assert campaign.people == 1
    assert letters_to(campaign) == [first.user.email, first.user.email]


def test_one_size_only(listing, secretary):
    secretary(300)
    large = secretary(3_000)
    campaign = ask(listing, large, stratum="2000-3499")
    assert letters_to(campaign) == [large.user.email]


def test_who_has_asked_for_it_meanwhile_is_left_alone(listing, secretary):
    first, second = secretary(), secretary()
    campaign = ask(listing, first, second)
    SubscriptionFactory(tenant=second.organisation, listing=listing, state=State.REQUESTED)
    assert letters_to(campaign) == [first.user.email]


def test_a_double_click_is_one_campaign(listing, secretary):
    key, mandate = uuid4(), secretary()
    assert ask(listing, mandate, request_key=key) == ask(listing, mandate, request_key=key)
    with as_worker():
        (campaign,) = CoverageCampaign.objects.all()
        jobs = ProcrastinateJob.objects.filter(task_name="subscriptions.tasks.write_coverage_letters")
        assert [job.args for job in jobs] == [{"campaign_id": campaign.pk}]


def test_another_number_than_the_one_confirmed_is_refused(listing, secretary):
    mandate = secretary()
    with pytest.raises(NumberChanged):
        ask(listing, mandate, people=2)
    with pytest.raises(Refused, match="trop long"):
        ask(listing, mandate, message="a" * 1001)
    with pytest.raises(NobodyToWriteTo):
        ask(listing, mandate, stratum="50000-", people=0)
    with as_worker():
        assert not CoverageCampaign.objects.exists()
