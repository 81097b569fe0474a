"""What goes wrong on a newcomer's machine: one line that says what and what to do, and nothing lost."""

import os
import re
import socket

import pytest

from tests.devstack.conftest import PYTHON, ROOT, SMALL_RUN, one_line, run
from tests.tools.ports import free_port


def fake_python(folder, script):
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(folder):
    """The files that installing needs, in a place without a virtual environment."""
    place = folder / "checkout"
    (place / "devstack").mkdir(parents=True)
    (place / "requirements").symlink_to(ROOT / "requirements")
    (place / "Makefile").write_text((ROOT / "Makefile").read_text())
    install = place / "devstack" / "install"
    install.write_text((ROOT / "devstack" / "install").read_text())
    install.chmod(0o755)
    return place


def make(checkout, folder, python):
    done = run(["make", "--no-print-directory", "-C", checkout, "run", f"PYTHON={python}"], folder)
    # What make adds of itself; it gives its own depth when the tests run under `make test`.
    said = [line for line in done.stderr.splitlines() if not re.match(r"make(\[\d+\])?:", line)]
    done.stderr = "\n".join(said)
    return done


def test_python_too_old(checkout, folder):
    python = fake_python(folder, 'if [ "$1" = -V ]; then echo Python 3.9.2; else exit 1; fi')
    line = one_line(make(checkout, folder, python))
    assert "Python 3.9.2 is too old: Halle needs 3.11 or later" in line
    assert "PYTHON=" in line
    assert not (checkout / ".venv").exists()


def test_no_python_at_all(checkout, folder):
    assert "not found. Install Python 3.11" in one_line(make(checkout, folder, folder / "nowhere"))


def test_python_without_virtual_environments(checkout, folder):
    python = fake_python(folder, 'case "$2" in *ensurepip*) exit 1;; esac')
    assert "apt install python3-venv" in one_line(make(checkout, folder, python))


def test_port_taken_names_the_holder_and_a_free_port(folder):
    with socket.socket() as taken:
        number = free_port()
        taken.bind(("127.0.0.1", number))
        taken.listen()
        line = one_line(run([*SMALL_RUN, number], folder))
    assert f"port {number} is taken by" in line
    assert f"(process {os.getpid()})" in line
    proposed = int(line.rpartition("PORT=")[2])
    with socket.socket() as free:
        free.bind(("127.0.0.1", proposed))
    assert not (folder / "postgres").exists()  # refused before anything was made


def test_a_helpers_port_taken_later_is_named(folder):
    with socket.socket() as probe:
        number = free_port()
        probe.bind(("127.0.0.1", number))
        probe.listen()
        (folder / "stack.json").write_text(f'{{"ports": {{"identity": {number}}}, "secrets": {{}}}}')
        line = one_line(run([*SMALL_RUN, free_port()], folder))
    assert f"port {number}, kept for 'identity', is taken by" in line


@pytest.mark.parametrize("first", ["abc", "0", "-1", "65001", "9 400", "²"])
def test_helpers_that_cannot_begin_there(folder, port, first):
    line = one_line(run([*SMALL_RUN, port], folder, HALLE_PORTS_FROM=first))
    assert f"HALLE_PORTS_FROM='{first}' is not a number from 1024 to 65000" in line


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1", ""])
def test_a_port_that_is_none(folder, port):
    assert "is not a port" in one_line(run([*SMALL_RUN, port], folder))


def test_folder_that_cannot_be_made(folder):
    (folder / "file").write_text("not a folder")
    line = one_line(run([*PYTHON, "-m", "devstack"], folder / "file" / "halle"))
    assert f"cannot write in {folder}/file/halle" in line
    assert "HALLE_DATA_DIR=/some/folder make run" in line


def test_folder_without_write_access(folder):
    """Nobody, root included, makes a folder in /proc."""
    line = one_line(run([*PYTHON, "-m", "devstack"], "/proc/halle"))
    assert "cannot write in /proc/halle (" in line
