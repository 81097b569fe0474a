"""The worker that opens, changes and closes services at the vendors'."""

import signal
from threading import Event

from django.core.management.base import BaseCommand

from provisioning.engine.worker import Worker
from tenants.tenancy import every_tenant


class Command(BaseCommand):
    help = "Carries out what is planned at the vendors, until it is told to stop. Several may run at once."

    def handle(self, *args, **options):
        """Works; SIGTERM and Ctrl-C let it end what it has begun."""
        stop = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("Provisioning: at work")
        self.stdout.flush()
        with every_tenant():
            Worker().run(stop)
