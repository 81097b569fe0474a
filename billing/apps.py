from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Facturation"

    def ready(self):
        from billing.settlement import stripe_webhooks  # noqa: F401  connects its receiver
