"""Children that never outlive their parent."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_parent(*, nice: int = 0) -> Callable[[], None]:
    """For `preexec_fn`: asks Linux to end the child when this process dies, even by `kill -9`.

    Elsewhere it does not; the next run ends what is left (see `supervisor.alone`).
    `nice` makes it yield to others.
    """
    parent = os.getpid()

    def prepare() -> None:
        os.nice(nice)
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:  # it died in between
                os._exit(1)

    return prepare
