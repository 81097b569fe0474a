"""Sending events to the marketplace, signed as Stripe signs, again and again until accepted."""

import hashlib
import hmac
import json
import threading
import time

import requests

FIRST_RETRY, LONGEST_WAIT = 0.2, 30.0


def signature(secret, body, *, now):
    """The `Stripe-Signature` header of `body` (a str) at `now` (Unix seconds)."""
    signed = hmac.new(secret.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={now},v1={signed}"


class Postman:
    """A thread that delivers what the store says is owed; a restart finds the rest still owed."""

    def __init__(self, store, *, url, secret):
        self.store, self.url, self.secret = store, url, secret
        self._wake, self._stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="stripe-webhooks", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout=15)

    def wake(self):
        """Tell the thread that something new is owed."""
        self._wake.set()

    def _run(self):
        while not self._stopping:
            self._wake.clear()
            owed = self.store.owed()
            for event_id, attempts, due in owed:
                if due <= time.time() and not self._stopping:
                    self._deliver(event_id, attempts)
            waiting = [due for _, _, due in self.store.owed()]
            self._wake.wait(max(0.01, min(waiting) - time.time()) if waiting else None)

    def _deliver(self, event_id, attempts):
        body = json.dumps(self.store.get("event", event_id), ensure_ascii=False)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(self.secret, body, now=int(time.time())),
        }
        try:
            with requests.post(
                self.url, data=body.encode(), headers=headers, timeout=10, allow_redirects=False
            ) as answer:
                status = str(answer.status_code)
        except requests.RequestException as error:
            status = type(error).__name__
        if status.startswith("2"):
            self.store.delivered(event_id)
        else:
            wait = min(FIRST_RETRY * 2**attempts, LONGEST_WAIT)
            self.store.postpone(event_id, time.time() + wait, status)
            print(f"webhook {event_id}: {status}, new attempt in {wait:g} s", flush=True)
