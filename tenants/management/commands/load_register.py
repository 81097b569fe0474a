from django.core.management.base import BaseCommand, CommandError

from tenants.management.progress import ProgressBar
from tenants.register.changes import OlderVintage
from tenants.register.loading import NewerVintage, load_register
from tenants.register.reader import read_register


class Command(BaseCommand):
    help = "Load the register of communes, EPCI and populations kept with the project. May be repeated."

    def handle(self, *args, **options):
        self.stdout.write("Lecture du registre…")
        register = read_register()
        bar = ProgressBar(self.stdout, f"Registre {register.header.cog_year}")
        try:
            load_register(register=register, tell=bar)
        except (OlderVintage, NewerVintage) as refusal:
            raise CommandError(str(refusal)) from None
        for rejected in register.rejected:
            self.stderr.write(f"ligne {rejected.line} écartée : {rejected.reason}")
        self.stdout.write(self.style.SUCCESS(f"Registre {register.header.cog_year} chargé."))
