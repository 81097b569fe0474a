"""Production: everything that differs from place to place comes from the environment."""

from marketplace.settings.base import *  # noqa: F403
from marketplace.settings.base import DB_ROLE, DB_URL_VARIABLES, STORAGES, database, env

DEBUG = False
SECRET_KEY = env.str("SECRET_KEY")
# The first seals, all open: a key is changed without an interruption (tenants/sealing.py).
SECRET_KEYS_AT_REST = env.list("SECRET_KEYS_AT_REST")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
DATABASES = {"default": database(env.str(DB_URL_VARIABLES[DB_ROLE]), role=DB_ROLE)}

SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31536000
# Storefronts live on operators' own domains: what their other subdomains do is not ours to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

OIDC_ISSUER = env.str("OIDC_ISSUER")
OIDC_RP_CLIENT_ID = env.str("OIDC_RP_CLIENT_ID")
OIDC_RP_CLIENT_SECRET = env.str("OIDC_RP_CLIENT_SECRET")

# A JWK Set of private keys, the one that signs first: `manage.py new_entitlement_key` writes one.
ENTITLEMENT_KEYS = env.str("ENTITLEMENT_KEYS")

STRIPE_LIVE_MODE = env.bool("STRIPE_LIVE_MODE", default=True)
STRIPE_LIVE_SECRET_KEY = env.str("STRIPE_LIVE_SECRET_KEY", default="")

# smtp://user:password@host:587, smtp+tls://… or smtp+ssl://…; without it, this machine's own mail server.
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))

STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
