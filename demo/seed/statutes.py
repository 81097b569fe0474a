"""What the statutes of the demo's operators say: colleges, VAT, withdrawal; and the acts behind adhesions."""

from datetime import date, timedelta
from random import Random

from demo.seed.operators import BRUMELLE, CANTONADE, ETABLI
from tenants.models import Adhesion, College, Operator, Organisation, VatPosition
from tenants.models.operator import VatRegime, WithdrawalRule
from tenants.models.organisation import OrganisationKind
from tenants.models.territory import PopulationKind

COMMUNES, EPCI = "Collège des communes", "Collège des intercommunalités"
# Adheres to L’Établi communal for all its communes, whether or not each adheres by itself.
COVERING = "244200622"  # Monts du Pilat
STATUTES = {
    CANTONADE.slug: {
        "vat": VatRegime.STANDARD,
        "population_kind": PopulationKind.MUNICIPALE,
        "withdrawal_months": 6,
        "withdrawal_rule": WithdrawalRule.YEAR_END,
    },
    BRUMELLE.slug: {
        "vat": VatRegime.EXEMPT,
        "population_kind": PopulationKind.TOTALE,
        "withdrawal_months": 12,
        "withdrawal_rule": WithdrawalRule.YEAR_END,
    },
    ETABLI.slug: {
        "vat": VatRegime.STANDARD,
        "population_kind": PopulationKind.MUNICIPALE,
        "withdrawal_months": 3,
        "withdrawal_rule": WithdrawalRule.NOTICE_END,
    },
}


def write_statutes(*, operators: dict[str, Operator]) -> None:
    """Statutes, VAT positions and colleges of every operator."""
    for slug, statutes in STATUTES.items():
        operator = operators[slug]
        values = {name: value for name, value in statutes.items() if name != "vat"}
        Operator.objects.filter(pk=operator.pk).update(**values)
        VatPosition.objects.create(
            operator=operator,
            regime=statutes["vat"],
            since=date(2019, 1, 1),
            source="Rescrit du service des impôts",
        )
        College.objects.create(operator=operator, name=COMMUNES, votes=3)
        College.objects.create(operator=operator, name=EPCI, votes=2)


def record_adhesions(*, operators: dict[str, Operator]) -> None:
    """College and deliberation of every adhesion; one intercommunality adheres for its communes too."""
    rng = Random(244200622)
    etabli = operators[ETABLI.slug]
    Adhesion.objects.create(
        operator=etabli,
        organisation=Organisation.objects.get(siren=COVERING),
        since=date(2024, 1, 1),
        covers_communes=True,
    )
    colleges = {(college.operator_id, college.name): college for college in College.objects.all()}
    adhesions = list(Adhesion.objects.select_related("organisation").order_by("pk"))
    for adhesion in adhesions:
        is_epci = adhesion.organisation.kind == OrganisationKind.EPCI
        adhesion.college = colleges[adhesion.operator_id, EPCI if is_epci else COMMUNES]
        voted = adhesion.since - timedelta(days=rng.randint(20, 90))
        adhesion.deliberation_date = voted
        adhesion.deliberation_number = f"{voted.year}-{rng.randint(1, 60):03d}"
    Adhesion.objects.bulk_update(adhesions, ["college", "deliberation_date", "deliberation_number"])
