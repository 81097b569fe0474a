"""Stripe's own word on our requests and on the fake's answers.

`stripe-mock` is Stripe's official server: it refuses any request its specification does not allow. It is
stateless, hence the fake; it carries the specification, hence the judge.
"""

import contextlib
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest
import requests

# This version carries the specification of objects.API_VERSION: raise the two together.
STRIPE_MOCK_VERSION = "v0.203.0"
MODULE = "github.com/stripe/stripe-mock"
TOOLS = Path(__file__).resolve().parents[3] / ".halle"
BINARY = TOOLS / "bin" / f"stripe-mock-{STRIPE_MOCK_VERSION}"
SPECIFICATION = TOOLS / "share" / f"stripe-openapi-{STRIPE_MOCK_VERSION}.json"
TEST_KEY = "sk_test_" + "123456789012345678901234"


class Unavailable(Exception):
    """The judge cannot be had on this machine; the message says why."""


def install():
    """Put stripe-mock and its specification under .halle/, once. Raises Unavailable."""
    if BINARY.exists() and SPECIFICATION.exists():
        return
    if not shutil.which("go"):
        raise Unavailable("stripe-mock needs Go to be built, and there is no `go` on this machine")
    staging = TOOLS / "bin" / f".building-{os.getpid()}"
    staging.mkdir(parents=True, exist_ok=True)
    try:
        wanted = f"{MODULE}@{STRIPE_MOCK_VERSION}"
        run_go("install", wanted, environment={"GOBIN": str(staging)})
        module = json.loads(run_go("mod", "download", "-json", wanted))
        SPECIFICATION.parent.mkdir(parents=True, exist_ok=True)
        partial = SPECIFICATION.with_suffix(f".{os.getpid()}")
        partial.write_bytes((Path(module["Dir"]) / "embedded" / "openapi" / "spec3.json").read_bytes())
        partial.replace(SPECIFICATION)
        (staging / "stripe-mock").replace(BINARY)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def run_go(*arguments, environment=None):
    done = subprocess.run(
        ["go", *arguments],
        env=os.environ | (environment or {}),
        cwd=TOOLS,  # outside any Go module
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"go {' '.join(arguments)} failed: {done.stderr.strip()[-300:]}")
    return done.stdout


def install_or_skip():
    """For tests: install, or skip with the reason printed, or fail when CI=true."""
    try:
        install()
    except Unavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must judge Stripe requests: {reason}")
        pytest.skip(str(reason))


@contextlib.contextmanager
def running():
    """Start stripe-mock on a free port of 127.0.0.1; gives its base URL."""
    port, process = started()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def started(*, tries=5):
    """The port and the process of a stripe-mock that answers. A free port may be taken before it is used.

    Raises RuntimeError when none of the tries came up.
    """
    for _ in range(tries):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [BINARY, "-http-addr", f"127.0.0.1:{port}", "-strict-version-check"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if answers(port, process):
            return port, process
        process.kill()
        process.wait(timeout=10)
    raise RuntimeError(f"stripe-mock did not start (exit code {process.returncode})")


def answers(port, process, *, seconds=30):
    """Whether it listens, before it ends or the time is over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        time.sleep(0.05)
    return False


def replay(recorded_requests):
    """Send each recorded request (from `GET /_fake/requests`) to stripe-mock.

    Returns [(recorded request, Stripe's message)] for those refused; an empty list is an acquittal.
    The key is replaced by a test key; version, parameters and encoding are those really sent.
    """
    refused = []
    with running() as base_url, requests.Session() as session:
        for recorded in recorded_requests:
            headers = {"Authorization": f"Bearer {TEST_KEY}"}
            if recorded["stripe_version"]:
                headers["Stripe-Version"] = recorded["stripe_version"]
            if recorded["content_type"]:
                headers["Content-Type"] = recorded["content_type"]
            answer = session.request(
                recorded["method"],
                f"{base_url}{recorded['path']}",
                params=recorded["query"],
                data=recorded["body"].encode(),
                headers=headers,
                timeout=30,
            )
            if answer.status_code != 200:
                refused.append((recorded, answer.json()["error"]["message"]))
    return refused


def wrong_answers(recorded_requests):
    """Hold each successful answer of the fake against Stripe's specification.

    Returns [(recorded request, what is wrong)]: a required field missing, a wrong type, a wrong enum
    value, or a top-level field Stripe does not have.
    """
    return [
        (recorded, fault)
        for recorded in recorded_requests
        if recorded["status"] == 200
        for fault in faults(recorded["method"], recorded["path"], recorded["answer"])
    ]


def faults(method, path, answer):
    specification = load_specification()
    schema = response_schema(method.lower(), path)
    if schema is None:
        return [f"{method} {path} is not in Stripe's specification"]
    validator = jsonschema.Draft202012Validator({**schema, "components": specification["components"]})
    wrong = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(answer)]
    resource = specification["components"]["schemas"].get(answer["object"], {})
    unknown = set(answer) - set(resource["properties"]) - {"deleted"} if resource else set()
    return wrong + [f"unknown field {name}" for name in sorted(unknown)]


def response_schema(method, path):
    """The schema of the 200 answer; literal paths win over templates, as in Stripe's router."""
    paths = load_specification()["paths"]
    for template in sorted(paths, key=lambda template: template.count("{")):
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
        if method in paths[template] and re.fullmatch(pattern, path):
            return paths[template][method]["responses"]["200"]["content"]["application/json"]["schema"]
    return None


@functools.cache
def load_specification():
    """Stripe's OpenAPI 3.0 file, its `nullable` rewritten for JSON Schema."""
    return nullable_to_json_schema(json.loads(SPECIFICATION.read_text()))


def nullable_to_json_schema(node):
    if isinstance(node, list):
        return [nullable_to_json_schema(child) for child in node]
    if not isinstance(node, dict):
        return node
    converted = {key: nullable_to_json_schema(child) for key, child in node.items()}
    if converted.get("nullable") is True:
        del converted["nullable"]
        return {"anyOf": [converted, {"type": "null"}]}
    return converted
