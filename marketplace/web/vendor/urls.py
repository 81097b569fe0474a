"""Pages of a vendor: <siren> names it (marketplace.web.access.vendor_view)."""

from django.urls import path

from marketplace.web.vendor import services

urlpatterns = [path("", services.home, name="vendor_home")]
