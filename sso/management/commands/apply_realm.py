"""`manage.py apply_realm`: make Keycloak's realm what the project says."""

from django.core.management.base import BaseCommand, CommandError

from sso.keycloak.applying import apply
from sso.keycloak.declaration import declared
from sso.keycloak.server import KeycloakProblem, server
from sso.keycloak.values import stand_in_values, values


class Command(BaseCommand):
    help = "Makes Keycloak's realm what sso/keycloak/realms/ says, and tells what it changed."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail when something differs"
        )
        parser.add_argument(
            "--with-stand-in",
            action="store_true",
            help="also a realm that plays ProConnect, whose people have known passwords: development only",
        )

    def handle(self, *args, check: bool, with_stand_in: bool, **options):
        """Raises CommandError when Keycloak cannot be asked, or when --check finds a difference."""
        try:
            realms = [declared("halle", values(stand_in=with_stand_in))]
            if with_stand_in:
                realms.insert(0, declared("proconnect", stand_in_values()))
            keycloak = server(patient=True)
            found = [one for realm in realms for one in apply(keycloak, realm, check=check)]
        except KeycloakProblem as problem:
            raise CommandError(str(problem)) from problem
        for one in found:
            self.stdout.write(str(one))
        differs = [one for one in found if one.put_back]
        if not found:
            self.stdout.write("Rien à changer : Keycloak est comme déclaré.")
        elif check:
            raise CommandError(f"{len(found)} différences avec la déclaration.")
        else:
            self.stdout.write(f"{len(differs)} différences corrigées.")
