"""Where the development stack keeps its things."""

import os
from pathlib import Path

from devstack.problem import Problem

ROOT = Path(__file__).resolve().parent.parent


def data_dir() -> Path:
    """Where a run leaves its things: `HALLE_DATA_DIR`, or `.halle` in the project, made when absent.

    Raises `Problem` when it cannot be made or written.
    """
    folder = Path(os.environ.get("HALLE_DATA_DIR") or ROOT / ".halle").absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(not_writable(folder, error.strerror)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Problem(not_writable(folder, "Permission denied"))
    return folder


def not_writable(folder: Path, why: str | None) -> str:
    """One line about a folder that refuses, with the way out."""
    return f"cannot write in {folder} ({why}). Choose another folder: HALLE_DATA_DIR=/some/folder make run"
