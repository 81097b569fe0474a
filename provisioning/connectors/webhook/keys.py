"""The secrets of a webhook, read from the environment of the process that needs them."""

import os

from provisioning.connectors.webhook.signing import SecretUnusable, key_of


def keys_in(variable: str, previous: str) -> list[bytes]:
    """The key that this environment variable holds and, while it is replaced, the one before. Raises
    SecretUnusable when the first is missing, or either is not a secret."""
    secrets = [os.environ.get(name, "") for name in (variable, previous) if name]
    if not secrets or not secrets[0]:
        raise SecretUnusable
    # The old one may be taken away from the environment first.
    return [key_of(secret) for secret in secrets if secret]
