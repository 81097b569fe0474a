"""`python -m tests.fakes.open_broker`: a vendor's broker built on openbrokerapi, in its own process. It
writes its address, then serves until it is killed.

A judge that others wrote: what it reads of a request, and how it answers, is the library's. What that one
forgets of the specification stays forgotten (tests/provisioning/test_open_broker.py says what).
"""

import argparse
import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

from flask import Flask, jsonify
from openbrokerapi import errors, request_filter
from openbrokerapi import service_broker as osb
from openbrokerapi.api import BrokerCredentials, get_blueprint
from werkzeug.serving import make_server

USERNAME, PASSWORD = "halle", "secret"
SERVICE, AT_ONCE, LATER = "cantine", "cantine-essentiel", "cantine-differe"
WORD = "op-{}"  # of an operation


@contextlib.contextmanager
def running(*options: str) -> Iterator[str]:
    """The address of one, until the end."""
    environment = os.environ | {"BROKER_USERNAME": USERNAME, "BROKER_PASSWORD": PASSWORD}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.open_broker", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        address = process.stdout.readline().strip()
        assert address, "the broker did not start"
        yield address
    finally:
        process.kill()
        process.communicate(timeout=10)


class Vendor(osb.ServiceBroker):
    """It sells a plan that does all at once, and one that does all later, whose operations are over when they
    are asked about for the second time."""

    def __init__(self):
        self.lock = threading.RLock()
        self.instances, self.bindings = {}, {}  # what each was asked with; credentials
        self.under_way = {}  # by what it is about: (what ends it, how often it was asked about)

    def held(self) -> dict:
        return {"instances": self.instances, "bindings": self.bindings}

    def catalog(self):
        names = {AT_ONCE: "essentiel", LATER: "differe"}
        plans = [osb.ServicePlan(id=plan, name=name, description=name) for plan, name in names.items()]
        return osb.Service(
            id=SERVICE, name="cantine", description="La cantine", bindable=True, plans=plans,
            instances_retrievable=True, bindings_retrievable=True,
        )  # fmt: skip

    def provision(self, instance_id, details, async_allowed, **_):
        wanted = [details.plan_id, details.organization_guid, details.parameters]
        state = osb.ProvisionState.SUCCESSFUL_CREATED
        with self.lock:
            if details.parameters and details.parameters.get("options") == ["impossible"]:
                raise errors.ErrInvalidParameters("No such option.")
            if self.instances.get(instance_id, wanted) != wanted:
                raise errors.ErrInstanceAlreadyExists
            if instance_id in self.instances:
                state = osb.ProvisionState.IDENTICAL_ALREADY_EXISTS
            self.instances[instance_id] = wanted
            url = f"https://vendor.example/{instance_id}"
            if self._later(details.plan_id, async_allowed, about=instance_id):
                return osb.ProvisionedServiceSpec(osb.ProvisionState.IS_ASYNC, url, WORD.format("provision"))
            return osb.ProvisionedServiceSpec(state, url)

    def update(self, instance_id, details, async_allowed, **_):
        with self.lock:
            if instance_id in self.under_way:
                raise errors.ErrConcurrentInstanceAccess
            plan, organisation, _ = self.instances[instance_id]
            self.instances[instance_id] = [plan, organisation, details.parameters]
            later = self._later(plan, async_allowed, about=instance_id)
            return osb.UpdateServiceSpec(later, WORD.format("update") if later else None)

    def deprovision(self, instance_id, details, async_allowed, **_):
        with self.lock:
            if instance_id not in self.instances:
                raise errors.ErrInstanceDoesNotExist
            if self._later(details.plan_id, async_allowed, about=instance_id, ends=self.instances):
                return osb.DeprovisionServiceSpec(True, WORD.format("deprovision"))
            del self.instances[instance_id]
            return osb.DeprovisionServiceSpec(False)

    def get_instance(self, instance_id, **_):
        if instance_id not in self.instances:
            raise errors.ErrInstanceDoesNotExist
        plan, _, parameters = self.instances[instance_id]
        return osb.GetInstanceDetailsSpec(SERVICE, plan, f"https://vendor.example/{instance_id}", parameters)

    def last_operation(self, instance_id, operation_data, **_):
        return self._progress(instance_id, errors.ErrInstanceDoesNotExist)

    def bind(self, instance_id, binding_id, details, async_allowed, **_):
        with self.lock:
            there = binding_id in self.bindings
            secret = {"user": f"u-{binding_id[:8]}", "password": f"{PASSWORD}-{binding_id}"}
            later = self._later(details.plan_id, async_allowed, about=binding_id)
            self.bindings[binding_id] = secret
            if later:
                return osb.Binding(osb.BindState.IS_ASYNC, operation=WORD.format("bind"))
            state = osb.BindState.IDENTICAL_ALREADY_EXISTS if there else osb.BindState.SUCCESSFUL_BOUND
            return osb.Binding(state, credentials=secret)

    def unbind(self, instance_id, binding_id, details, async_allowed, **_):
        with self.lock:
            if binding_id not in self.bindings:
                raise errors.ErrBindingDoesNotExist
            if self._later(details.plan_id, async_allowed, about=binding_id, ends=self.bindings):
                return osb.UnbindSpec(True, WORD.format("unbind"))
            del self.bindings[binding_id]
            return osb.UnbindSpec(False)

    def get_binding(self, instance_id, binding_id, **_):
        if binding_id not in self.bindings:
            raise errors.ErrBindingDoesNotExist
        return osb.GetBindingSpec(credentials=self.bindings[binding_id])

    def last_binding_operation(self, instance_id, binding_id, operation_data, **_):
        return self._progress(binding_id, errors.ErrBindingDoesNotExist)

    def _later(self, plan, async_allowed, *, about, ends=None) -> bool:
        if plan == AT_ONCE:
            return False
        if not async_allowed:
            raise errors.ErrAsyncRequired
        self.under_way.setdefault(about, [ends, 0])
        return True

    def _progress(self, about, gone):
        with self.lock:
            if about not in self.under_way:
                raise gone
            ends, asked = self.under_way[about]
            self.under_way[about][1] += 1
            if not asked:
                return osb.LastOperation(osb.OperationState.IN_PROGRESS, "En cours.")
            del self.under_way[about]
            if ends is not None:
                del ends[about]
            return osb.LastOperation(osb.OperationState.SUCCEEDED, "Fait.")


def main() -> None:
    """Serves until it is killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.open_broker", description=__doc__)
    parser.add_argument("--minor", type=int, default=13, help="the oldest version 2.N that it takes")
    request_filter.MIN_VERSION = (2, parser.parse_args().minor)
    app, broker = Flask(__name__), Vendor()
    credentials = BrokerCredentials(os.environ["BROKER_USERNAME"], os.environ["BROKER_PASSWORD"])
    app.register_blueprint(get_blueprint(broker, credentials, logging.getLogger("open_broker")))
    app.get("/held")(lambda: jsonify(broker.held()))
    with make_server("127.0.0.1", 0, app, threaded=True) as server:
        print(f"http://127.0.0.1:{server.port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
