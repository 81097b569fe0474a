"""What a vendor declares on its honour for a year, once for all operators.

An answer given last year is proposed again, never taken for granted: somebody signs each year.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from catalog.models import Vendor, VendorDeclaration
from tenants import audit
from tenants.models import User
from tenants.refusals import Refused


@dataclass(frozen=True)
class Question:
    """`yes`: must be affirmed. Otherwise a short text, `required` or not."""

    code: str
    label: str
    help_text: str = ""
    yes: bool = True
    required: bool = True


QUESTIONS = (
    Question(
        "no_exclusion",
        "Aucun motif d’exclusion de la commande publique ne s’applique à notre organisme",
        "Code de la commande publique, articles L2141-1 à L2141-11.",
    ),
    Question("taxes_paid", "Nos obligations fiscales et sociales sont à jour"),
    Question("declared_work", "Nous n’employons personne sans déclaration", "Code du travail, L8221-1."),
    Question(
        "processor_duties",
        "Quand nous traitons des données pour une collectivité, nous suivons ses instructions écrites et "
        "signons un contrat de sous-traitance",
        "RGPD, article 28.",
    ),
    Question("insurer", "Assureur en responsabilité civile professionnelle", yes=False),
    Question(
        "incident_contact",
        "Adresse à prévenir en cas d’incident de sécurité",
        "Une adresse de service plutôt que celle d’une personne.",
        yes=False,
    ),
    Question(
        "size",
        "Taille de l’organisme",
        "Par exemple : 6 personnes, entreprise solidaire. Aide à repérer les petites entreprises locales.",
        yes=False,
        required=False,
    ),
)
MAX_TEXT = 200


class DeclarationIncomplete(Refused):
    """`errors`: {code: French sentence}."""

    def __init__(self, errors: dict[str, str]):
        self.errors = errors
        super().__init__(" ".join(errors.values()))


class AlreadyDeclared(Refused):
    """This year's was signed before: a second signature would hide the first."""


def proposed_answers(*, vendor: Vendor, year: int) -> dict:
    """Texts of the last declaration before that year. What is affirmed is never proposed ticked."""
    last = vendor.declarations.filter(year__lt=year).order_by("-year").first()
    return {q.code: last.answers.get(q.code, "") for q in QUESTIONS if not q.yes} if last else {}


@transaction.atomic
def declare(*, vendor: Vendor, answers: dict, by: User, now: datetime) -> VendorDeclaration:
    """Signs the declaration of the current year (Europe/Paris).

    Raises DeclarationIncomplete with what is missing by question, or AlreadyDeclared.
    """
    clean, errors = {}, {}
    for question in QUESTIONS:
        value = answers.get(question.code)
        if question.yes:
            clean[question.code] = bool(value)
            if not value:
                errors[question.code] = "Cochez pour le déclarer. Sinon, écrivez à l’équipe de la plateforme."
            continue
        clean[question.code] = " ".join(str(value or "").split())
        if question.required and not clean[question.code]:
            errors[question.code] = "À renseigner."
        elif len(clean[question.code]) > MAX_TEXT:
            errors[question.code] = f"{MAX_TEXT} caractères au plus."
    if errors:
        raise DeclarationIncomplete(errors)
    year = localdate(now).year
    declaration, made = VendorDeclaration.objects.get_or_create(
        vendor=vendor, year=year, defaults={"answers": clean, "declared_by": by, "declared_at": now}
    )
    if not made:
        raise AlreadyDeclared(f"La déclaration {year} est déjà signée.")
    audit.record(
        tenant=vendor.organisation,
        actor=by,
        what="vendor.declared",
        sentence=f"{{actor}} a signé la déclaration {year} de l’éditeur.",
        subject_id=declaration.pk,
        now=now,
        details={"year": year},
    )
    return declaration
