"""A small Django application that agents enter through Halle: what a vendor writes with mozilla-django-oidc.

`python -m tests.sso.keycloak.django_service PORT FOLDER` reads from the environment what its vendor was given
(SERVICE_ISSUER, SERVICE_CLIENT_ID, SERVICE_SECRET). It has no line of Halle in it.
"""

import os
import sys
from urllib.parse import urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
import jwt
from django.conf import settings

NAME = "Cantine de Django"


def configure(port: int, folder: str) -> None:
    """Its settings, all of them."""
    issuer = os.environ["SERVICE_ISSUER"]
    endpoint = f"{issuer}/protocol/openid-connect"
    settings.configure(
        SECRET_KEY="of a test",
        DEBUG=True,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="tests.sso.keycloak.django_service",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "mozilla_django_oidc",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/service.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        AUTHENTICATION_BACKENDS=["tests.sso.keycloak.django_service_backend.Backend"],
        SESSION_COOKIE_NAME="cantine",  # of one address with others, here
        OIDC_RP_CLIENT_ID=os.environ["SERVICE_CLIENT_ID"],
        OIDC_RP_CLIENT_SECRET=os.environ["SERVICE_SECRET"],
        OIDC_RP_SIGN_ALGO="RS256",
        OIDC_RP_SCOPES="openid",
        OIDC_USE_PKCE=True,
        OIDC_STORE_ID_TOKEN=True,
        OIDC_OP_AUTHORIZATION_ENDPOINT=f"{endpoint}/auth",
        OIDC_OP_TOKEN_ENDPOINT=f"{endpoint}/token",
        OIDC_OP_USER_ENDPOINT=f"{endpoint}/userinfo",
        OIDC_OP_JWKS_ENDPOINT=f"{endpoint}/certs",
        OIDC_OP_LOGOUT_URL_METHOD="tests.sso.keycloak.django_service.leave",
        ALLOW_LOGOUT_GET_METHOD=True,
        LOGIN_REDIRECT_URL="/",
        LOGIN_REDIRECT_URL_FAILURE="/refuse/",
        SERVICE_ENDPOINT=endpoint,
        SERVICE_ISSUER=issuer,
        SERVICE_HOME=f"http://127.0.0.1:{port}/",
    )


def leave(request) -> str:
    """Where Keycloak signs people out, and brings them back."""
    back = {
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": f"{settings.SERVICE_HOME}au-revoir",
    }
    return f"{settings.SERVICE_ENDPOINT}/logout?{urlencode(back)}"


def patterns() -> list:
    """Its pages."""
    from django.contrib.sessions.models import Session
    from django.http import HttpResponse
    from django.shortcuts import redirect
    from django.urls import include, path
    from django.views.decorators.csrf import csrf_exempt

    def home(request):
        if not request.user.is_authenticated:
            return redirect("oidc_authentication_init")
        claims = jwt.decode(request.session["oidc_id_token"], options={"verify_signature": False})
        request.session["sid"] = claims["sid"]
        return HttpResponse(
            f"<h1>{NAME}</h1><p>{claims['given_name']} pour {claims['organization_siret']}</p>"
            '<a href="/oidc/logout/">Sortir</a>'
        )

    @csrf_exempt
    def told(request):
        """Back-Channel Logout 1.0, 2.6, as far as this test goes."""
        token = request.POST["logout_token"]
        key = jwt.PyJWKClient(settings.OIDC_OP_JWKS_ENDPOINT).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=settings.OIDC_RP_CLIENT_ID,
            issuer=settings.SERVICE_ISSUER,
        )
        for session in Session.objects.all():
            if session.get_decoded().get("sid") == claims["sid"]:
                session.delete()
        return HttpResponse()

    return [
        path("", home),
        path("refuse/", lambda request: HttpResponse("<h1>Accès refusé</h1>", status=403)),
        path("au-revoir", lambda request: HttpResponse("<h1>Au revoir</h1>")),
        path("fin", told),
        path("oidc/", include("mozilla_django_oidc.urls")),
    ]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def main() -> None:
    """Serves until it is stopped."""
    port, folder = int(sys.argv[1]), sys.argv[2]
    configure(port, folder)
    django.setup()
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application

    call_command("migrate", verbosity=0)
    make_server("127.0.0.1", port, get_wsgi_application(), handler_class=_Quiet).serve_forever()


if __name__ == "__main__":
    main()
else:
    urlpatterns = patterns()
