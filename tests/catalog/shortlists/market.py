"""A commune, its operator, and a shelf to choose from."""

from datetime import date

from catalog.models import Listing, Shortlist
from catalog.shortlists import deciding, preparing
from tenants.models import Operator, Organisation, Role
from tests.factories import (
    AdhesionFactory,
    ClaimFactory,
    ListingFactory,
    MembershipFactory,
    OperatorFactory,
    OrganisationFactory,
)
from tests.factories.base import NOW

REASONS = "Il répond au besoin, et son éditeur garde nos données en France."


class Market:
    """A commune of 860 inhabitants adheres; three services of canteen, the first one with claims."""

    def __init__(self):
        self.operator: Operator = OperatorFactory(short_name="Mutu")
        self.commune: Organisation = OrganisationFactory(
            territory__name="Essai-le-Bourg", territory__population=860
        )
        AdhesionFactory(operator=self.operator, organisation=self.commune)
        self.secretary = MembershipFactory(organisation=self.commune, role=Role.SECRETARY).user
        self.mayor = MembershipFactory(organisation=self.commune, role=Role.SIGNATORY).user
        self.listings: list[Listing] = [
            ListingFactory(operator=self.operator, sheet__name=name, **more)
            for name, more in (
                ("Cantine Une", {"sheet__hosting": "En France", "sheet__licence": "Libre"}),
                ("Cantine Deux", {"grid__flat": True}),
                ("Cantine Trois", {"grid__exempt": True}),
            )
        ]
        sheet = self.listings[0].sheet
        ClaimFactory(documented=True, sheet=sheet, valid_until=date(2030, 12, 31))
        ClaimFactory(
            verified=True,
            sheet=sheet,
            topic="environment",
            value={"renewable_percent": 80, "evidence": "x"},
            valid_until=date(2020, 1, 1),
        )

    def by_secretary(self, **values):
        return {"by": self.secretary, "now": NOW, **values}

    def shortlist(self, *, services: int = 3, **values) -> Shortlist:
        found = preparing.open_shortlist(
            organisation=self.commune,
            operator=self.operator,
            **self.by_secretary(
                **{"title": "Un logiciel de cantine", "need": "Inscrire 60 enfants.", **values}
            ),
        )
        preparing.add_items(shortlist=found, listings=self.listings[:services], **self.by_secretary())
        return found

    def frozen(self, **values) -> Shortlist:
        found = self.shortlist(**values)
        deciding.freeze(shortlist=found, **self.by_secretary())
        return found

    def decided(self, *, chosen: int | None = 0, **values) -> Shortlist:
        return deciding.decide(
            shortlist=self.frozen(**values),
            chosen=None if chosen is None else self.listings[chosen],
            criteria=["fit", "environment", "price"],
            reasons=REASONS,
            by=self.mayor,
            now=NOW,
        )
