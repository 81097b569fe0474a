"""The demo's identity provider, as the process it is."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.tools.ports import free_port


@contextmanager
def running(people: list[dict], folder: Path) -> Iterator[str]:
    """Its address, while it serves these people; stopped at the end."""
    file = folder / "people.json"
    file.write_text(json.dumps(people), encoding="utf-8")
    port = free_port()
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
