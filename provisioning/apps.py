from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    verbose_name = "Ouverture des services"

    def ready(self):
        from provisioning import sealing_checks  # noqa: F401
        from provisioning.entitlements import checks  # noqa: F401
