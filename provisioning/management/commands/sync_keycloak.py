"""`manage.py sync_keycloak`: have Keycloak told of all organisations and agents, and see how far that is."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from provisioning.at_keycloak.queries import in_words, last_rounds
from provisioning.at_keycloak.rounds import NothingToDo, ask_round


class Command(BaseCommand):
    help = "Has the workers tell Keycloak of all organisations and agents; says how far they are."

    def handle(self, *args, **options):
        """Asked while it is being done, it asks nothing more. Raises CommandError without a Keycloak."""
        try:
            ask_round(now=timezone.now())
        except NothingToDo as nothing:
            raise CommandError(str(nothing)) from nothing
        for one in last_rounds():
            self.stdout.write(f"{one.get_kind_display()} : {in_words(one)}")
