"""One run of the `terraform` binary: in a folder of its own, with an environment of its own, for so long.

`timeout` (coreutils) is the parent of each command: even when the worker dies, no command outlives its limit.
That is what makes an old lock the lock of a dead one.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

GRACE_SECONDS = 60  # to save its state and to give its lock back, once it is told to stop
MAX_OUTPUT = 512 * 1024  # bytes read of what a command prints
TIMED_OUT = 124  # what `timeout` answers
_PASSED_ON = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
_NEVER_COPIED = shutil.ignore_patterns(
    ".terraform", "*.tfstate", "*.tfstate.*", "*.tfvars", "*.tfvars.json", ".git"
)


class ModuleUnknown(Exception):
    """No such module among those that are allowed here."""


class Unequipped(Exception):
    """This worker has no `terraform`, or no place for states. `str()` is a French sentence."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `said` is what it printed, both streams, its end if it is long."""

    code: int
    said: str

    @property
    def timed_out(self) -> bool:
        return self.code in (TIMED_OUT, -signal.SIGKILL, 128 + signal.SIGKILL)


@dataclass(frozen=True)
class Workplace:
    """A copy of a module, and how its commands are run."""

    folder: Path
    environment: Mapping[str, str]
    seconds: int

    def run(self, *arguments: str, seconds: int | None = None) -> Outcome:
        """`terraform` with these arguments, without a question asked."""
        limit = seconds or self.seconds
        log = self.folder / "halle.log"
        command = [
            "timeout", f"--kill-after={GRACE_SECONDS}", "--signal=INT", str(limit),
            settings.TERRAFORM["binary"], *arguments,
        ]  # fmt: skip
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(limit + GRACE_SECONDS + 30)
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            finally:
                _end(process)
        return Outcome(code=code, said=_end_of(log))


@contextlib.contextmanager
def workplace(*, module: str, environment: Mapping[str, str], seconds: int) -> Iterator[Workplace]:
    """A folder with a copy of an allowed module, gone at the end. Raises ModuleUnknown and Unequipped."""
    modules = settings.TERRAFORM["modules"]
    if not modules or not shutil.which(settings.TERRAFORM["binary"]):
        raise Unequipped("Ce serveur n’a pas de quoi exécuter Terraform : prévenez la plateforme.")
    source = Path(modules) / module
    if not source.is_dir():
        raise ModuleUnknown
    with tempfile.TemporaryDirectory(prefix="halle-terraform-") as name:
        folder = Path(name) / "module"
        shutil.copytree(source, folder, ignore=_NEVER_COPIED)
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        own = {
            "HOME": name,
            "TMPDIR": name,
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
        }
        if config := settings.TERRAFORM["cli_config"]:
            own["TF_CLI_CONFIG_FILE"] = config
        yield Workplace(folder=folder, environment={**passed_on, **own, **environment}, seconds=seconds)


def _end(command: subprocess.Popen) -> None:
    """Its plugins die with it, however it ended, and are gone before its folder is."""
    for _ in range(100):
        try:
            os.killpg(command.pid, signal.SIGKILL)
        except ProcessLookupError:
            break
        with contextlib.suppress(subprocess.TimeoutExpired):
            command.wait(0.05)
        time.sleep(0.05)
    command.wait()


def _end_of(log: Path) -> str:
    with log.open("rb") as said:
        said.seek(max(0, log.stat().st_size - MAX_OUTPUT))
        return said.read(MAX_OUTPUT).decode(errors="replace")
