"""Things a newcomer can put right: told in one line, without a traceback."""

import sys
from collections.abc import Callable


class Problem(Exception):
    """Something is wrong outside the code. The message says in one line what, and what to do."""


def tell_problems(main: Callable[[], int | None]) -> int:
    """Run `main`; a `Problem` becomes one line on standard error and exit code 1, Ctrl-C exit code 130."""
    try:
        return main() or 0
    except Problem as problem:
        print(f"halle: {problem}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
