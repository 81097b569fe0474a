"""Sign-in and sign-out, opened to people who are not signed in yet."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from sso import logout, stepping_up
from sso.views import Callback, Start

urlpatterns = [
    path("callback/", login_not_required(Callback.as_view()), name="oidc_authentication_callback"),
    path("authenticate/", login_not_required(Start.as_view()), name="oidc_authentication_init"),
    path("reprendre/", stepping_up.resume, name="oidc_resume"),
    path("logout/", logout.sign_out, name="oidc_logout"),
    # The exact address that is registered at the provider (post_logout_redirect_uri).
    path("logout/fin/", logout.signed_out, name="oidc_signed_out"),
    # And the one where it tells of a logout (backchannel_logout_uri).
    path("backchannel-logout/", logout.told, name="oidc_backchannel_logout"),
]
