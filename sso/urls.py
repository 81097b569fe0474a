"""Sign-in and sign-out, opened to people who are not signed in yet."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from mozilla_django_oidc.views import OIDCLogoutView

from sso.views import Callback, Start

urlpatterns = [
    path("callback/", login_not_required(Callback.as_view()), name="oidc_authentication_callback"),
    path("authenticate/", login_not_required(Start.as_view()), name="oidc_authentication_init"),
    path("logout/", OIDCLogoutView.as_view(), name="oidc_logout"),
]
