"""System checks: the keys that sign entitlements."""

from django.core.checks import Error, Tags, register

from provisioning.entitlements.signing import DEVELOPMENT_KID, KeysUnreadable, key_ids


@register(Tags.security)
def entitlement_keys_readable(app_configs, **kwargs):
    """Better not to start than to answer a service with an error page."""
    try:
        key_ids()
    except KeysUnreadable as error:
        return [Error(str(error), hint="`manage.py new_entitlement_key` writes one.", id="provisioning.E001")]
    return []


@register(Tags.security, deploy=True)
def development_key_refused_in_production(app_configs, **kwargs):
    """Whoever reads our sources could sign with it."""
    try:
        found = DEVELOPMENT_KID in key_ids()
    except KeysUnreadable:  # the check above tells
        return []
    if found:
        return [Error("ENTITLEMENT_KEYS holds the development key.", id="provisioning.E002")]
    return []
