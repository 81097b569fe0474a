"""`python -m demo.broker`: the demo vendor's Open Service Broker, a separate process over HTTP."""

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path

from flask import Flask, jsonify, render_template
from openbrokerapi.api import BrokerCredentials, get_blueprint
from openbrokerapi.errors import ErrConcurrentInstanceAccess, ErrInstanceDoesNotExist
from werkzeug.serving import make_server

from .instances import Instances
from .messages import messages
from .vendor import Vendor, state


def create_app(vendor, *, username, password):
    """The broker's API under /v2 behind basic authentication, the door of messages signed with the same
    `password`, the instances' pages and the demo's list."""
    app = Flask(__name__)
    api = get_blueprint(vendor, BrokerCredentials(username, password), logging.getLogger("demo.broker"))

    @api.errorhandler(ErrConcurrentInstanceAccess)
    def concurrent(error):
        # openbrokerapi forgets this case for provision and would answer 500.
        return jsonify(error="ConcurrencyError", description="Another operation is in progress."), 422

    @api.errorhandler(ErrInstanceDoesNotExist)
    def unknown(error):
        # Nor does it foresee this one for an update.
        return jsonify(description="No such instance."), 404

    app.register_blueprint(api)
    app.register_blueprint(messages(password))

    @app.get("/instances/<instance_id>")
    def dashboard(instance_id):
        instance = vendor.instances.get(instance_id)
        standing = state(instance, now=time.time())
        names = {service.id: service.name for service in vendor.catalog()}
        name = instance and names.get(instance["wanted"]["service_id"], "Service")
        page = render_template("instance.html", instance=instance, state=standing, name=name)
        return page, 200 if instance else 404

    @app.get("/_demo/instances")
    def instances():
        now = time.time()
        return jsonify(
            [instance | {"state": state(instance, now=now)} for instance in vendor.instances.all()]
        )

    return app


def main():
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m demo.broker", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--catalog", type=Path, required=True, help="JSON list of services and plans")
    parser.add_argument("--state", help="SQLite file that survives a restart (default: memory)")
    parser.add_argument("--delay", type=float, default=3.0, help="seconds an opening or a closing takes")
    options = parser.parse_args()
    username, password = os.getenv("BROKER_USERNAME"), os.getenv("BROKER_PASSWORD")
    if not (username and password):
        sys.exit("demo.broker: set BROKER_USERNAME and BROKER_PASSWORD")
    if not options.catalog.is_file():
        sys.exit(f"demo.broker: no catalogue at {options.catalog}")
    base_url = f"http://127.0.0.1:{options.port}"
    vendor = Vendor(
        Instances(options.state), catalog_path=options.catalog, delay=options.delay, base_url=base_url
    )
    app = create_app(vendor, username=username, password=password)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with make_server("127.0.0.1", options.port, app, threaded=True) as server:
        print(f"demo broker on {base_url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("demo broker stopped", flush=True)


if __name__ == "__main__":
    main()
