"""The processes of `make run`, in the order they start. To add one, add it to the list."""

import sys
from dataclasses import dataclass, field

from devstack import database
from devstack.paths import ROOT
from devstack.supervisor.stack import Stack

PEOPLE = ROOT / "demo" / "people.json"
BROKER_CATALOG = ROOT / "demo" / "broker_catalog.json"
# dj-stripe tells its webhook endpoints apart by a number in the address; the demo has one.
WEBHOOK_ID = "8a4f6f0e-6c1d-4b57-9a53-0d5c2d2f7a10"


@dataclass(frozen=True)
class Process:
    """One process: its arguments after `python`, what it adds to the environment, how one sees it is ready.

    `ready` is an address that answers, or a text that appears in its log.
    """

    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    ready: str = ""


def processes(stack: Stack) -> list[Process]:
    """The whole table."""
    state = stack.folder / "state"
    identity, broker, stripe = (stack.helper_url(name) for name in ("identity", "broker", "stripe"))
    broker_files = ["--catalog", str(BROKER_CATALOG), "--state", str(state / "broker.sqlite3")]
    webhook = ["--webhook-url", f"{stack.url}/stripe/webhook/{WEBHOOK_ID}/"]
    webhook += ["--webhook-secret", stack.secrets["stripe_webhook_secret"]]
    webhook += ["--state", str(state / "stripe.sqlite3")]
    return [
        Process(
            "web",
            ["manage.py", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{stack.port}"],
            {**django(stack, "web"), "DJANGO_RUNSERVER_HIDE_WARNING": "true"},
            f"{stack.url}/",
        ),
        Process(
            "worker",
            ["manage.py", "work", "--skip-checks"],
            django(stack, "worker"),
            "Starting worker",
        ),
        Process(
            "vendors",
            ["manage.py", "work", "--skip-checks", "--vendors"],
            django(stack, "worker"),
            "Starting worker",
        ),
        Process(
            "provision",
            ["manage.py", "provision", "--skip-checks"],
            django(stack, "worker"),
            "Provisioning: at work",
        ),
        Process(
            "identity",
            ["-m", "demo.identity", "--port", str(stack.ports["identity"]), "--people", str(PEOPLE)],
            {},
            f"{identity}/.well-known/openid-configuration",
        ),
        Process(
            "broker",
            ["-m", "demo.broker", "--port", str(stack.ports["broker"]), *broker_files],
            broker_credentials(stack),
            f"{broker}/_demo/instances",
        ),
        Process(
            "stripe",
            ["-m", "tests.fakes.stripe", "--port", str(stack.ports["stripe"]), *webhook],
            {},
            f"{stripe}/",
        ),
    ]


def django(stack: Stack, role: str) -> dict[str, str]:
    """The environment of a Django process: it gets the address of its own database role, and no other."""
    variable = database.VARIABLES[role]
    return {
        "DJANGO_SETTINGS_MODULE": "marketplace.settings.development",
        "HALLE_DB_ROLE": role,
        variable: database.urls()[role],
        "HALLE_BASE_URL": stack.url,
        "HALLE_MEDIA_ROOT": str(stack.folder / "media"),
        "HALLE_IDENTITY_URL": stack.helper_url("identity"),
        "HALLE_BROKER_URL": stack.helper_url("broker"),
        "STRIPE_API_HOST": stack.helper_url("stripe"),
        "STRIPE_WEBHOOK_ID": WEBHOOK_ID,
        "STRIPE_WEBHOOK_SECRET": stack.secrets["stripe_webhook_secret"],
        **broker_credentials(stack),
    }


def broker_credentials(stack: Stack) -> dict[str, str]:
    """What the vendor's broker asks for."""
    return {"BROKER_USERNAME": "halle", "BROKER_PASSWORD": stack.secrets["broker_password"]}


def command(argv: list[str]) -> list[str]:
    """The full command line of a table entry: this very Python."""
    return [sys.executable, *argv]
