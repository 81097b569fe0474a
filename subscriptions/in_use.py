"""The services that organisations use today: their own, and those that their intercommunality gives them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from catalog.models import Listing, ServiceSheet
from subscriptions.models import Cover, State, Subscription
from tenants.models import Organisation
from tenants.tenancy import tenant_scope

ENTERED = (State.ACTIVE, State.SUSPENDED, State.TERMINATING)
SHOWN = ("listing__offer__product__sheet", "listing__approved_revision")


@dataclass(frozen=True)
class InUse:
    """`url` is "" while the service is suspended, or when its vendor gave no address. `given_by`: the
    intercommunality whose subscription it is."""

    organisation_id: int
    listing: Listing
    name: str
    state: State
    url: str
    given_by: Organisation | None = None

    @property
    def sheet(self) -> ServiceSheet:
        return self.listing.shown


def services_in_use(*, organisations: Iterable[Organisation], on: date) -> list[InUse]:
    """What these organisations have that day, by name: opened and not ended. Opens the scopes it needs.
    Two queries, three when an intercommunality gives some."""
    ids = [organisation.pk for organisation in organisations]
    with tenant_scope(ids):
        own = Subscription.objects.filter(tenant__in=ids, state__in=ENTERED).select_related(*SHOWN)
        found = [_in_use(row, row.tenant_id) for row in own]
        covers = list(Cover.objects.in_force(on=on).filter(tenant__in=ids).select_related("covering"))
    if covers:
        with tenant_scope({cover.covering_id for cover in covers}):
            rows = Subscription.objects.filter(
                pk__in=[cover.subscription_id for cover in covers], state__in=ENTERED
            )
            theirs = {row.pk: row for row in rows.select_related(*SHOWN)}
        found += [
            _in_use(theirs[cover.subscription_id], cover.tenant_id, given_by=cover.covering)
            for cover in covers
            if cover.subscription_id in theirs
        ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.listing.pk, one.organisation_id))


def _in_use(row: Subscription, organisation_id: int, *, given_by: Organisation | None = None) -> InUse:
    state = State(row.state)
    return InUse(
        organisation_id=organisation_id,
        listing=row.listing,
        name=row.service_name,
        state=state,
        # Until the data of a service that is left can no longer be fetched, its agents enter it.
        url="" if state == State.SUSPENDED else row.service_url,
        given_by=given_by,
    )
