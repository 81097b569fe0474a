"""The fake's HTTP side: Stripe's conventions (keys, versions, idempotency, errors), controls, one page."""

import collections
import contextlib
import functools
import logging
import re
import threading
import time

from flask import Flask, Response, g, jsonify, redirect, render_template, request
from werkzeug.serving import make_server

from . import api, objects
from .form import decode
from .store import Store, new_id
from .webhooks import Postman

SECRET_KEY = re.compile(r"sk_test_[A-Za-z0-9]{24,}")
TEST_SECRET = "whsec_fake"
DELIVERED_EVENTS = ("invoice.paid", "invoice.payment_succeeded")


def create_app(store, *, base_url, postman=None, delivered_events=DELIVERED_EVENTS):
    """The Flask application over `store`; `postman` may be None when no webhook is wanted.

    `app.config["failures"]` holds what `POST /_fake/failures` asked for.
    """
    app = Flask(__name__)
    app.json.sort_keys = False
    seen = collections.deque(maxlen=20_000)
    failures = []

    def announce(kind, subject):
        happened = objects.event(
            kind,
            subject,
            now=int(time.time()),
            request_id=g.get("request_id"),
            idempotency_key=request.headers.get("Idempotency-Key"),
        )
        store.save("event", happened)
        if postman and kind in delivered_events:
            store.owe(happened["id"])

    def pay(invoice_id):
        with store:
            paid = api.pay_by_transfer(store, invoice_id, now=int(time.time()))
            for kind in ("invoice.paid", "invoice.payment_succeeded"):
                announce(kind, paid)
        if postman:
            postman.wake()
        return paid

    def check_caller():
        """401 without a real-looking test key, 400 for a version other than the pinned one."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if request.authorization and request.authorization.type == "basic":
            key = request.authorization.username
        if not key or scheme.lower() not in ("bearer", "basic"):
            raise api.StripeError("You did not provide an API key.", status=401)
        if not SECRET_KEY.fullmatch(key):
            raise api.StripeError(f"Invalid API Key provided: {key[:8]}****", status=401)
        version = request.headers.get("Stripe-Version", objects.API_VERSION)
        if version != objects.API_VERSION:
            raise api.StripeError(f"Invalid Stripe API version: {version}")

    def route(rule, *, method="GET"):
        """Serve a Stripe endpoint: the function gets decoded parameters, and gives an object.

        Functions behind POST and DELETE give (object, event type) and honour the idempotency key.
        """

        def decorate(operation):
            @app.route(rule, methods=[method], endpoint=f"{method} {rule}")
            @functools.wraps(operation)
            def view(**ids):
                g.request_id = new_id("req")
                check_caller()
                params = decode(request.query_string.decode()) | decode(request.get_data(as_text=True))
                g.params = params
                paths = params.pop("expand", None)
                paths = [paths] if isinstance(paths, str) else paths
                failure = next((f for f in failures if re.fullmatch(f["path"], request.path)), None)
                if failure:
                    failures.remove(failure)
                if failure and not failure["after"]:
                    raise api.StripeError("The fake was asked to fail.", status=500, type="api_error")
                answer = (
                    operation(params, **ids)
                    if method == "GET"
                    else once(lambda: operation(params, **ids), params | {"expand": paths})
                )
                if failure:
                    raise api.StripeError("Done, but the answer is lost.", status=500, type="api_error")
                return jsonify(api.expand(store, answer, paths))

            return view

        return decorate

    def once(operation, params):
        key = request.headers.get("Idempotency-Key")
        with store:
            first = store.recall(key) if key else None
            if first:
                return replay(key, first, params)
            answer, kind = operation()
            announce(kind, answer)
            if key:
                store.remember(key, request.path, params, answer)
        return answer

    def replay(key, first, params):
        path, first_params, answer = first
        if path != request.path:
            raise api.StripeError(
                "Keys for idempotent requests can only be used for the same endpoint they were first used "
                f"for ('{request.path}' vs '{path}'). Try using a key other than '{key}' if you meant to "
                "execute a different request.",
                type="idempotency_error",
            )
        if first_params != params:
            raise api.StripeError(
                "Keys for idempotent requests can only be used with the same parameters they were first "
                f"used with. Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        g.replayed = True
        return answer

    def now():
        return int(time.time())

    # --- Stripe's endpoints -------------------------------------------------------------------------

    route("/v1/account")(lambda params: objects.account())
    route("/v1/accounts/<id>")(lambda params, id: objects.account())

    def collection(path, kind, *, filters):
        route(path)(lambda params: api.page(store, kind, path, params, filters=filters))
        route(f"{path}/<id>")(lambda params, id: api.get(store, kind, id))

    collection("/v1/customers", "customer", filters=("email",))
    collection("/v1/invoiceitems", "invoiceitem", filters=("customer", "invoice"))
    collection("/v1/invoices", "invoice", filters=("customer", "status", "collection_method"))
    collection("/v1/events", "event", filters=("type",))
    collection("/v1/invoice_payments", "invoice_payment", filters=("invoice", "status"))
    collection("/v1/refunds", "refund", filters=("payment_intent", "charge"))
    collection("/v1/balance_transactions", "balance_transaction", filters=("type", "currency"))

    @route("/v1/customers", method="POST")
    def create_customer(params):
        return api.create_customer(store, params, now=now())

    @route("/v1/customers/<id>", method="POST")
    def update_customer(params, id):
        return api.update_customer(store, id, params, now=now())

    @route("/v1/invoiceitems", method="POST")
    def create_invoice_item(params):
        return api.create_invoice_item(store, params, now=now())

    @route("/v1/invoices", method="POST")
    def create_invoice(params):
        return api.create_invoice(store, params, now=now())

    @route("/v1/invoices/<id>", method="POST")
    def update_invoice(params, id):
        return api.update_invoice(store, id, params, now=now())

    @route("/v1/invoices/<id>", method="DELETE")
    def delete_draft(params, id):
        return api.delete_draft(store, id)

    @route("/v1/invoices/<id>/lines")
    def invoice_lines(params, id):
        return api.get(store, "invoice", id)["lines"]

    @route("/v1/invoices/<id>/finalize", method="POST")
    def finalize_invoice(params, id):
        return api.finalize_invoice(store, id, params, now=now(), base_url=base_url)

    @route("/v1/invoices/<id>/send", method="POST")
    def send_invoice(params, id):
        return api.send_invoice(store, id, params, now=now(), base_url=base_url)

    @route("/v1/invoices/<id>/void", method="POST")
    def void_invoice(params, id):
        return api.void_invoice(store, id, params, now=now())

    # --- Errors, headers, the record of what was received -------------------------------------------

    @app.errorhandler(api.StripeError)
    def refuse(error):
        return jsonify(error={**error.body, "request_log_url": None}), error.status

    @app.errorhandler(404)
    @app.errorhandler(405)
    def unknown(error):
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        return jsonify(error={"message": message, "type": "invalid_request_error"}), 404

    @app.after_request
    def finish(response):
        if request.path.startswith("/v1/"):
            response.headers["Request-Id"] = g.get("request_id", new_id("req"))
            response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", objects.API_VERSION)
            if key := request.headers.get("Idempotency-Key"):
                response.headers["Idempotency-Key"] = key
            if g.get("replayed"):
                response.headers["Idempotent-Replayed"] = "true"
            seen.append(
                {
                    "method": request.method,
                    "path": request.path,
                    "query": request.query_string.decode(),
                    "body": request.get_data(as_text=True),
                    "content_type": request.content_type,
                    "params": g.get("params", {}),
                    "idempotency_key": request.headers.get("Idempotency-Key"),
                    "stripe_version": request.headers.get("Stripe-Version"),
                    "status": response.status_code,
                    "replayed": bool(g.get("replayed")),
                    "answer": response.get_json(),
                }
            )
        return response

    # --- Control routes, for tests and for the person doing the demo ----------------------------------

    @app.post("/_fake/invoices/<id>/pay")
    def fake_pay(id):
        return jsonify(pay(id))

    @app.post("/_fake/invoices/<id>/refund")
    def fake_refund(id):
        """{"amount": cents, "status": "succeeded"}"""
        wanted = request.get_json()
        with store:
            return jsonify(api.refund_by_transfer(store, id, now=int(time.time()), **wanted))

    @app.post("/_fake/invoices/<id>")
    def fake_change(id):
        """Fields of an invoice as somebody else left them, whatever Stripe allows."""
        return jsonify(store.save("invoice", {**(store.get("invoice", id) or {}), **request.get_json()}))

    @app.delete("/_fake/invoices/<id>")
    def fake_lose(id):
        store.delete(id)
        return Response(status=204)

    @app.get("/_fake/requests")
    def fake_requests():
        return jsonify(list(seen))

    @app.delete("/_fake/requests")
    def fake_forget_requests():
        seen.clear()
        return Response(status=204)

    @app.get("/_fake/deliveries")
    def fake_deliveries():
        return jsonify([{"event": event, "attempts": attempts} for event, attempts, _ in store.owed()])

    @app.delete("/_fake/idempotency-keys")
    def fake_forget_keys():
        store.forget_idempotency_keys()
        return Response(status=204)

    @app.post("/_fake/failures")
    def fake_failure():
        """{"path": regular expression, "after": bool}: fail one request, before or after doing its work."""
        wanted = request.get_json()
        failures.append({"path": wanted["path"], "after": bool(wanted.get("after"))})
        return Response(status=204)

    @app.get("/")
    def home():
        return render_template("invoices.html", invoices=store.all("invoice"), money=money)

    @app.post("/factures/<id>/virement")
    def pay_from_page(id):
        # A double click finds the invoice already paid: the page then simply shows it so.
        with contextlib.suppress(api.StripeError):
            pay(id)
        return redirect(f"/#{id}", code=303)

    return app


def money(cents):
    """64500 → "645,00 €", with narrow no-break spaces, as French writes it."""
    euros, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{euros:,}".replace(",", "\u202f") + f",{rest:02}\u202f€"


@contextlib.contextmanager
def running(
    *, port=0, webhook_url=None, webhook_secret=TEST_SECRET, state=None, delivered_events=DELIVERED_EVENTS
):
    """Run the fake on 127.0.0.1 in this process; gives its base URL, to set as STRIPE_API_HOST.

    `port=0` picks a free one. Without `webhook_url` no event is sent (they are still listed under
    /v1/events). `state` is the path of a SQLite file that survives a restart.
    """
    store = Store(state)
    postman = Postman(store, url=webhook_url, secret=webhook_secret) if webhook_url else None
    server = make_server("127.0.0.1", port, None, threaded=True)
    base_url = f"http://127.0.0.1:{server.server_port}"
    server.app = create_app(store, base_url=base_url, postman=postman, delivered_events=delivered_events)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    thread = threading.Thread(target=server.serve_forever, name="fake-stripe", kwargs={"poll_interval": 0.05})
    thread.start()
    if postman:
        postman.start()
    try:
        yield base_url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        if postman:
            postman.stop()
        store.close()
