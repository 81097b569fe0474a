"""`manage.py apply_realm`: make Keycloak's realm what the project says."""

import json

from django.core.management.base import BaseCommand, CommandError

from sso.keycloak.applying import apply
from sso.keycloak.declaration import declared
from sso.keycloak.server import KeycloakProblem, server
from sso.keycloak.values import stand_in_values, values
from sso.provider import ProviderDown, read_provider


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
        parser.add_argument(
            "--terraform",
            action="store_true",
            help="ask Keycloak nothing: write the variables of infra/keycloak, secrets among them, as JSON",
        )

    def handle(self, *args, check: bool, with_stand_in: bool, terraform: bool, **options):
        """Raises CommandError when Keycloak cannot be asked, or when --check finds a difference."""
        try:
            if terraform:
                self.stdout.write(json.dumps(_variables(values(stand_in=with_stand_in)), indent=2))
                return
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


def _variables(given: dict) -> dict:
    """Those of infra/keycloak/variables.tf. Raises CommandError when ProConnect cannot be asked."""
    declared("halle", given)  # says what is missing
    try:
        proconnect = read_provider(given["PROCONNECT_ISSUER"])
    except ProviderDown as down:
        raise CommandError(str(down)) from down
    addresses = (
        "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint",
    )  # fmt: skip
    return {"given": given, "proconnect": {name: getattr(proconnect, name) for name in addresses}}
