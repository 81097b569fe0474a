"""`python -m tests.fakes.stripe`: the fake payment provider as a process of `make run`."""

import argparse
import signal
import threading

from .server import DELIVERED_EVENTS, TEST_SECRET, running


def main():
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.stripe", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook-url", help="where events are sent, e.g. …/stripe/webhook/<uuid>/")
    parser.add_argument("--webhook-secret", default=TEST_SECRET)
    parser.add_argument("--state", help="SQLite file that survives a restart (default: memory)")
    parser.add_argument("--events", default=",".join(DELIVERED_EVENTS), help="event types to send")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running(
        port=options.port,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        state=options.state,
        delivered_events=tuple(options.events.split(",")),
    ) as base_url:
        print(f"fake Stripe on {base_url} (invoices: {base_url}/)", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
