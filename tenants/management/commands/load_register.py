from django.core.management.base import BaseCommand

from tenants.management.progress import ProgressBar
from tenants.register.loading import load_register
from tenants.register.reader import read_register


class Command(BaseCommand):
    help = "Load the register of communes, EPCI and populations kept with the project. May be repeated."

    def handle(self, *args, **options):
        self.stdout.write("Lecture du registre…")
        register = read_register()
        bar = ProgressBar(self.stdout, f"Registre {register.header.cog_year}")
        load_register(register=register, tell=bar)
        for rejected in register.rejected:
            self.stderr.write(f"ligne {rejected.line} écartée : {rejected.reason}")
        self.stdout.write(self.style.SUCCESS(f"Registre {register.header.cog_year} chargé."))
