"""`make run`: the demo on one's own machine. Refused in production by a system check (sso.checks)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from marketplace.settings.base import *  # noqa: F403
from marketplace.settings.base import (
    DB_ROLE,
    DB_URL_VARIABLES,
    INSTALLED_APPS,
    KEYCLOAK,
    MEDIA_ROOT,
    TIME_ZONE,
    database,
    env,
)
from provisioning.sealing_checks import DEVELOPMENT_KEY

DEBUG = env.bool("HALLE_DEBUG", default=True)
SECRET_KEY = "development only, never in production"  # noqa: S105
SECRET_KEYS_AT_REST = [DEVELOPMENT_KEY]
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["demo", *INSTALLED_APPS]

if url := env.str(DB_URL_VARIABLES[DB_ROLE], default=""):
    DATABASES = {"default": database(url, role=DB_ROLE)}
else:
    from devstack import database as embedded

    DATABASES = {"default": database(embedded.urls()[DB_ROLE], role=DB_ROLE)}

# The identity provider of the demo (demo/identity): it signs without a key id and asks no password.
_identity = env.str("HALLE_IDENTITY_URL", default="http://127.0.0.1:9400")
OIDC_ISSUER = _identity
OIDC_RP_CLIENT_ID = "halle"
OIDC_RP_CLIENT_SECRET = "demo"  # noqa: S105
DEMO_IDENTITY = True
# `make keycloak`
KEYCLOAK = {
    **KEYCLOAK,
    "url": env.str("HALLE_KEYCLOAK_URL", default="http://127.0.0.1:8081"),
    "development_secret": "development only",
}

STRIPE_API_HOST = env.str("STRIPE_API_HOST", default="http://127.0.0.1:12111")
STRIPE_TEST_SECRET_KEY = env.str("STRIPE_TEST_SECRET_KEY", default="sk_test_000000000000000000000000")

# No portal unless one is named: the bodies of the demo, and their invoices, are invented.
_portal = "http://127.0.0.1:12112"
CHORUS_PRO = {
    "token_url": env.str("HALLE_PISTE_TOKEN_URL", default=f"{_portal}/api/oauth/token"),
    "api_url": env.str("HALLE_PISTE_API_URL", default=_portal),
}

# In everybody's hands: refused in production by a system check (provisioning.entitlements.checks).
ENTITLEMENT_KEYS = (
    '{"keys": [{"kty": "EC", "crv": "P-256", "x": "HTMyQapE4SQ6clDJuZWAeePOaHUwkt_oILDbjTFBfBg",'
    ' "y": "QcdrFLocmfmxWPbdmjevbrOjKiDszAIhwOu0jGbr0XU",'
    ' "d": "fWYj7sdYCnik7CtZx8JoCV1qiERqAGzw2-mQsITHyaA"}]}'
)

ALLOW_PRIVATE_ADDRESSES = True
# Each letter is a file beside the media folder, where one finds the link of an invitation.
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = f"{MEDIA_ROOT}/../mail"

# HALLE_TODAY=2027-03-31: the hours pass as they do, from that day on. The demo tells of the autumn of 2026.
if today := env.str("HALLE_TODAY", default=""):
    _clock, _away = timezone.now, date.fromisoformat(today) - datetime.now(ZoneInfo(TIME_ZONE)).date()
    timezone.now = lambda: _clock() + _away
