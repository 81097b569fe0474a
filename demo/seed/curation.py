"""What waits for GIP Cantonade's curator: new services, changed sheets, a visa missing; and services offered
from one operator to another."""

from dataclasses import dataclass, field
from datetime import date

from catalog.curation import deciding, rules, sharing, visas
from catalog.curation.submitting import submit
from catalog.models import Listing, ServiceSheet, Submission, VisaOpinion
from demo.seed.moments import at
from demo.seed.operators import BRUMELLE, CANTONADE, ETABLI
from tenants.models import Operator, Role, User


@dataclass(frozen=True)
class Sending:
    """One version of a sheet sent that day: what it changes of the vendor's own row, or adds to its lists."""

    slug: str
    day: date
    note: str = ""
    changes: dict = field(default_factory=dict)


SENT_BACK = Sending(
    "demandes-entendues",
    date(2026, 11, 6),
    changes={"summary": "Les demandes des habitants, suivies."},
)
SENDINGS = (
    Sending(
        "voirie-suivie",
        date(2026, 11, 13),
        note="Nous sommes déjà chez deux de vos communes.",
        changes={"personal_data": False},
    ),
    Sending(
        "cantinelle",
        date(2026, 11, 16),
        note="Le pointage hors ligne est arrivé.",
        changes={
            "summary": "Inscriptions, pointage des repas même sans réseau et factures aux familles.",
            "hosting": "En France, à Lyon, chez un hébergeur certifié HDS",
            "options": [
                {
                    "code": "sms",
                    "name": "Messages aux familles",
                    "summary": "Un SMS la veille du repas.",
                }
            ],
        },
    ),
    Sending("preau-ouvert", date(2026, 11, 17)),
    Sending(
        "plan-du-pays",
        date(2026, 11, 18),
        changes={
            "personal_data": False,
            "audience": "Communes, intercommunalités et départements",
        },
    ),
    Sending(
        "demandes-entendues",
        date(2026, 11, 19),
        note="Résumé complété comme vous l’avez demandé.",
        changes={
            "summary": "Les demandes des habitants, reçues au guichet ou en ligne, puis suivies.",
            "contacts": [
                {"label": "Aide", "email": "aide@ateliers.example", "phone": "", "hours": "9 h – 18 h"}
            ],
        },
    ),
    Sending("courrielle", date(2026, 11, 20), changes={"licence": "Logiciel libre (EUPL-1.2)"}),
    Sending(
        "marches-limpides",
        date(2026, 11, 23),
        changes={"population_min": 500, "website": "https://ateliers-pervenche.example/marches"},
    ),
    Sending("boite-a-idees", date(2026, 11, 24), note="Gratuit la première année."),
)
TO_BRUMELLE = (
    Sending("garde-manger", date(2026, 11, 19), note="Le syndicat voisin l’a déjà choisi."),
    Sending("paraphe-clair", date(2026, 11, 23), changes={"audience": "Communes et syndicats"}),
)
POINTS = (
    ("", "Le résumé se comprend sans connaître le logiciel", True),
    ("", "L’hébergement est dit, et il est en Europe", True),
    ("", "L’éditeur répond au téléphone", False),
    ("canteen", "Les allergies des enfants sont protégées", True),
)


def make_curation(*, operators: dict[str, Operator]) -> None:
    """After the vendors' papers: who has not agreed to the terms submits nothing."""
    cantonade, brumelle, etabli = (operators[body.slug] for body in (CANTONADE, BRUMELLE, ETABLI))
    curator = _holder(cantonade.organisation, Role.CURATOR)
    ready = {"by": curator, "now": at(date(2026, 11, 2))}
    rules.set_rules(operator=cantonade, visa_required=True, grids_from_january=True, **ready)
    for family, label, compulsory in POINTS:
        rules.add_point(operator=cantonade, family=family, label=label, compulsory=compulsory, **ready)
    back = _send(SENT_BACK, cantonade)
    deciding.ask_for_changes(
        submission=back,
        message="Dites par où arrivent les demandes, et donnez un contact d’assistance.",
        by=curator,
        now=at(date(2026, 11, 9)),
    )
    waiting = {sending.slug: _send(sending, cantonade) for sending in SENDINGS}
    for sending in TO_BRUMELLE:
        _send(sending, brumelle)
    visas.record_visa(
        listing=waiting["cantinelle"].listing,
        opinion=VisaOpinion.WITH_RESERVATIONS,
        given_on=date(2026, 10, 15),
        valid_until=date(2028, 10, 14),
        text="Ne pas demander de certificat médical aux familles.",
        by=curator,
        now=at(date(2026, 10, 16)),
    )
    _share("carnet-de-liaison", etabli, cantonade, "Nos petites communes en sont contentes.")
    _share("adresses-justes", etabli, brumelle, "")
    _share("permanence", cantonade, brumelle, "Sans engagement de durée.")


def _send(sending: Sending, operator: Operator) -> Submission:
    sheet = ServiceSheet.objects.select_related("vendor__organisation", "product").get(slug=sending.slug)
    for name, value in sending.changes.items():
        before = getattr(sheet, name)
        setattr(sheet, name, [*before, *value] if isinstance(before, list) else value)
    by = _holder(sheet.vendor.organisation, Role.VENDOR_ADMIN)
    revision = sheet.save_revision(user=by)
    return submit(
        sheet=sheet,
        operator=operator,
        revision=revision,
        by=by,
        note=sending.note,
        now=at(sending.day, 10, 20),
    )


def _share(slug: str, operator: Operator, to: Operator, message: str) -> None:
    sharing.offer(
        listing=Listing.objects.get(operator=operator, offer__product__sheet__slug=slug),
        to_operator=to,
        message=message,
        by=_holder(operator.organisation, Role.CURATOR),
        now=at(date(2026, 11, 20), 14),
    )


def _holder(organisation, role: Role) -> User:
    return User.objects.filter(memberships__organisation=organisation, memberships__role=role).order_by("pk")[
        0
    ]
