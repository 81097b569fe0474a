"""Telling what is being done while it takes time."""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Print the title now and the time taken at the end; after two seconds, show that it goes on."""
    start, done = time.monotonic(), threading.Event()

    def tick() -> None:
        while not done.wait(2 if sys.stdout.isatty() else 10):
            print(f"  … {title}: {time.monotonic() - start:.0f} s", flush=True)

    print(f"→ {title}", flush=True)
    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        done.set()
    if (taken := time.monotonic() - start) >= 1:
        print(f"  {taken:.1f} s", flush=True)
