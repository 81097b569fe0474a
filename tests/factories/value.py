"""Value files."""

import factory

from subscriptions.models import ValueFile, ValueReview
from tests.factories.base import NOW, Factory


class ValueFileFactory(Factory):
    """Two days of training, then 600 € a year, for 1 000 € saved a year, over three years."""

    class Meta:
        model = ValueFile

    tenant = factory.SubFactory("tests.factories.tenants.OrganisationFactory")
    listing = factory.SubFactory("tests.factories.catalog.ListingFactory")
    service_name = factory.SelfAttribute("listing.sheet.name")
    assumptions = factory.LazyFunction(
        lambda: {
            "years": 3,
            "rate": "3.20",
            "first_cents": 60_000,
            "later_cents": 60_000,
            "necessity": 3,
            "necessity_reason": "La loi y oblige en 2028.",
            "costs": [{"label": "Formation", "quantity": "2", "unit_cents": 15_000, "every": "once"}],
            "gains": [{"label": "Heures de saisie", "quantity": "40", "unit_cents": 2_500}],
            "qualities": [{"label": "Moins d’erreurs", "whom": "users", "grade": 4}],
            "risks": [
                {
                    "label": "Reprise des données",
                    "probability": 2,
                    "impact": 3,
                    "mitigation": "Un essai à blanc.",
                }
            ],
        }
    )
    written_by = factory.SubFactory("tests.factories.tenants.UserFactory")
    written_at = NOW


class ValueReviewFactory(Factory):
    class Meta:
        model = ValueReview

    file = factory.SubFactory(ValueFileFactory)
    tenant = factory.SelfAttribute("file.tenant")
    year = 1
    expected_price_cents = price_cents = 60_000
    expected_costs_cents = costs_cents = 30_000
    expected_gains_cents = 100_000
    gains_cents = 80_000
    invoiced = True
    note = "Les familles ont suivi."
    written_by = factory.SubFactory("tests.factories.tenants.UserFactory")
    written_at = NOW
