"""Vendors, service sheets, offers, listings with their price grids."""

from datetime import date
from decimal import Decimal

import factory
from oscar.core.loading import get_model

from catalog.finding.indexing import refresh
from catalog.models import (
    Family,
    GridState,
    Listing,
    ListingState,
    PriceGrid,
    ServiceSheet,
    VatCategory,
    VatDecision,
    VatEligibility,
    VatRate,
    Vendor,
)
from tests.factories.base import IN_FORCE_FROM, NOW, Factory
from tests.factories.tenants import OperatorFactory, OrganisationFactory
from tests.tools.database import as_worker

FLAT = {
    "pattern": "flat_by_stratum",
    "measure": "inhabitants",
    "population_kind": "municipale",
    "strata": [{"upper": 1000, "amount": "120"}, {"lower": 1001, "amount": "480"}],
}
PER_INHABITANT = {"pattern": "per_inhabitant", "population_kind": "municipale", "rate": "0.30"}
MARGINAL = {
    "pattern": "marginal_tranches",
    "population_kind": "totale",
    "tranches": [{"up_to": 500, "rate": "0.40"}, {"rate": "0.20"}],
}
FIXED = {
    "pattern": "fixed_plus_variable",
    "population_kind": "dgf",
    "fixed": "100",
    "included": 500,
    "rate": "0.25",
}


class VendorFactory(Factory):
    class Meta:
        model = Vendor

    organisation = factory.SubFactory(OrganisationFactory, company=True)
    partner = factory.LazyAttribute(
        lambda o: get_model("partner", "Partner").objects.create(name=o.organisation.name)
    )


class ProductClassFactory(Factory):
    class Meta:
        model = "catalogue.ProductClass"
        django_get_or_create = ("slug",)

    name = "Téléservice"
    slug = "teleservice"
    requires_shipping = False
    track_stock = False


class ProductFactory(Factory):
    class Meta:
        model = "catalogue.Product"

    product_class = factory.SubFactory(ProductClassFactory)
    title = factory.Sequence(lambda n: f"Service {n}")


class ServiceSheetFactory(Factory):
    class Meta:
        model = ServiceSheet

    name = factory.Sequence(lambda n: f"Cantine-{n}")
    slug = factory.Sequence(lambda n: f"cantine-{n}")
    product = factory.SubFactory(ProductFactory, title=factory.SelfAttribute("..name"))
    vendor = factory.SubFactory(VendorFactory)
    family = Family.CANTEEN
    summary = "Inscriptions et pointage des repas."
    description = "Les familles inscrivent leurs enfants.\n\nLa commune pointe les présences."


class OfferFactory(Factory):
    """A vendor's offer of one service (Oscar's stock record)."""

    class Meta:
        model = "partner.StockRecord"

    class Params:
        sheet = factory.SubFactory(ServiceSheetFactory)

    product = factory.SelfAttribute("sheet.product")
    partner = factory.SelfAttribute("sheet.vendor.partner")
    partner_sku = factory.Sequence(lambda n: f"offre-{n}")


class PriceGridFactory(Factory):
    """0,30 € an inhabitant (municipale) with VAT at 20 % unless a trait says otherwise.

    Patterns: `flat`, `marginal`, `fixed_plus`, `by_member_type`. VAT: `exempt`, `out_of_scope`.
    """

    class Meta:
        model = PriceGrid

    class Params:
        flat = factory.Trait(definition=FLAT)
        marginal = factory.Trait(definition=MARGINAL)
        fixed_plus = factory.Trait(definition=FIXED)
        by_member_type = factory.Trait(
            definition={"pattern": "by_member_type", "grids": {"commune": FLAT}, "otherwise": FIXED}
        )
        exempt = factory.Trait(
            vat_category=VatCategory.EXEMPT,
            vat_rate=Decimal(0),
            vat_reason="Groupement de moyens, article 261 B du CGI",
        )
        out_of_scope = factory.Trait(
            vat_category=VatCategory.OUT_OF_SCOPE,
            vat_rate=Decimal(0),
            vat_reason="Activité hors champ, article 256 B du CGI",
        )

    listing = factory.SubFactory("tests.factories.catalog.ListingFactory", grid=None)
    state = GridState.PUBLISHED
    effective_from = IN_FORCE_FROM
    definition = PER_INHABITANT
    vat_category = VatCategory.STANDARD
    vat_rate = Decimal(20)


class VatDecisionFactory(Factory):
    """Services are taxable since 2026."""

    class Meta:
        model = VatDecision

    operator = factory.SubFactory(OperatorFactory)
    nature = "service"
    treatment = "S"
    since = date(2026, 1, 1)
    source = "Rescrit du 12/03/2025"
    decided_at = NOW


class VatEligibilityFactory(Factory):
    """Communes are eligible to the exemption of article 261 B since 2026."""

    class Meta:
        model = VatEligibility

    operator = factory.SubFactory(OperatorFactory)
    kind = "commune"
    eligible = True
    since = date(2026, 1, 1)
    source = "Rescrit du 12/03/2025"


class VatRateFactory(Factory):
    """A rate of an operator's own, in Corsica."""

    class Meta:
        model = VatRate

    operator = factory.SubFactory(OperatorFactory)
    zone = "corse"
    rate = Decimal(20)
    since = date(2026, 1, 1)
    source = "Rescrit du 12/03/2025"


def _approved(sheet: ServiceSheet, state: str):
    """What the operator approved: the sheet as it is. Nothing for what was never on the shelf."""
    return sheet.save_revision() if state in (ListingState.LISTED, ListingState.SUSPENDED) else None


class ListingFactory(Factory):
    """On an operator's shelf, priced, and open to subscription.

    `grid=None` for none, `grid__flat=True`… for another one; `vehicle=False` for none,
    `vehicle__separate_approver=False`… for another one.
    """

    class Meta:
        model = Listing

    class Params:
        sheet = factory.SubFactory(ServiceSheetFactory)

    operator = factory.SubFactory(OperatorFactory)
    offer = factory.SubFactory(OfferFactory, sheet=factory.SelfAttribute("..sheet"))
    state = ListingState.LISTED
    approved_revision = factory.LazyAttribute(lambda o: _approved(o.offer.product.sheet, o.state))
    grid = factory.RelatedFactory(PriceGridFactory, factory_related_name="listing")

    @factory.post_generation
    def vehicle(self, create, extracted, **kwargs):
        from tests.factories.subscriptions import PurchasingVehicleFactory

        if extracted is not False:
            PurchasingVehicleFactory(operator=self.operator, listing=self, **kwargs)

    @factory.post_generation
    def entry(self, create, extracted, **kwargs):
        """What finds it on the shelf, as the verbs leave it. Call `refresh` again after changing a sheet."""
        with as_worker():
            refresh(listings=[self.pk])


def succeeding_grid(listing: Listing, *, effective_from: date, **grid) -> PriceGrid:
    """A new published version from that day on; the one in force ends the day before, as it must."""
    with as_worker():
        listing.grids.update(effective_until=effective_from)
    return PriceGridFactory(listing=listing, effective_from=effective_from, **grid)
