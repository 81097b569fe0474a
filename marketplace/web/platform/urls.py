"""Pages of the platform's staff."""

from django.urls import path

from marketplace.web.platform import operators

urlpatterns = [
    path("", operators.home, name="platform_home"),
    path("operateurs/nouveau/", operators.new, name="platform_operator_new"),
    path("operateurs/<slug:slug>/", operators.detail, name="platform_operator"),
    path("operateurs/<slug:slug>/inviter/", operators.invite, name="platform_operator_invite"),
]
