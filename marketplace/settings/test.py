"""Tests: the web role over a real PostgreSQL, real HTTP to the fakes, no network beyond."""

from marketplace.settings.development import *  # noqa: F403

DEBUG = False
# Most tests sign in without a provider, which would have said how sure it is: tests/sso asks it.
OIDC_ASSURANCE: list[dict] = []
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files straight from the sources: no `collectstatic` before the tests.
MOULDS_CHECKED = True
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
