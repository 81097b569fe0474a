"""The demo's identity provider, as the process it is."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running(people: list[dict], folder: Path) -> Iterator[str]:
    """Its address, while it serves these people; stopped at the end."""
    file = folder / "people.json"
    file.write_text(json.dumps(people), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "demo.identity", "--port", str(port), "--people", str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert str(port) in process.stdout.readline(), "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate(timeout=10)
