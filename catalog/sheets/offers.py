"""The vendor's offer of a service: Oscar's stock record, which operators list and services are opened by."""

from oscar.core.loading import get_model

from catalog.models import ServiceSheet


def offer_of(sheet: ServiceSheet):
    """The offer of this service by its vendor, made if there is none."""
    offer, _ = get_model("partner", "StockRecord").objects.get_or_create(
        product=sheet.product,
        partner=sheet.vendor.partner,
        defaults={"partner_sku": sheet.slug, "price_currency": "EUR"},
    )
    return offer
