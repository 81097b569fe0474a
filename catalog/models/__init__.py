from catalog.models.listing import Listing, ListingState
from catalog.models.price_grid import PriceGrid, VatCategory
from catalog.models.service import Family, ServiceSheet, Vendor

__all__ = ["Family", "Listing", "ListingState", "PriceGrid", "ServiceSheet", "VatCategory", "Vendor"]
