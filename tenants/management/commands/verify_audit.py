import csv
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from tenants.audit.chain import Seal, broken_links, missing_seals
from tenants.models import AuditSeal, Organisation
from tenants.tenancy import every_tenant

POSITION, DIGEST = "n°", "sceau"


class Command(BaseCommand):
    help = (
        "Verify the audit log: every event against its seal, every seal against the one before. "
        "--against FILE also compares with an export that an organisation kept."
    )

    def add_arguments(self, parser):
        parser.add_argument("--organisation", metavar="SIREN", help="one organisation only")
        parser.add_argument(
            "--against", metavar="FILE", type=Path, help="export (CSV) of that organisation's log"
        )

    def handle(self, *args, organisation, against, **options):
        with every_tenant():
            self._refuse_blindness()
            one = self._find(organisation)
            if against and one is None:
                raise CommandError("Avec --against, dites laquelle : --organisation SIREN.")
            problems = [
                f"organisation {link.organisation_id} : {link}" for link in broken_links(organisation=one)
            ]
            if against:
                problems += [
                    f"sceau n° {seal.position} de la copie introuvable ou différent : le journal a été coupé "
                    "ou réécrit"
                    for seal in missing_seals(organisation=one, copy=self._read(against))
                ]
            for problem in problems:
                self.stderr.write(problem)
            if problems:
                raise CommandError(f"Le journal ne tient pas : {len(problems)} problème(s).")
            sealed = AuditSeal.objects.filter(**({"chain": one.pk} if one else {})).count()
        self.stdout.write(self.style.SUCCESS(f"Le journal tient : {sealed} événements vérifiés."))

    def _refuse_blindness(self):
        """A role that does not see every row would find the log whole whatever happened."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user")
            if cursor.fetchone() != (True,):
                raise CommandError(
                    "Ce rôle de base de données ne voit pas toutes les organisations. Lancez-la avec "
                    "HALLE_DB_ROLE=worker."
                )

    def _find(self, siren):
        if not siren:
            return None
        try:
            return Organisation.objects.get(siren=siren)
        except Organisation.DoesNotExist:
            raise CommandError(f"Aucune organisation n’a le SIREN {siren}.") from None

    def _read(self, file: Path) -> list[Seal]:
        try:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                return [
                    Seal(position=int(row[POSITION]), digest=row[DIGEST])
                    for row in csv.DictReader(lines, delimiter=";")
                    if row[POSITION]
                ]
        except (OSError, UnicodeDecodeError, KeyError, ValueError) as error:
            raise CommandError(f"{file} n’est pas un export du journal : {error}") from error
