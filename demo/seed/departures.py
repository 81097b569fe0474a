"""Departures, by the path of the Data Act, each step on its day."""

from datetime import date, timedelta

from billing import credits
from billing.models import Closing
from demo.seed.bills import jobs_forgotten
from demo.seed.decisions import act_pdf
from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE
from demo.seed.people import holders
from provisioning import operations as provisioning
from provisioning.models import Event, Run
from subscriptions import leaving, leaving_terms
from subscriptions.models import Destination, Exit, State, Subscription
from tenants.models import Role, User

UNTIL = date(2026, 11, 26)
# At the syndicat, one in its notice, one whose certificate is awaited, one that is over: service, day, where
# to, why. The first two services are Tablée Douce's; the last one is closed by hand.
LEAVING = (
    (
        "cantinelle",
        date(2026, 11, 12),
        Destination.PROVIDER,
        "Nous rejoignons le logiciel de notre intercommunalité.",
    ),
    ("cantinelle", date(2026, 6, 29), Destination.OWN, "La cantine ferme avec l’école."),
    ("registre-fidele", date(2026, 6, 8), Destination.ERASURE, "Nous n’en avons plus l’usage."),
)
OF_MAIN = (
    "demarches-du-bourg",
    date(2026, 11, 19),
    Destination.PROVIDER,
    "Nous rejoignons la plateforme du département.",
)


def make_departures() -> None:
    """At the syndicat, the last one to its end; and one of the main commune in its notice."""
    curators = holders(Role.CURATOR)
    stays = (
        Subscription.objects.filter(operator__slug=BRUMELLE.slug, state=State.ACTIVE, exits__isnull=True)
        .exclude(tenant__territory__code=MAIN)
        .select_related("tenant", "operator", "listing__offer__product__sheet__vendor__organisation")
        .order_by("pk")
    )
    with jobs_forgotten():
        for service, day, destination, reason in LEAVING:
            subscription = stays.filter(
                listing__offer__product__sheet__slug=service, active_from__lt=day
            ).first()
            departure = leave(subscription=subscription, on=day, destination=destination, reason=reason)
        finish(departure, by=curators[subscription.operator.organisation_id])
        service, day, destination, reason = OF_MAIN
        leave(
            subscription=Subscription.objects.select_related("tenant", "listing").get(
                tenant__territory__code=MAIN,
                listing__offer__product__sheet__slug=service,
                state=State.ACTIVE,
            ),
            on=day,
            destination=destination,
            reason=reason,
        )


def leave(*, subscription: Subscription, on: date, destination: Destination, reason: str) -> Exit:
    """Notice is given that day; the departure then goes as far as its days allow. Jobs are the caller's."""
    terms = leaving_terms.terms_of(subscription=subscription, on=on)
    departure = leaving.request_exit(
        subscription=subscription,
        by=holders(Role.SIGNATORY)[subscription.tenant_id],
        destination=destination,
        leaves_on=leaving_terms.earliest(terms=terms, today=on),
        reason=reason,
        now=at(on, 11),
    )
    for day in (departure.transition_from, departure.retrieval_from, departure.erasure_from):
        if day <= UNTIL:
            leaving.advance(exit_id=departure.pk, now=at(day, 4))
    if closing := Closing.objects.filter(subscription=subscription).first():
        credits.settle_closing(closing_id=closing.pk, now=at(departure.retrieval_from, 4, 1))
    departure.refresh_from_db()
    return departure


def finish(departure: Exit, *, by: User) -> None:
    """The service is closed by hand, and the certificate that the data are erased put on record."""
    subscription, day = departure.subscription, departure.erasure_from + timedelta(days=5)
    run = Run.objects.get(subscription=subscription, event=Event.CLOSE)
    provisioning.take_turn(run_id=run.pk, now=at(departure.erasure_from, 4, 1))
    provisioning.mark_done(step=run.steps.get(), by=by, service_url="", now=at(day, 10))
    certificate = act_pdf(
        organisation=subscription.listing.vendor.organisation.name,
        number=f"EFF-{day:%Y-%m%d}",
        day=day,
        subject=f"effacement des données de {subscription.tenant.name}, {subscription.service_name}",
    )
    leaving.certify(leaving=departure, on=day, file=certificate, by=by, now=at(day, 11))
