from django.apps import AppConfig


class SsoConfig(AppConfig):
    name = "sso"
    verbose_name = "Connexion"

    def ready(self):
        from sso import checks  # noqa: F401
