"""Oscar, silenced: its models and pricing primitives, none of its pages, receivers or dashboard.

Each `ready()` does nothing on purpose: Oscar's own would import views of applications that are not
installed. Removing applications one by one from a full Oscar crashes at start; these three do not.
"""

from oscar.apps.address.apps import AddressConfig
from oscar.apps.partner.apps import PartnerConfig
from oscar.core.application import OscarConfig


class SilentCatalogueConfig(OscarConfig):
    label = "catalogue"
    name = "catalog.oscar.catalogue"
    verbose_name = "Catalogue (Oscar)"
    namespace = "catalogue"

    def ready(self):
        """Nothing: no view, no receiver."""

    def get_urls(self):
        """No page of Oscar's shop is reachable."""
        return []


class SilentPartnerConfig(PartnerConfig):
    def ready(self):
        """Nothing: no stock alert to send."""


class SilentAddressConfig(AddressConfig):
    def ready(self):
        """Nothing."""
