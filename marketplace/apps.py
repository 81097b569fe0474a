import gc

from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "marketplace"
    verbose_name = "Halle"

    def ready(self):
        from marketplace import wiring

        wiring.connect()
        # What was imported lives as long as the process: the collector need not walk through it again and
        # again (a fifth of the time of a billing run).
        gc.freeze()
