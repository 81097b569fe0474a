"""What the demo's processes agree on. The supervisor's environment wins over these defaults."""

import os

# dj-stripe finds a webhook endpoint by the number in its address (see devstack/supervisor/processes.py).
WEBHOOK_ID = "8a4f6f0e-6c1d-4b57-9a53-0d5c2d2f7a10"


def told(variable: str) -> bool:
    """Whether the supervisor said so: what it said at an earlier seed is not undone by a default."""
    return variable in os.environ


def webhook_id() -> str:
    return os.environ.get("STRIPE_WEBHOOK_ID", WEBHOOK_ID)


def webhook_secret() -> str:
    return os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_halle_demo")


def base_url() -> str:
    """Where the marketplace answers."""
    return os.environ.get("HALLE_BASE_URL", "http://127.0.0.1:8000").rstrip("/")


def broker_url() -> str:
    """Where the demo vendors' broker answers."""
    return os.environ.get("HALLE_BROKER_URL", "http://127.0.0.1:9410").rstrip("/")


def broker_username() -> str:
    return os.environ.get("BROKER_USERNAME", "halle")
