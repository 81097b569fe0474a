"""Real threads, each with a connection of its own, started together: to prove that a lock holds."""

import threading
from collections.abc import Callable

from django.db import connection


def at_once(*functions: Callable) -> list:
    """Run all functions at the same moment; their results, or the exceptions they raised, in order.

    For transactional tests only: a thread sees committed rows.
    """
    ready = threading.Barrier(len(functions), timeout=30)
    results: list = [None] * len(functions)

    def run(position: int, function: Callable) -> None:
        try:
            connection.ensure_connection()
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
