"""Pages of the platform's staff."""

from django.urls import path

from marketplace.web.platform import claims, operators, vendors

urlpatterns = [
    path("", operators.home, name="platform_home"),
    path("operateurs/nouveau/", operators.new, name="platform_operator_new"),
    path("operateurs/<slug:slug>/", operators.detail, name="platform_operator"),
    path("operateurs/<slug:slug>/inviter/", operators.invite, name="platform_operator_invite"),
    path("engagements/", claims.claim_list, name="platform_claims"),
    path("engagements/<uuid:public_id>/", claims.claim, name="platform_claim"),
    path("editeurs/", vendors.home, name="platform_vendors"),
    path("editeurs/conditions/", vendors.terms, name="platform_vendor_terms"),
    path("editeurs/demandes/<uuid:public_id>/", vendors.application, name="platform_vendor_application"),
    path("editeurs/<siren:siren>/", vendors.vendor, name="platform_vendor"),
    path("editeurs/<siren:siren>/suspendre/", vendors.suspend, name="platform_vendor_suspend"),
    path("editeurs/<siren:siren>/retablir/", vendors.resume, name="platform_vendor_resume"),
]
