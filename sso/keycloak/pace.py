"""How fast Keycloak is asked by what can wait, so that sign-ins never wait for it."""

import threading
import time
from collections.abc import Callable


class Pace:
    """At most `per_second` turns a second, whatever the number of threads that take them: each waits for its
    own. What was not used is not saved up. `clock` and `sleep` count in seconds."""

    def __init__(
        self,
        per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self._apart = 1 / per_second
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._next = clock()

    def wait(self) -> None:
        """Returns when it is the caller's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._apart
        if turn > now:
            self._sleep(turn - now)
