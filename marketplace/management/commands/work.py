"""The two workers of the queue: what is short, and what waits for vendors."""

import gc

from django.core.management import call_command
from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app

# Jobs that ask vendors and may last for minutes: no letter waits behind them.
OF_VENDORS = "vendors"
VENDORS_AT_ONCE = 4
# A job makes objects by the hundred thousand that no cycle holds: by default Python looks through them every
# few hundred, and through all that is loaded, which is a tenth of the time of a run of all France.
LOOKED_THROUGH_EVERY = (20_000, 10, 10)


class Command(BaseCommand):
    help = "Does the jobs of the queue; those that wait for vendors are done by another, with --vendors."

    def add_arguments(self, parser):
        """Which of the two it is."""
        parser.add_argument("--vendors", action="store_true", help="do those that wait for vendors, only")

    def handle(self, *args, vendors: bool, **options):
        """Works until it is told to stop."""
        app.perform_import_paths()
        gc.freeze()
        gc.set_threshold(*LOOKED_THROUGH_EVERY)
        short = sorted({task.queue for task in app.tasks.values()} - {OF_VENDORS})
        queues, at_once = ([OF_VENDORS], VENDORS_AT_ONCE) if vendors else (short, 1)
        call_command("procrastinate", "worker", "--queues", ",".join(queues), "--concurrency", str(at_once))
