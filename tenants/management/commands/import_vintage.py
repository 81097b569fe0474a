from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tenants.management.progress import ProgressBar
from tenants.register.changes import OlderVintage
from tenants.register.reader import RegisterError
from tenants.register.report import report
from tenants.register.vintage import DATA_FILE
from tenants.tenancy import every_tenant
from tenants.territories.vintages import NotWhatWasReported, apply_vintage, read_vintage


class Command(BaseCommand):
    help = (
        "Passe le registre des communes à un nouveau millésime. Sans --confirm : un rapport, rien ne change. "
        "Le rapport donne le code à rappeler par --confirm pour appliquer exactement ce qu’il dit. "
        "À lancer avec HALLE_DB_ROLE=worker."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=DATA_FILE,
            help="fichier .jsonl.xz de « python -m tenants.register.build » ; par défaut, celui de Halle",
        )
        parser.add_argument("--confirm", metavar="CODE", help="applique ce que le rapport de ce code a dit")
        parser.add_argument("--all", action="store_true", help="tout lire, au lieu du début de chaque partie")

    def handle(self, *args, file: Path, confirm: str | None, **options):
        try:
            if confirm:
                self.apply(file, confirm)
            else:
                self.tell(file, every=options["all"])
        except (OlderVintage, NotWhatWasReported) as refusal:
            raise CommandError(str(refusal)) from None
        except RegisterError as error:
            raise CommandError(
                f"Ce fichier n’est pas un registre lisible ({error}). Rien n’a été changé. "
                "Refaites-le avec « python -m tenants.register.build --output FICHIER »."
            ) from None
        except OSError as error:
            raise CommandError(
                f"Fichier illisible : {file} ({error.strerror}). Rien n’a été changé."
            ) from None

    def tell(self, file: Path, *, every: bool) -> None:
        vintage = read_vintage(path=file)
        lines = report(
            register=vintage.register, changes=vintage.changes, concerned=vintage.concerned, every=every
        )
        for line in lines:
            self.stdout.write(line)
        self.stdout.write("")
        if vintage.changes.nothing:
            self.stdout.write("Aucun changement : la base dit déjà ce que dit ce fichier.")
            return
        self.stdout.write("Rien n’a été changé. Pour appliquer exactement ce rapport :")
        self.stdout.write(f"  manage.py import_vintage {file} --confirm {vintage.code}")

    def apply(self, file: Path, code: str) -> None:
        with every_tenant():
            imported = apply_vintage(
                path=file, code=code, now=timezone.now(), tell=ProgressBar(self.stdout, "Registre")
            )
        if imported is None:
            self.stdout.write("Aucun changement : la base dit déjà ce que dit ce fichier.")
            return
        mergers = imported.report["mergers"]
        self.stdout.write(self.style.SUCCESS(f"Registre {imported.cog_year} appliqué."))
        if mergers:
            self.stdout.write(
                f"{mergers} fusions : chaque opérateur reprend ce qu’il a chez les siennes sur sa page "
                "« Fusions de communes »."
            )
