"""Sign-in and sign-out. The library's views, opened to people who are not signed in yet."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from mozilla_django_oidc.views import OIDCAuthenticationRequestView, OIDCLogoutView

from sso.views import Callback

urlpatterns = [
    path("callback/", login_not_required(Callback.as_view()), name="oidc_authentication_callback"),
    path(
        "authenticate/",
        login_not_required(OIDCAuthenticationRequestView.as_view()),
        name="oidc_authentication_init",
    ),
    path("logout/", OIDCLogoutView.as_view(), name="oidc_logout"),
]
