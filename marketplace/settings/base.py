"""Settings shared by every environment. Secrets and addresses come from the environment."""

from pathlib import Path

import django
import environ
import xstatic.pkg.bootstrap
from oscar.defaults import *  # noqa: F403
from psycopg.conninfo import conninfo_to_dict

ROOT = Path(__file__).resolve().parent.parent.parent
env = environ.Env()

# --- Applications ---------------------------------------------------------------------------

INSTALLED_APPS = [
    "marketplace",
    "tenants",
    "catalog",
    "sso",
    "subscriptions",
    "provisioning",
    "billing",
    "marketplace.pages",
    # Oscar: three applications out of sixteen, silent (see catalog/oscar/apps.py).
    "catalog.oscar.apps.SilentCatalogueConfig",
    "catalog.oscar.apps.SilentPartnerConfig",
    "catalog.oscar.apps.SilentAddressConfig",
    "djstripe",
    "procrastinate.contrib.django",
    "mozilla_django_oidc",
    "wagtail.contrib.redirects",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "treebeard",
    "csp",
    "django_htmx",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.contrib.sites",
]
SITE_ID = 1  # asked for by Oscar's communication helpers; Wagtail's own sites are the operators'

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "marketplace.web.policy.OnePolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "sso.middleware.MultiFactorForAdministrations",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "marketplace" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.web.context.navigation",
            ],
            "libraries": {"moulds": "marketplace.web.moulds"},
        },
    }
]
# Compare each filled mould with its component, rendered as well: in the tests (marketplace/web/moulds.py).
MOULDS_CHECKED = False

# --- Database -------------------------------------------------------------------------------

# Three roles, three addresses: a process only gets the one it needs (see design of tenancy in
# tenants/tenancy.py). The web role is subject to row-level security.
DB_ROLE = env.str("HALLE_DB_ROLE", default="web")
DB_URL_VARIABLES = {"web": "DATABASE_URL", "worker": "WORKER_DATABASE_URL", "owner": "OWNER_DATABASE_URL"}


def database(url: str, *, role: str) -> dict:
    """Django's entry for `url`, with the time limits of this kind of process.

    A page that waits five seconds for a lock is broken; a migration may wait for as long as it takes.
    """
    limits = {"web": "-c statement_timeout=15s -c lock_timeout=5s", "worker": "-c lock_timeout=30s"}
    parts = conninfo_to_dict(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        # Statements are prepared where one asks for it by name alone (provisioning/entitlements/prepared.py).
        "OPTIONS": {**parts, "options": limits.get(role, ""), "prepare_threshold": 5},
        "ATOMIC_REQUESTS": True,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
    }


DATABASES: dict = {}  # each environment says where its database is
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Our fork adds no column to Oscar's products, so Oscar's own migrations serve as they are.
MIGRATION_MODULES = {"catalogue": "oscar.apps.catalogue.migrations"}

# --- People ---------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["sso.backend.OidcBackend"]
LOGIN_URL = "oidc_authentication_init"
LOGIN_REDIRECT_URL = "places"
LOGOUT_REDIRECT_URL = "home"
# Of the provider only the issuer is given: the rest is read from its discovery document (sso/provider.py).
# Asymmetric ones only (a system check refuses others).
OIDC_ALGORITHMS = ["RS256", "PS256", "ES256"]
OIDC_RP_SCOPES = env.str("OIDC_RP_SCOPES", default="openid profile email")
# It verifies every e-mail, and does not say `email_verified` (ProConnect).
OIDC_VERIFIES_EMAIL = env.bool("OIDC_VERIFIES_EMAIL", default=False)
# What the provider's `acr` must be, from a day on: "multi_factor" for whoever administers, keeps the money or
# works for an operator; "strong", within OIDC_STRONG_FOR_SECONDS, to issue invoices or change bank details. A
# code sent by e-mail (eidas1-mfa, which ProConnect falls back on) is not strong. [] for a provider that does
# not tell: nothing is asked then, and a system check says so.
OIDC_ASSURANCE = env.json(
    "OIDC_ASSURANCE",
    default=[
        {
            "since": "2026-01-01",
            "multi_factor": ["eidas0-mfa", "eidas1-mfa", "eidas2", "eidas3"],
            "strong": ["eidas0-mfa", "eidas2", "eidas3"],
        }
    ],
)
OIDC_STRONG_FOR_SECONDS = 3600
OIDC_USE_PKCE = True
OIDC_USE_NONCE = True
OIDC_STATE_SIZE = 43
OIDC_NONCE_SIZE = 43
OIDC_TIMEOUT = 5  # seconds without a byte from the provider
SESSION_COOKIE_AGE = 12 * 3600  # a ProConnect session lasts twelve hours
SESSION_COOKIE_HTTPONLY = True

# The broker whose realm `manage.py apply_realm` keeps as declared, and where the provisioning engine makes
# the services' clients. The secret of its administration is read where it serves, from the environment:
# HALLE_KEYCLOAK_ADMIN_SECRET.
KEYCLOAK = {
    "url": env.str("HALLE_KEYCLOAK_URL", default=""),
    "realm": env.str("HALLE_KEYCLOAK_REALM", default="halle"),
    "stand_in_realm": "proconnect",  # who plays ProConnect in development
    "admin": env.str("HALLE_KEYCLOAK_ADMIN", default="halle-admin"),
    "timeout_seconds": 5,
    # By what goes through all organisations and agents: how often a second Keycloak is asked at most, and how
    # many requests it has at once. The rest of its strength is for sign-ins.
    "asked_per_second": env.int("HALLE_KEYCLOAK_ASKED_PER_SECOND", default=100),
    "asked_at_once": env.int("HALLE_KEYCLOAK_ASKED_AT_ONCE", default=2),
}

# --- Services ask what an organisation may do ------------------------------------------------

# For how many days a service may go on with a signed answer while it cannot ask again.
ENTITLEMENT_VALID_DAYS = env.int("ENTITLEMENT_VALID_DAYS", default=7)

# --- Language and time ----------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "français")]
# Wagtail's administration translates Django's own messages ("Champ requis.") and would speak for our forms.
LOCALE_PATHS = [Path(django.__file__).parent / "conf" / "locale"]
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True

# --- Files ----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [("bootstrap", xstatic.pkg.bootstrap.BASE_DIR)]  # ours are the application's own
# Invoices, deliberations and evidence: never served from an address, only through a page that
# has checked who asks.
MEDIA_ROOT = env.path("HALLE_MEDIA_ROOT", default=str(ROOT / ".halle" / "media"))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MEDIA_ROOT)},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if _bucket := env.str("HALLE_S3_BUCKET", default=""):
    # Its keys: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
    STORAGES["default"] = {
        "BACKEND": "marketplace.storage.Bucket",
        "OPTIONS": {
            "bucket_name": _bucket,
            "endpoint_url": env.str("HALLE_S3_ENDPOINT", default=None),
            "region_name": env.str("HALLE_S3_REGION", default="fr-par"),
        },
    }
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Security -------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "marketplace.web.public.views.csrf_failure"
CONTENT_SECURITY_POLICY = {
    # Wagtail's and Django's administrations write inline scripts: only staff enters them.
    "EXCLUDE_URL_PREFIXES": ("/cms/", "/admin/"),
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    },
}

# --- Libraries ------------------------------------------------------------------------------

OSCAR_DEFAULT_CURRENCY = "EUR"
# Oscar's product search would need a search engine of its own: ours is PostgreSQL's.
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}

WAGTAIL_SITE_NAME = "Halle"
WAGTAILADMIN_BASE_URL = env.str("HALLE_BASE_URL", default="http://127.0.0.1:8000")
BASE_URL = WAGTAILADMIN_BASE_URL
WAGTAIL_CONTENT_LANGUAGES = LANGUAGES
WAGTAIL_ENABLE_UPDATE_CHECK = False
WAGTAIL_GRAVATAR_PROVIDER_URL = None  # a fingerprint of each e-mail would leave the house
# Nobody has a password: whoever may not enter the editor is led where she may go, through sign-in.
WAGTAILADMIN_LOGIN_URL = "places"
WAGTAIL_PASSWORD_RESET_ENABLED = False
WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False

WAGTAIL_ALLOW_UNICODE_SLUGS = False  # an address that one can dictate
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = False  # it comes from the identity provider
# Both write letters inside a request; whoever edits an operator's pages publishes them.
WAGTAIL_WORKFLOW_ENABLED = False
WAGTAILADMIN_COMMENTS_ENABLED = False
# Pictures (marketplace/pages/pictures.py): no drawing that may hold a script, none that fills the memory.
WAGTAILIMAGES_EXTENSIONS = ["jpg", "jpeg", "png", "webp"]
WAGTAILIMAGES_MAX_UPLOAD_SIZE = 5 * 1024 * 1024
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 40_000_000
WAGTAILIMAGES_IMAGE_FORM_BASE = "marketplace.pages.pictures.PictureForm"
WAGTAILIMAGES_RENDITION_STORAGE = "marketplace.pages.picture_storage.PictureStorage"
# Who hosts the platform: every legal notice must say it (name, address, telephone).
HALLE_HOST = env.str("HALLE_HOST", default="")

DJSTRIPE_SUBSCRIBER_MODEL = "tenants.Organisation"
DJSTRIPE_SUBSCRIBER_MODEL_MIGRATION_DEPENDENCY = "0001_initial"
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
STRIPE_API_VERSION = "2026-08-26.dahlia"  # the version of the locked SDK; a test compares them
STRIPE_LIVE_MODE = False


# Letters are sent by the worker alone (tenants/letters.py). In seconds, for each exchange with the server.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Halle <ne-pas-repondre@halle.example>")

# Addresses given by others may not lead to private networks (no request forgery through them), and are https.
ALLOW_PRIVATE_ADDRESSES = False

# Whom members' domains are asked of, as "address:port"; "" for the machine's own resolver.
DNS_RESOLVER = env.str("HALLE_DNS_RESOLVER", default="")

# For offers opened by Terraform, in the workers only: the folder of the modules that are allowed, and the S3
# bucket of their states, whose key is in HALLE_TERRAFORM_STATE_KEY and _SECRET.
TERRAFORM = {
    "binary": env.str("HALLE_TERRAFORM", default="terraform"),
    "modules": env.str("HALLE_TERRAFORM_MODULES", default=""),
    "cli_config": env.str("HALLE_TERRAFORM_CLI_CONFIG", default=""),
    "state_bucket": env.str("HALLE_TERRAFORM_STATE_BUCKET", default=""),
    "state_region": env.str("HALLE_TERRAFORM_STATE_REGION", default="eu-west-3"),
    "state_endpoint": env.str("HALLE_TERRAFORM_STATE_ENDPOINT", default=""),
}

# Where invoices are deposited (Chorus Pro, behind PISTE), in the workers only. For its qualification:
# https://sandbox-oauth.piste.gouv.fr/api/oauth/token and https://sandbox-api.piste.gouv.fr
CHORUS_PRO = {
    "token_url": env.str("HALLE_PISTE_TOKEN_URL", default="https://oauth.piste.gouv.fr/api/oauth/token"),
    "api_url": env.str("HALLE_PISTE_API_URL", default="https://api.piste.gouv.fr"),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # What these say at every start and every minute hides what matters.
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "procrastinate.jobs",
            "procrastinate.periodic",
            "procrastinate.blueprints",
            "stripe",
            "django_tasks",
            "wagtail",
        )
    },
}
