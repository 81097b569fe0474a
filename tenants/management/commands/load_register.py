from django.core.management.base import BaseCommand

from tenants.register.loading import load_register


class Command(BaseCommand):
    help = "Load the register of communes, EPCI and populations kept with the project. May be repeated."

    def handle(self, *args, **options):
        register = load_register(tell=self.stdout.write)
        for rejected in register.rejected:
            self.stderr.write(f"ligne {rejected.line} écartée : {rejected.reason}")
        self.stdout.write(self.style.SUCCESS(f"Registre {register.header.cog_year} chargé."))
