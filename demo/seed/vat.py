"""What the Brumelle's finance wrote down of VAT: what is sold is taxed, what is shared is exempt as its tax
office answered, for the kinds of members that it named."""

from datetime import date

from catalog.models import LineNature
from catalog.vat.deciding import Choice, Proof, decide, say_eligible
from demo.seed.moments import at
from demo.seed.people import holders
from tenants.models import Operator, Role
from tenants.models.territory import TerritoryKind

SINCE, NEXT_YEAR = date(2019, 1, 1), date(2027, 1, 1)
POSITION = "Rescrit du service des impôts du 14/12/2018"
ANSWER = "Rescrit du service des impôts du 02/12/2025, question 3"
WRITTEN_DOWN = at(date(2026, 1, 6), 10)


def decide_vat(*, operators: dict[str, Operator]) -> None:
    """By the real operations. What is shared follows its published tariffs until 2027."""
    operator = operators["brumelle"]
    common = {
        "operator": operator,
        "by": holders(Role.OPERATOR_FINANCE)[operator.organisation_id],
        "now": WRITTEN_DOWN,
    }
    decide(nature=LineNature.SERVICE, choice=Choice.TAXED, proof=Proof(SINCE, POSITION), **common)
    decide(nature=LineNature.SHARED, choice=Choice.SHARED_COSTS, proof=Proof(NEXT_YEAR, ANSWER), **common)
    for kind in (TerritoryKind.COMMUNE, TerritoryKind.EPCI):
        say_eligible(who=kind, eligible=True, proof=Proof(SINCE, POSITION), **common)
