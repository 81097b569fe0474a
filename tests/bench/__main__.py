"""`python -m tests.bench [ROOM…]`: one JSON line a figure on standard output, all else on standard error."""

import argparse
import contextlib
import dataclasses
import importlib
import json
import os
import sys
import time

from tests.bench import Measure

# Each room: a module of this package with a list `MEASURES` of functions that yield figures.
ROOMS = ("spine", "tenants", "catalog", "sso", "subscriptions", "provisioning", "billing")


def main() -> int:
    """Measure the rooms asked for, or all. Exit code 1 when a measure failed; the others are still taken."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"among: {', '.join(ROOMS)}")
    rooms = parser.parse_args().rooms or ROOMS
    if unknown := set(rooms) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))} (there are: {', '.join(ROOMS)})")
    failed = False
    with figures_alone() as figures:
        for room in rooms:
            for measure in importlib.import_module(f"tests.bench.{room}").MEASURES:
                failed |= not taken(measure, figures)
    return int(failed)


def taken(measure: Measure, figures) -> bool:
    """Take one measure and write its figures; False, with the reason on standard error, when it fails."""
    start = time.monotonic()
    try:
        for figure in measure():
            print(json.dumps(dataclasses.asdict(figure), ensure_ascii=False), file=figures, flush=True)
    except Exception as error:
        print(f"bench: {measure.__name__} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return False
    print(f"bench: {measure.__name__} took {time.monotonic() - start:.1f} s", file=sys.stderr)
    return True


@contextlib.contextmanager
def figures_alone():
    """A file on the real standard output, while whatever anybody prints, children included, goes to error."""
    real = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    try:
        with os.fdopen(real, "w") as figures:
            yield figures
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
