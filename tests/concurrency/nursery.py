"""`python -m tests.concurrency.nursery COMMAND…`: forks a worker for each line it reads, answers its number.

A worker takes seconds to load its code, each time that one was killed: here it is loaded once.
"""

import os
import signal
import sys

from devstack.leash import end_with_parent


def main() -> None:
    import django
    from django.core.management import execute_from_command_line

    django.setup()
    if size := os.environ.get("HALLE_TEST_BATCH"):
        # A few members then make as many batches as thousands would.
        from billing import batches

        batches.BATCH = int(size)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the killed leave no trace
    leash = end_with_parent()
    for _ in sys.stdin:
        if born := os.fork():
            print(born, flush=True)
            continue
        leash()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        sys.stdin.close()
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the log; what was answered here is the nursery's
        execute_from_command_line(["manage.py", sys.argv[1], "--skip-checks", *sys.argv[2:]])
        return


if __name__ == "__main__":
    main()
