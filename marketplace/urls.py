"""Every address of Halle. A new one needs its row in tests/permissions/."""

from django.apps import apps
from django.contrib import admin
from django.shortcuts import redirect
from django.urls import include, path
from django.views.generic import RedirectView

from marketplace.pages import admin_urls as wagtailadmin_urls
from marketplace.web import converters  # noqa: F401 names <siren:…> before any address uses it
from marketplace.web.api import applications, callbacks, entitlements, usage
from marketplace.web.api.urls import urls as api_urls
from marketplace.web.commune import urls as commune_urls
from marketplace.web.operator import urls as operator_urls
from marketplace.web.organisation import urls as organisation_urls
from marketplace.web.person import relinking
from marketplace.web.person import urls as person_urls
from marketplace.web.person.applications import my_applications
from marketplace.web.platform import urls as platform_urls
from marketplace.web.public import urls as public_urls
from marketplace.web.vendor import urls as vendor_urls

# Both administrations have a password form of their own, and nobody has a password.
admin.site.login = lambda request, extra_context=None: redirect("places")

handler400 = "marketplace.web.public.views.bad_request"
handler403 = "marketplace.web.public.views.forbidden"
handler404 = "marketplace.web.public.views.not_found"
handler500 = "marketplace.web.public.views.server_error"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("cms/login/", RedirectView.as_view(pattern_name="places"), name="editor_login"),
    path("cms/", include(wagtailadmin_urls)),
    path("stripe/", include("djstripe.urls", namespace="djstripe")),
    path("oidc/", include("sso.urls")),
    path("api/v1/usage/", usage.receive, name="usage"),
    path("api/v1/callbacks/<str:door>/", callbacks.receive, name="vendor_callback"),
    path("api/v1/", api_urls),
    # The address that st-deploycenter gives it.
    path("api/v1.0/entitlements/", entitlements.entitlements, name="entitlements"),
    path("api/v1.0/entitlements/signed/", entitlements.entitlements_signed, name="entitlements_signed"),
    path("api/v1.0/lagaufre/services/", applications.lagaufre_services, name="lagaufre_services"),
    path(".well-known/jwks.json", entitlements.entitlement_keys, name="entitlement_keys"),
    path("collectivites/<siren:siren>/", include(commune_urls)),
    path("operateurs/<slug:operator>/", include(operator_urls)),
    path("editeurs/", include(vendor_urls.door_urlpatterns)),
    path("editeurs/<siren:siren>/", include(vendor_urls)),
    path("organisations/<siren:siren>/", include(organisation_urls)),
    path("plateforme/", include(platform_urls)),
    path("mes-donnees/", include(person_urls)),
    path("rattachements/<uuid:relink>/", relinking.settle, name="relink"),
    path("mes-applications/", my_applications, name="my_applications"),
    path("", include(public_urls)),
]

if apps.is_installed("demo"):
    urlpatterns += [path("styleguide/", include("demo.styleguide"))]
