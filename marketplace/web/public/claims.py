"""How claims are read: the three levels, their end, the rules they are checked against."""

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.utils import timezone
from django.utils.timezone import localdate
from django.views.decorators.http import require_safe

from catalog.claims.queries import rules_in_force
from catalog.models import ClaimLevel, ClaimTopic
from marketplace.web.claim_words import BADGES
from marketplace.web.formats import day

LEVELS = {
    ClaimLevel.DECLARED: "L’éditeur l’affirme, sans preuve.",
    ClaimLevel.DOCUMENTED: "L’éditeur l’affirme et joint une preuve que vous pouvez lire. Personne d’autre "
    "ne l’a encore relue.",
    ClaimLevel.VERIFIED: "Un opérateur ou la plateforme a relu la preuve et la confirme, à une date qui est "
    "affichée.",
}
RULES = {
    "notice_days_max": "Data Act : préavis de sortie de {value} jours au plus",
    "transition_days_max": "Data Act : transition de {value} jours au plus",
    "longer_transition_months_max": "Data Act : {value} mois au plus si c’est impossible en un mois",
    "retrieval_days_min": "Data Act : {value} jours au moins pour récupérer ses données",
    "partial_from_percent": "RGAA : « partiellement conforme » à partir de {value} % du référentiel",
    "total_percent": "RGAA : « totalement conforme » à {value} %",
    "audit_valid_years": "RGAA : un audit vaut {value} ans",
    "breach_notice_hours_max": "RGPD : une violation est signalée à la CNIL en {value} heures",
    "confirmed_again_months": "Halle : un engagement sans date de fin se confirme tous les {value} mois",
}
FEES = {
    1: "Data Act : frais de changement de fournisseur au coût réel seulement",
    0: "Data Act : aucuns frais de changement de fournisseur",
}


@login_not_required
@require_safe
def explained(request):
    """ "Comment lire ces engagements"."""
    found = rules_in_force(on=localdate(timezone.now()))
    context = {
        "levels": [{"badge": BADGES[level], "text": text} for level, text in LEVELS.items()],
        "topics": ClaimTopic.labels,
        "rules": [
            {"text": _text(rule), "since": day(rule.in_force_from), "source": rule.source} for rule in found
        ],
    }
    return render(request, "public/claims_explained.html", context)


def _text(rule) -> str:
    if rule.code == "switching_fee_at_cost_allowed":
        return FEES[min(rule.value, 1)]
    return RULES.get(rule.code, f"{rule.code} : {{value}}").format(value=rule.value)
