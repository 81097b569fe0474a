from django.core.management.base import BaseCommand

from catalog.finding import indexing
from tenants.tenancy import every_tenant


class Command(BaseCommand):
    help = (
        "Brings what is searched and filtered back to the truth; a nightly job does it too. "
        "--rewrite makes every row again: needed once after a dump was restored in another cluster."
    )

    def add_arguments(self, parser):
        parser.add_argument("--rewrite", action="store_true")

    def handle(self, *args, rewrite, **options):
        with every_tenant():
            count = indexing.rewrite() if rewrite else indexing.rebuild()
        self.stdout.write(self.style.SUCCESS(f"{count} référencements indexés."))
