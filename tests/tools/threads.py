"""Real threads, each with a connection of its own, started together: to prove that a lock holds."""

import threading
from collections.abc import Callable

from django.db import connection


def at_once(*functions: Callable) -> list:
    """Run all functions at the same moment; their results, or the exceptions they raised, in order.

    For transactional tests only: a thread sees committed rows.
    """
    ready = threading.Barrier(len(functions), timeout=30)
    connecting = threading.Lock()  # the server turns some away when fifty knock together on a busy machine
    results: list = [None] * len(functions)

    def connect() -> None:
        try:
            connection.ensure_connection()
        except Exception:
            ready.abort()  # nobody waits for one who does not come
            raise

    def run(position: int, function: Callable) -> None:
        try:
            with connecting:
                connect()
            ready.wait()
            results[position] = function()
        except Exception as error:
            results[position] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a thread is still waiting"
    return results
