"""Two people approve or confirm the same run at the same moment: one of them does, once."""

import pytest

from billing import approving
from billing.exceptions import SecondPersonMissing, WrongRunState
from billing.models import RunApproval, RunMove, RunState
from tenants.models import Role
from tests.factories import MembershipFactory, SecondPersonRuleFactory, drafted_run
from tests.factories.base import NOW
from tests.tools import jobs
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_approve_and_two_confirm_at_once():
    run = drafted_run()
    SecondPersonRuleFactory(tenant=run.operator.organisation, above_cents=100)
    role = {"organisation": run.operator.organisation, "role": Role.OPERATOR_FINANCE}
    ann, ben, cleo = (MembershipFactory(**role).user for _ in range(3))

    def approving_as(person):
        def act():
            with as_worker():
                approving.approve_run(run=run.__class__(pk=run.pk), approved_by=person, now=NOW)
                return person

        return act

    def confirming_as(person):
        def act():
            with as_worker():
                approving.confirm_run(run=run.__class__(pk=run.pk), confirmed_by=person, now=NOW)
                return person

        return act

    results = at_once(approving_as(ann), approving_as(ben))
    [first] = [one for one in results if not isinstance(one, Exception)]
    assert [type(one) for one in results if isinstance(one, Exception)] == [WrongRunState]
    others = [one for one in (ann, ben, cleo) if one != first]
    results = at_once(*(confirming_as(one) for one in (first, *others)))
    [second] = [one for one in results if not isinstance(one, Exception)]
    assert second in others
    assert {type(one) for one in results if isinstance(one, Exception)} <= {
        WrongRunState,
        SecondPersonMissing,
    }
    with as_worker():
        approval = RunApproval.objects.get(run=run)
        moves = list(RunMove.objects.filter(run=run).order_by("pk").values_list("after", flat=True))
    assert (approval.approved_by, approval.confirmed_by) == (first, second)
    assert moves == [RunState.REVIEW, RunState.CONFIRMING, RunState.ISSUING]
    assert [name for name, _ in jobs.waiting()].count("billing.tasks.issue_run") == 1
