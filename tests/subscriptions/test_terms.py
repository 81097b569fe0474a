"""Terms follow one another as the contract says, and by nothing else."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from freezegun import freeze_time

from subscriptions import opening, renewing, term_letters
from subscriptions.acts import Act
from subscriptions.exceptions import DecisionInvalid, RenewalRefused
from subscriptions.models import NonRenewal, Renewal, Side, State, Term, TermOrigin
from subscriptions.tasks import follow_terms
from subscriptions.terms import Fate, outlook
from tenants.models import AuditEvent, Letter, Role
from tenants.tenancy import tenant_scope
from tests.factories import MembershipFactory, SubscriptionFactory, TermFactory, UserFactory
from tests.factories.subscriptions import PDF
from tests.tools.database import as_worker

pytestmark = pytest.mark.django_db
ENDS = date(2027, 1, 1)  # of the factory's term, with 60 days of notice
LAST_NOTICE = date(2026, 11, 2)
RULES = {
    Renewal.TACIT: {"renewal": "tacit", "term_years": 4, "renewals": 3},
    Renewal.EXPRESS: {"renewal": "express", "term_years": 2, "renewals": 1},
    Renewal.NONE: {"renewal": "none", "term_years": 1, "renewals": 0},
}


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


def running(renewal=Renewal.TACIT, **values):
    asked = SubscriptionFactory(**{"state": State.ACTIVE, **RULES[renewal], **values})
    return TermFactory(subscription=asked).subscription


def spans(subscription) -> list[tuple[date, date]]:
    with as_worker():
        return list(subscription.terms.order_by("rank").values_list("starts", "ends"))


def every_day(on: date) -> list:
    with as_worker():
        return renewing.renew_due(on=on, now=at(on))


def give_notice(subscription, *, on: date, side=Side.MEMBER):
    with tenant_scope([subscription.tenant_id]):
        return renewing.give_notice(
            subscription=subscription, side=side, by=UserFactory(), reason=" Trop cher. ", now=at(on)
        )


def renew(subscription, *, on=date(2026, 10, 1), with_act=True):
    file = SimpleUploadedFile("acte.pdf", PDF)
    act = Act("2026-7", date(2026, 9, 30), file) if with_act else None
    with tenant_scope([subscription.tenant_id]):
        return renewing.renew(subscription=subscription, by=UserFactory(), act=act, now=at(on))


# --- The first term -----------------------------------------------------------------------------------


def test_it_begins_on_the_day_that_was_wanted_when_it_opens_before():
    wanted = date(2026, 4, 1)
    asked = SubscriptionFactory(
        state=State.PROVISIONING, wanted_from=wanted, **RULES[Renewal.NONE] | {"term_years": 2}
    )
    with tenant_scope([asked.tenant_id]):
        opening.activate(subscription=asked, service_url="", now=at(date(2026, 3, 10)))
    assert spans(asked) == [(wanted, date(2028, 4, 1))]


@pytest.mark.parametrize(
    ("rules", "ends"),
    [
        ({"renewal": "open", "term_years": 3}, None),
        ({"renewal": "none", "term_years": 3}, date(2029, 2, 28)),
        ({"renewal": "tacit", "term_years": 4, "renewals": 3}, date(2027, 2, 28)),
        ({"renewal": "express", "term_years": 4, "renewals": 1}, date(2028, 2, 28)),
    ],
)
def test_it_begins_when_the_service_opens(rules, ends):
    asked = SubscriptionFactory(state=State.PROVISIONING, **rules)
    with tenant_scope([asked.tenant_id]):
        opening.activate(subscription=asked, service_url="", now=at(date(2026, 2, 28)))
    assert spans(asked) == ([(date(2026, 2, 28), ends)] if ends else [])


@pytest.mark.parametrize(
    "rules",
    [
        {"renewal": "tacit", "term_years": 4, "renewals": 0},
        {"renewal": "none", "term_years": 4, "renewals": 1},
        {"renewal": "tacit", "term_years": 4, "renewals": 2},  # no whole years
        {"notice_days": 181},
    ],
)
def test_rules_that_mean_nothing_are_refused(rules):
    with pytest.raises(IntegrityError), transaction.atomic():
        SubscriptionFactory(**rules)


def test_terms_never_overlap():
    first = TermFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        TermFactory(
            subscription=first.subscription, rank=1, starts=ENDS - timedelta(days=1), ends=date(2028, 1, 1)
        )


# --- Tacit renewal ------------------------------------------------------------------------------------


def test_it_goes_on_by_itself_until_the_last_renewal():
    subscription = running()
    assert every_day(ENDS - timedelta(days=1)) == []
    assert len(spans(subscription)) == 1
    for year in (2027, 2028, 2029):
        for _ in range(2):
            assert every_day(date(year, 1, 1)) == []
    assert spans(subscription) == [(date(year, 1, 1), date(year + 1, 1, 1)) for year in range(2026, 2030)]
    assert every_day(date(2030, 1, 1)) == [subscription]
    assert len(spans(subscription)) == 4


def test_days_without_a_worker_are_caught_up():
    subscription = running()
    assert every_day(date(2028, 6, 1)) == []
    assert spans(subscription)[-1] == (date(2028, 1, 1), date(2029, 1, 1))
    with as_worker():
        assert AuditEvent.objects.filter(what="subscription.renewed").count() == 2


@pytest.mark.parametrize("state", [State.TERMINATING, State.ENDED])
def test_what_is_being_closed_is_not_renewed(state):
    subscription = running(state=state)
    assert every_day(ENDS) == []
    assert len(spans(subscription)) == 1


# --- Notice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", Side.values)
def test_either_side_may_say_in_time_that_it_ends(side):
    subscription = running()
    notice = give_notice(subscription, on=LAST_NOTICE, side=side)
    assert notice.reason == "Trop cher."
    assert every_day(ENDS) == [subscription]
    assert len(spans(subscription)) == 1
    with as_worker():
        assert outlook(subscription).fate == Fate.ENDS
        assert AuditEvent.objects.get().what == "subscription.not_renewed"


def test_after_the_last_day_of_notice_it_goes_on():
    subscription = running()
    with pytest.raises(RenewalRefused, match=r"préavis est passé depuis le 2 novembre 2026.*deux mois"):
        give_notice(subscription, on=LAST_NOTICE + timedelta(days=1))
    assert every_day(ENDS) == []


def test_only_the_side_that_gave_notice_takes_it_back():
    subscription = running()
    give_notice(subscription, on=LAST_NOTICE, side=Side.OPERATOR)
    how = {"subscription": subscription, "by": UserFactory(), "now": at(LAST_NOTICE)}
    with tenant_scope([subscription.tenant_id]):
        with pytest.raises(RenewalRefused):
            renewing.take_back(side=Side.MEMBER, **how)
        renewing.take_back(side=Side.OPERATOR, **how)
        assert NonRenewal.objects.get().withdrawn_by is not None
    assert every_day(ENDS) == []
    assert len(spans(subscription)) == 2


def test_notice_is_given_once():
    subscription = running()
    give_notice(subscription, on=LAST_NOTICE)
    with pytest.raises(RenewalRefused):
        give_notice(subscription, on=LAST_NOTICE, side=Side.OPERATOR)


# --- Express renewal ----------------------------------------------------------------------------------


def test_it_ends_unless_the_member_renews():
    silent, renewed = running(Renewal.EXPRESS), running(Renewal.EXPRESS)
    term = renew(renewed)
    assert (term.origin, term.act_number, term.starts) == (TermOrigin.EXPRESS, "2026-7", ENDS)
    assert every_day(ENDS) == [silent]
    with pytest.raises(RenewalRefused):  # the last one
        renew(renewed, on=ENDS)


@pytest.mark.parametrize("deliberation", [True, False])
def test_an_act_is_asked_for_where_a_deliberation_was(deliberation):
    subscription = running(Renewal.EXPRESS, deliberation_required=deliberation)
    if deliberation:
        with pytest.raises(DecisionInvalid):
            renew(subscription, with_act=False)
    else:
        assert renew(subscription, with_act=False).act_number == ""


def test_what_is_over_is_not_renewed_any_more():
    subscription = running(Renewal.EXPRESS)
    with pytest.raises(RenewalRefused):
        renew(subscription, on=ENDS)
    with pytest.raises(RenewalRefused):
        renew(running(Renewal.TACIT))


# --- Letters ------------------------------------------------------------------------------------------


def letters(on: date) -> list[str]:
    with as_worker():
        for _ in range(2):
            term_letters.write_reminders(on=on, now=at(on))
        return list(Letter.objects.order_by("pk").values_list("subject", flat=True))


def told(subscription) -> None:
    MembershipFactory(organisation=subscription.tenant, role=Role.SECRETARY)
    MembershipFactory(organisation=subscription.tenant, role=Role.AGENT)
    MembershipFactory(organisation=subscription.operator.organisation, role=Role.OPERATOR_ADMIN)


@pytest.mark.parametrize(
    ("renewal", "first_days", "subject"),
    [
        (Renewal.TACIT, [date(2026, 10, 3)], "reconduction tacite le 1er janvier 2027"),
        (
            Renewal.EXPRESS,
            [date(2026, 7, 5), date(2026, 10, 3), date(2026, 12, 2)],
            "à reconduire avant le 1er janvier 2027",
        ),
        (Renewal.NONE, [date(2026, 7, 5), date(2026, 10, 3), date(2026, 12, 2)], "fin le 31 décembre 2026"),
    ],
)
def test_both_sides_are_told_before_the_end(renewal, first_days, subject):
    subscription = running(renewal)
    told(subscription)
    assert letters(first_days[0] - timedelta(days=1)) == []
    for count, day in enumerate(first_days, start=1):
        found = letters(day)
        assert len(found) == 2 * count
    assert all(subject in one for one in found)
    assert found[1].endswith(subscription.tenant.name)  # the operator's


def test_nobody_is_told_of_a_tacit_renewal_once_it_is_too_late_to_refuse_it():
    told(running())
    assert letters(LAST_NOTICE + timedelta(days=1)) == []


def test_the_job_of_the_morning_renews_and_tells():
    renewed, nearing = running(), running(Renewal.NONE, requested_at=at(date(2025, 12, 2)))
    told(renewed)
    told(nearing)
    with as_worker(), freeze_time(at(ENDS)):
        Term.objects.create(
            tenant=nearing.tenant, subscription=nearing, rank=1, starts=ENDS, ends=date(2027, 1, 20),
            origin=TermOrigin.OPENED, written_at=at(ENDS),
        )  # fmt: skip
        follow_terms.func(timestamp=0)
        subjects = set(Letter.objects.values_list("subject", flat=True))
    assert len(spans(renewed)) == 2
    assert f"{renewed.service_name} : reconduit jusqu’au 31 décembre 2027" in subjects
    assert f"{nearing.service_name} : fin le 19 janvier 2027" in subjects
