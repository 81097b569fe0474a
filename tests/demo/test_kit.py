"""The demo's broker passes the vendors' kit, and the seed writes of it what the kit finds."""

import json
import threading
import uuid

import pytest
from werkzeug.serving import make_server

from demo.broker.__main__ import create_app
from demo.broker.instances import Instances
from demo.broker.vendor import Vendor
from demo.seed.connections import kit_report
from provisioning.kit.line import Target
from provisioning.kit.playing import play


@pytest.fixture(params=[False, True], ids=["no credentials", "bindable"])
def broker(request, tmp_path):
    plan = {"id": "plan", "name": "adhesion", "description": "Tout"}
    service = {"id": "service", "name": "cantine", "description": "Cantine", "plans": [plan]}
    service |= {"bindable": True} if request.param else {}
    (tmp_path / "catalog.json").write_text(json.dumps([service]))
    vendor = Vendor(
        Instances(), catalog_path=tmp_path / "catalog.json", delay=0.05, base_url="http://127.0.0.1:1"
    )
    app = create_app(vendor, username="halle", password="secret")
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Target(f"http://127.0.0.1:{server.server_port}", "halle", "secret", "service", "plan")
        server.shutdown()
        thread.join()


def test_the_report_of_the_seed_is_what_the_kit_finds(broker):
    found = play(broker, run=uuid.uuid4(), settle_seconds=10.0)

    assert found == kit_report()
    assert found.passed
