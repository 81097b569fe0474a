"""The demo vendor behind the Open Service Broker API 2.17 (openbrokerapi does the HTTP).

An instance moves by the clock alone: it stores when its current operation ends, so that a restart in the
middle changes nothing.
"""

import json
import time

from openbrokerapi import errors
from openbrokerapi import service_broker as osb

OPENING, OPEN, CLOSING, CLOSED = "opening", "open", "closing", "closed"


def state(instance, *, now):
    """Where the instance (None if unknown) stands at `now`: opening, open, closing or closed."""
    if instance is None:
        return CLOSED
    done = now >= instance["ready_at"]
    if instance["operation"] == "provision":
        return OPEN if done else OPENING
    return CLOSED if done else CLOSING


class Vendor(osb.ServiceBroker):
    """Opens and closes services asynchronously, `delay` seconds each; changes them and gives credentials at
    once.

    `catalog_path` is a JSON list of {id, name, description, plans: [{id, name, description}]}, with
    `bindable` for what is reached with credentials, read at each use so that a new seed of the demo needs no
    restart.
    """

    def __init__(self, instances, *, catalog_path, delay, base_url):
        self.instances, self.catalog_path = instances, catalog_path
        self.delay, self.base_url = delay, base_url

    def catalog(self):
        services = json.loads(self.catalog_path.read_text(encoding="utf-8"))
        usual = {"bindable": False, "instances_retrievable": True}
        return [
            osb.Service(**usual | service | {"plans": [osb.ServicePlan(**plan) for plan in service["plans"]]})
            for service in services
        ]

    def provision(self, instance_id, details, async_allowed, **_):
        """202 at first and while opening, 200 once open, 409 when the repeat asks for something else."""
        if not async_allowed:
            raise errors.ErrAsyncRequired
        offered = {(service.id, plan.id) for service in self.catalog() for plan in service.plans}
        if (details.service_id, details.plan_id) not in offered:
            raise errors.ErrInvalidParameters("This plan does not belong to this service.")
        names = ("service_id", "plan_id", "organization_guid", "space_guid", "parameters")
        wanted = {name: getattr(details, name) for name in names}
        with self.instances.lock:
            instance, now = self.instances.get(instance_id), time.time()
            if state(instance, now=now) == CLOSING:
                raise errors.ErrConcurrentInstanceAccess
            if state(instance, now=now) == CLOSED:
                instance = {
                    "id": instance_id,
                    "wanted": wanted,
                    "organisation": (details.context or {}).get(
                        "organization_name", details.organization_guid
                    ),
                    "requested_by": details.originating_identity,
                    "provision_calls": instance["provision_calls"] if instance else 0,
                    "operation": "provision",
                    "ready_at": now + self.delay,
                }
                print(f"ouverture de {instance_id} pour {instance['organisation']}", flush=True)
            instance["provision_calls"] += 1
            self.instances.save(instance)
        if instance["wanted"] != wanted:
            raise errors.ErrInstanceAlreadyExists
        url = self.dashboard_url(instance_id)
        if state(instance, now=now) == OPEN:
            return osb.ProvisionedServiceSpec(osb.ProvisionState.IDENTICAL_ALREADY_EXISTS, url)
        return osb.ProvisionedServiceSpec(osb.ProvisionState.IS_ASYNC, url, "provision")

    def update(self, instance_id, details, async_allowed, **_):
        """At once: what the instance is from now on."""
        with self.instances.lock:
            instance = self.instances.get(instance_id)
            standing = state(instance, now=time.time())
            if standing == CLOSED:
                raise errors.ErrInstanceDoesNotExist
            if standing != OPEN:
                raise errors.ErrConcurrentInstanceAccess
            wanted = instance["wanted"] | {"parameters": details.parameters}
            if details.plan_id:
                wanted |= {"plan_id": details.plan_id}
            self.instances.save(instance | {"wanted": wanted})
            print(f"modification de {instance_id}", flush=True)
        return osb.UpdateServiceSpec(is_async=False)

    def deprovision(self, instance_id, details, async_allowed, **_):
        """202 at first and while closing, 410 once closed or when never opened."""
        if not async_allowed:
            raise errors.ErrAsyncRequired
        with self.instances.lock:
            instance, now = self.instances.get(instance_id), time.time()
            if state(instance, now=now) == CLOSED:
                raise errors.ErrInstanceDoesNotExist
            if instance["operation"] == "provision":
                # Closing may overtake an opening under way: OSB's orphan mitigation relies on it.
                self.instances.save(instance | {"operation": "deprovision", "ready_at": now + self.delay})
                print(f"fermeture de {instance_id}", flush=True)
        return osb.DeprovisionServiceSpec(is_async=True, operation="deprovision")

    def last_operation(self, instance_id, operation_data, service_id, plan_id, **_):
        """ "in progress", then "succeeded"; 410 when the instance is closed or unknown."""
        standing = state(self.instances.get(instance_id), now=time.time())
        if standing == CLOSED:
            raise errors.ErrInstanceDoesNotExist
        if standing == OPEN:
            return osb.LastOperation(osb.OperationState.SUCCEEDED, "Le service est ouvert.")
        doing = "Ouverture" if standing == OPENING else "Fermeture"
        return osb.LastOperation(osb.OperationState.IN_PROGRESS, f"{doing} en cours.")

    def get_instance(self, instance_id, **_):
        """The open instance; 404 otherwise, also while opening, as the specification asks."""
        instance = self.instances.get(instance_id)
        if state(instance, now=time.time()) != OPEN:
            raise errors.ErrInstanceDoesNotExist
        wanted, url = instance["wanted"], self.dashboard_url(instance_id)
        return osb.GetInstanceDetailsSpec(wanted["service_id"], wanted["plan_id"], url, wanted["parameters"])

    def bind(self, instance_id, binding_id, details, async_allowed, **_):
        """At once; also to a service that a person opened before, of which this broker knows nothing."""
        instance = self.instances.get(instance_id)
        if instance and state(instance, now=time.time()) != OPEN:
            raise errors.ErrConcurrentInstanceAccess
        word, there = self.instances.bind(binding_id)
        print(f"identifiants pour {instance_id}", flush=True)
        credentials = {"adresse": f"{self.base_url}/api", "identifiant": f"app-{binding_id[:8]}", "cle": word}
        known = osb.BindState.IDENTICAL_ALREADY_EXISTS if there else osb.BindState.SUCCESSFUL_BOUND
        return osb.Binding(known, credentials=credentials)

    def unbind(self, instance_id, binding_id, details, async_allowed, **_):
        """At once; 410 when they were taken back before."""
        if not self.instances.unbind(binding_id):
            raise errors.ErrBindingDoesNotExist
        print(f"identifiants retirés de {instance_id}", flush=True)
        return osb.UnbindSpec(is_async=False)

    def dashboard_url(self, instance_id):
        return f"{self.base_url}/instances/{instance_id}"
