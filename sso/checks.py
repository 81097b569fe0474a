"""System checks: what must never reach production."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Info, Tags, Warning, register

from sso.automatic import what_is_automatic

ASYMMETRIC = ("RS", "PS", "ES")


@register(Tags.security, deploy=True)
def demo_identity_refused_in_production(app_configs, **kwargs):
    """The demo's identity provider signs anybody in: development settings only."""
    if getattr(settings, "DEMO_IDENTITY", False):
        return [Error("The demo identity provider is on: not for production.", id="sso.E001")]
    return []


@register(Tags.security)
def only_asymmetric_algorithms(app_configs, **kwargs):
    """With a shared secret or none, whoever knows the public key or nothing at all signs anybody in."""
    wrong = [name for name in settings.OIDC_ALGORITHMS if not name.startswith(ASYMMETRIC)]
    if wrong or not settings.OIDC_ALGORITHMS:
        return [Error("OIDC_ALGORITHMS takes RS…, PS… and ES… only.", id="sso.E002")]
    return []


@register(Tags.security, deploy=True)
def issuer_over_https(app_configs, **kwargs):
    """The addresses that the provider gives of itself are as safe as this one."""
    if urlsplit(settings.OIDC_ISSUER).scheme != "https":
        return [Error("OIDC_ISSUER must be an https address.", id="sso.E003")]
    return []


@register(Tags.security, deploy=True)
def multi_factor_asked(app_configs, **kwargs):
    """Nobody is asked for two proofs: Halle cannot know by itself whether the provider does."""
    if not settings.OIDC_ASSURANCE:
        return [Warning("OIDC_ASSURANCE is empty: multi-factor is not checked.", id="sso.W004")]
    return []


@register(Tags.security, deploy=True)
def what_is_left_to_a_person(app_configs, **kwargs):
    """With another provider than Keycloak Halle works; what cannot be automatic then is said."""
    by_hand = [matter.what for matter in what_is_automatic() if not matter.automatic]
    if not by_hand:
        return []
    hint = " ; ".join(by_hand)
    return [Info("Some of signing in is left to a person with this provider.", hint=hint, id="sso.I005")]
