"""What an operator's statutes say, in words, for whoever thinks of adhering."""

from datetime import date

from marketplace.web.operator.forms import capitalised
from tenants.models import Operator


def statutes_in_words(operator: Operator, *, on: date) -> list[dict]:
    """For components/facts.html. One query: the VAT position of that day."""
    position = operator.vat_on(on)
    return [
        {"label": "Statut", "value": capitalised(operator.get_legal_kind_display())},
        {"label": "Contributions calculées sur", "value": f"la {operator.get_population_kind_display()}"},
        {
            "label": "TVA",
            "value": capitalised(position.get_regime_display()) if position else "Position non précisée",
        },
        {"label": "Pour se retirer", "value": withdrawal_in_words(operator)},
    ]


def withdrawal_in_words(operator: Operator) -> str:
    """ "Préavis de 6 mois, effet au 31 décembre qui suit la fin du préavis"."""
    months = operator.withdrawal_months
    notice = f"Préavis de {months} mois" if months else "Sans préavis"
    return f"{notice}, effet {operator.get_withdrawal_rule_display()}"
