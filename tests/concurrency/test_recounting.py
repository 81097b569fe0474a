"""Two acts on the parts of a key at the same moment: two workers, a worker and a payer that leaves."""

from datetime import date
from itertools import pairwise

import pytest
from django.db import transaction

from subscriptions import paying, recounting
from subscriptions.models import CostKeyRecount, PayerShare, ShareSide, ShareState
from tenants.tenancy import tenant_scope
from tests.factories import UserFactory
from tests.subscriptions.test_cost_keys import communes, held, shares_of
from tests.subscriptions.test_recounting import NEXT, NIGHT, agreed, counted, running
from tests.tools.database import as_worker
from tests.tools.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["agreed", "communes", "held"]  # fixtures


def work() -> int:
    with as_worker():
        return recounting.recount_due(on=NIGHT.date(), now=NIGHT)


def test_two_workers_count_once(held, communes, agreed):
    counted(communes, 2_000, 4_000, 4_000)
    assert sorted(at_once(*[work] * 3)) == [0, 0, 1]
    assert running(held, NEXT)["Évran"][1] == ShareState.AGREED
    with as_worker():
        assert CostKeyRecount.objects.count() == 1


def test_a_payer_that_leaves_meanwhile_never_pays_twice(held, communes, agreed):
    counted(communes, 2_000, 4_000, 4_000)
    share = shares_of(held)["Évran"]
    by = UserFactory()

    def leave():
        with transaction.atomic(), tenant_scope([share.payer_id, share.tenant_id]):
            side = ShareSide.PAYER
            paying.end(share=share, on=date(2028, 3, 1), reason="Fin.", side=side, by=by, now=NIGHT)

    at_once(work, leave)
    with as_worker():
        shares = list(PayerShare.objects.binding().filter(payer=share.payer_id).order_by("starts"))
    # Whoever came second was refused, or found what the first had left.
    assert shares[0].starts == date(2027, 1, 1)
    for one, after in pairwise(shares):
        assert one.ends <= after.starts
