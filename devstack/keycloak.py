"""`python -m devstack.keycloak`: a real Keycloak on this machine, for `make keycloak` and for the tests.

Its archive is ready to run on H2: nothing is built before it starts. Development and tests only.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devstack.leash import end_with_parent
from devstack.paths import ROOT, data_dir
from devstack.problem import Problem, tell_problems
from devstack.supervisor.stack import checked_port

VERSION = (Path(__file__).parent / "keycloak-version").read_text().strip()
PATIENCE = 300  # seconds: half a minute of work, on a machine that may have much else to do
ADMIN = "halle-admin"
ADMIN_SECRET = "development only"  # noqa: S105
# Small, quick to start, slower once it has started: it serves one person, or one test after the other.
MEMORY = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms128m", "-Xmx400m"]
# As one that serves: for what measures it.
SERVING = ["-XX:+UseParallelGC", "-Xms512m", "-Xmx2g"]
OPENED = ["java.base/java.util", "java.base/java.util.concurrent", "java.base/java.security"]


@dataclass(frozen=True)
class Running:
    """A Keycloak that answers at `url`, to the client `ADMIN` with `ADMIN_SECRET` for its administration."""

    url: str
    process: subprocess.Popen


def home() -> Path:
    """Where it is installed. Raises `Problem` when it is not, or cannot run."""
    folder = data_dir() / f"keycloak-{VERSION}"
    if not (folder / "version.txt").is_file() or not shutil.which("java"):
        raise Problem("Keycloak is not installed. Run devstack/install-keycloak: it says what is missing")
    return folder


@contextlib.contextmanager
def running(
    *, port: int, log: Path, kept_in: Path | None = None, memory: Sequence[str] = MEMORY
) -> Iterator[Running]:
    """A Keycloak on that port of 127.0.0.1, until the end; its data in a folder, or nowhere. `memory`: the
    options of its virtual machine.

    Raises `Problem` when it does not start, with the last line of its log.
    """
    address = f"http://127.0.0.1:{port}"
    database = f"file:{kept_in.absolute()}/keycloak" if kept_in else "mem:keycloak;DB_CLOSE_DELAY=-1"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command(home(), address=address, port=port, database=database, memory=memory),
            env={
                "PATH": os.environ.get("PATH", ""),
                "KC_BOOTSTRAP_ADMIN_CLIENT_ID": ADMIN,
                "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET": ADMIN_SECRET,
            },
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent(),
        )  # fmt: skip
    try:
        wait_for(process, f"{address}/realms/master", log)
        yield Running(url=address, process=process)
    finally:
        process.kill()  # nothing of worth is lost: H2 keeps what was committed
        process.wait()


def command(folder: Path, *, address: str, port: int, database: str, memory: Sequence[str]) -> list[str]:
    """The command line of `bin/kc.sh`, without the shell between."""
    java = os.environ.get("JAVA_HOME")
    return [
        f"{java}/bin/java" if java else "java",
        *memory,
        *(f"--add-opens={one}=ALL-UNNAMED" for one in OPENED),
        "-Dfile.encoding=UTF-8",
        "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
        "-Dkc.config.built=true",  # as `kc.sh` says after a build: here, the one of the archive
        f"-Dkc.home.dir={folder}",
        f"-Djboss.server.config.dir={folder}/conf",
        f"-Dkeycloak.theme.dir={folder}/themes",
        "-Dpicocli.disable.closures=true",
        "-cp",
        f"{folder}/lib/quarkus-run.jar",
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
        "start",
        "--http-enabled=true",
        "--http-host=127.0.0.1",
        f"--http-port={port}",
        f"--hostname={address}",
        "--cache=local",
        "--log-level=WARN",
        f"--db-url=jdbc:h2:{database};NON_KEYWORDS=VALUE",
    ]


def wait_for(process: subprocess.Popen, address: str, log: Path) -> None:
    """Until it answers. Raises `Problem` when it ends before, or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address, timeout=10).close()  # noqa: S310 (our own address)
            return
        time.sleep(0.5)
    said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    raise Problem(f"Keycloak did not start: {said[-1]}. All it said is in {log}")


def main() -> None:
    """Keycloak with its realms, until Ctrl-C; its data stays in the data folder."""
    parser = argparse.ArgumentParser(prog="python -m devstack.keycloak", description=__doc__)
    parser.add_argument("--port", default="8081")
    port = checked_port(parser.parse_args().port)
    kept = data_dir() / "state" / "keycloak"
    kept.mkdir(parents=True, exist_ok=True)
    print(f"Starting Keycloak {VERSION} (half a minute, the first time one)", flush=True)
    with running(port=port, log=kept / "log", kept_in=kept) as keycloak:
        environment = {**os.environ, "HALLE_KEYCLOAK_URL": keycloak.url}
        subprocess.run(
            [sys.executable, "manage.py", "apply_realm", "--with-stand-in"],
            cwd=ROOT, env=environment, check=True,
        )  # fmt: skip
        print(f"Keycloak: {keycloak.url}/admin/ (Ctrl-C stops it)", flush=True)
        keycloak.process.wait()


if __name__ == "__main__":
    sys.exit(tell_problems(main))
