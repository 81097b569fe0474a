"""What one run is made of: ports, secrets, folders. Kept, so that the next run has the same."""

import contextlib
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from devstack.paths import data_dir
from devstack.problem import Problem

FIRST_HELPER = 9400  # unless HALLE_PORTS_FROM says otherwise
HELPERS = {"identity": 0, "broker": 10, "stripe": 20}  # where each likes to listen, from the first on
SECRETS = ("broker_password", "stripe_webhook_secret")


@dataclass(frozen=True)
class Stack:
    """Ports by process name, secrets by name, and the folder of their state."""

    port: int
    ports: dict[str, int]
    secrets: dict[str, str]
    folder: Path

    @property
    def url(self) -> str:
        """Where the marketplace is."""
        return f"http://127.0.0.1:{self.port}"

    def helper_url(self, name: str) -> str:
        """Where a helper (`identity`, `broker`, `stripe`) is."""
        return f"http://127.0.0.1:{self.ports[name]}"


def open_stack(port: str | int) -> Stack:
    """The stack of this data folder, with its ports free. Raises `Problem` naming a port that is not.

    A helper's port is chosen once: the identity provider's address is part of everybody's identity.
    """
    folder = data_dir()
    web_port = checked_port(port)
    remembered = folder / "stack.json"
    with contextlib.suppress(FileNotFoundError, ValueError):
        kept = json.loads(remembered.read_text())
        for name, number in kept["ports"].items():
            if owner := holder(number):
                raise Problem(
                    f"port {number}, kept for '{name}', is taken by {owner}. "
                    "End that program, or start in another folder: HALLE_DATA_DIR=/var/tmp/halle2 make run"
                )
        return Stack(port=web_port, ports=kept["ports"], secrets=kept["secrets"], folder=folder)
    ports = choose_ports(avoid={web_port})
    words = {name: secrets.token_hex(24) for name in SECRETS}  # never a leading "-": they are arguments
    half = folder / "stack.json.part"
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"ports": ports, "secrets": words}, file)
    half.rename(remembered)
    return Stack(port=web_port, ports=ports, secrets=words, folder=folder)


def checked_port(port: str | int) -> int:
    """The port as a number, free to listen on. Raises `Problem` with a port to take instead."""
    try:
        number = int(port)
    except ValueError:
        number = 0
    if not 1 <= number <= 65535:
        raise Problem(f"{port!r} is not a port: give a number from 1024 to 65535, as in: make run PORT=8001")
    if owner := holder(number):
        free = next(n for n in range(max(number, 1024) + 1, 65536) if not holder(n))
        raise Problem(f"port {number} is taken by {owner}. Use another: make run PORT={free}")
    return number


def choose_ports(avoid: set[int]) -> dict[str, int]:
    """A free port for each helper, as near as can be to the one it likes.

    Raises `Problem` when HALLE_PORTS_FROM is no port to begin at.
    """
    ports: dict[str, int] = {}
    first = first_helper_port()
    for name, further in HELPERS.items():
        taken = avoid | set(ports.values())
        ports[name] = next(n for n in range(first + further, 65536) if n not in taken and not holder(n))
    return ports


def first_helper_port() -> int:
    """Where the helpers' ports begin in a new data folder: HALLE_PORTS_FROM, so that two clones, or two
    test runs, never want the same ones."""
    wanted = os.environ.get("HALLE_PORTS_FROM") or str(FIRST_HELPER)
    if not wanted.isdecimal() or not 1024 <= int(wanted) <= 65000:
        raise Problem(f"HALLE_PORTS_FROM={wanted!r} is not a number from 1024 to 65000, as in: 9500")
    return int(wanted)


def holder(port: int) -> str | None:
    """Who listens on that local port, in words; None when it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            return "the system (ports below 1024 need root)"
        except OSError:
            return listener(port)
    return None


def listener(port: int) -> str:
    """Name and number of the process that listens on that port, as far as the system tells."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another program"
