"""The stateful fake of the payment provider, in a thread, as the tests of settlements see and move it."""

from contextlib import contextmanager

import requests
import stripe
from django.conf import settings

from tests.fakes.stripe.server import running


class Provider:
    """What the provider has, as its own API tells it; and its controls."""

    def __init__(self, url):
        self.url, self.key = url, {"Authorization": f"Bearer {settings.STRIPE_TEST_SECRET_KEY}"}

    def invoices(self):
        found, page = [], {"has_more": True}
        while page["has_more"]:
            after = {"limit": 100} | ({"starting_after": found[-1]["id"]} if found else {})
            page = requests.get(f"{self.url}/v1/invoices", params=after, headers=self.key, timeout=10).json()
            found += page["data"]
        return found

    def events(self):
        answer = requests.get(f"{self.url}/v1/events", headers=self.key, timeout=10)
        return [event for event in answer.json()["data"] if event["type"] == "invoice.paid"]

    def asked(self):
        return requests.get(f"{self.url}/_fake/requests", timeout=10).json()

    def fail(self, path, *, after):
        wanted = {"path": path, "after": after}
        requests.post(f"{self.url}/_fake/failures", json=wanted, timeout=10).raise_for_status()

    def pay(self, invoice_id):
        self._control("POST", f"{invoice_id}/pay")

    def refund(self, invoice_id, cents, *, status="succeeded"):
        self._control("POST", f"{invoice_id}/refund", {"amount": cents, "status": status})

    def change(self, invoice_id, **fields):
        """As somebody else left it."""
        self._control("POST", invoice_id, fields)

    def lose(self, invoice_id):
        self._control("DELETE", invoice_id)

    def _control(self, method, path, wanted=None):
        url = f"{self.url}/_fake/invoices/{path}"
        requests.request(method, url, json=wanted, timeout=10).raise_for_status()


@contextmanager
def at_the_provider(monkeypatch):
    """A provider that has nothing yet, the one that our code asks."""
    with running() as url:
        monkeypatch.setattr(stripe, "api_base", url)
        monkeypatch.setattr(stripe, "max_network_retries", 0)  # one request, one answer
        yield Provider(url)
