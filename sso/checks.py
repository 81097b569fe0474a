"""System checks: what must never reach production."""

from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security, deploy=True)
def demo_identity_refused_in_production(app_configs, **kwargs):
    """The demo's identity provider signs anybody in: development settings only."""
    if getattr(settings, "DEMO_IDENTITY", False):
        return [Error("The demo identity provider is on: not for production.", id="sso.E001")]
    return []
