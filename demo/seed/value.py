"""The value file of one service of the main commune, as its secretary and mayor could have written it."""

from datetime import date, datetime
from decimal import Decimal

from demo.seed.members import MAIN
from demo.seed.moments import at
from demo.seed.people import holders
from subscriptions.models import Subscription
from subscriptions.value import files
from subscriptions.value.assumptions import Assumptions, Cost, Every, Gain, Quality, Risk, Whom
from tenants.models import Role

SERVICE = "demarches-du-bourg"
DAY = date(2026, 1, 14)


def make_value_file() -> None:
    """Written some days after the request."""
    subscription = Subscription.objects.get(
        tenant__territory__code=MAIN, listing__offer__product__sheet__slug=SERVICE
    )
    organisation, listing, written = subscription.tenant, subscription.listing, at(DAY)
    first, later = files.price_over_term(listing=listing, organisation=organisation, on=DAY)
    files.write(
        listing=listing,
        organisation=organisation,
        assumptions=_supposed(first, later, written),
        revision=0,
        by=holders(Role.SECRETARY)[organisation.pk],
        now=written,
    )


def _supposed(first: int, later: int, on: datetime) -> Assumptions:
    return Assumptions(
        years=5,
        rate=Decimal(files.rate_on(on.date()).percent),
        first_cents=first,
        later_cents=later,
        necessity=4,
        necessity_reason="La saisine par voie électronique est un droit des usagers.",
        costs=(
            Cost(
                label="Formation de la secrétaire, en jours",
                quantity=Decimal(2),
                unit_cents=24_000,
                every=Every.ONCE,
            ),
            Cost(
                label="Reprise des formulaires, en jours",
                quantity=Decimal("1.5"),
                unit_cents=19_000,
                every=Every.ONCE,
            ),
            Cost(
                label="Tenue des formulaires, en jours",
                quantity=Decimal(1),
                unit_cents=19_000,
                every=Every.YEAR,
            ),
        ),
        gains=(
            Gain(label="Heures d’accueil et de saisie", quantity=Decimal(46), unit_cents=2_700),
            Gain(label="Courriers et affranchissement", unit_cents=14_000),
        ),
        qualities=(
            Quality(label="Une demande ne se perd plus", whom=Whom.AGENTS, grade=4),
            Quality(label="Moins d’interruptions à l’accueil", whom=Whom.AGENTS, grade=3),
            Quality(label="Des démarches à toute heure", whom=Whom.USERS, grade=5),
        ),
        risks=(
            Risk(
                label="Des habitants ne s’en servent pas",
                probability=2,
                impact=2,
                mitigation="L’accueil remplit la démarche avec eux.",
            ),
            Risk(
                label="La secrétaire s’en va",
                probability=1,
                impact=3,
                mitigation="Un mode d’emploi, et une élue formée.",
            ),
        ),
    )
