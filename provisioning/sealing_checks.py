"""System checks: the keys of secrets at rest."""

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import Error, Tags, register

# Everybody can read it here: `make run` seals with it.
DEVELOPMENT_KEY = "aGFsbGUtZGV2ZWxvcG1lbnQta2V5LW5vdC1zZWNyZXQ="


@register(Tags.security)
def keys_at_rest_can_seal(app_configs, **kwargs):
    """Each is a Fernet key, and there is one."""
    try:
        keys = [Fernet(key) for key in settings.SECRET_KEYS_AT_REST]
    except ValueError:
        keys = []
    if keys:
        return []
    hint = (
        "Make one: python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())'"
    )
    return [
        Error(
            "SECRET_KEYS_AT_REST needs one Fernet key or more, comma-separated.",
            hint=hint,
            id="provisioning.E003",
        )
    ]


@register(Tags.security, deploy=True)
def development_key_refused_in_production(app_configs, **kwargs):
    """Not even among older keys: what it sealed, anybody could have written."""
    if DEVELOPMENT_KEY in settings.SECRET_KEYS_AT_REST:
        return [
            Error(
                "The development key of secrets at rest is in use: not for production.",
                id="provisioning.E004",
            )
        ]
    return []
