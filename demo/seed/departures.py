"""Two departures: one in its notice, one whose data can still be fetched."""

from datetime import date

from demo.seed.bills import jobs_forgotten
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from subscriptions import leaving
from subscriptions.models import Destination, State, Subscription
from tenants.models import Role

LEAVING = (
    (date(2026, 8, 10), Destination.PROVIDER, "Nous rejoignons le logiciel de notre intercommunalité."),
    (date(2026, 11, 12), Destination.OWN, "Nous n’en avons plus l’usage."),
)
UNTIL = date(2026, 11, 20)


def make_departures(*, history: list[Subscription]) -> None:
    """By the real verbs, each on its day."""
    signatories = holders(Role.SIGNATORY)
    ids = [one.pk for one in history if one.tenant.territory.code != MAIN and one.tenant_id in signatories]
    still_open = Subscription.objects.filter(pk__in=ids, state=State.ACTIVE).select_related(
        "tenant", "operator", "listing__offer__product__sheet"
    )
    with jobs_forgotten():
        for subscription, (day, destination, reason) in zip(
            still_open.order_by("pk")[40:42], LEAVING, strict=True
        ):
            terms = leaving.terms_of(subscription=subscription, on=day)
            leaving.request_exit(
                subscription=subscription,
                by=signatories[subscription.tenant_id],
                destination=destination,
                leaves_on=leaving.earliest(terms=terms, today=day),
                reason=reason,
                now=at(day, 11),
            )
        leaving.advance_exits(now=at(UNTIL, 4))
