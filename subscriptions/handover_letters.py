"""What the people of both communes read once a hand-over is done."""

from datetime import datetime

from catalog.pricing import format_cents, format_date
from tenants import letters
from tenants.models import Role
from tenants.people.telling import people_to_tell

FATES = {
    "followed": "continue sans interruption",
    "ended": "s’arrête, votre nouvelle commune l’ayant déjà",
    "cancelled": "la demande, qui n’était pas approuvée, est annulée",
}


def write_letters(plan, *, occasion: int, now: datetime) -> None:
    """One letter to each administrator and secretary of the merged commune and of the commune nouvelle
    (`plan` is a subscriptions.handover_plan.Plan that was carried out). `occasion` is the id of its event:
    what comes to wait later is told too. Two queries, and the letters."""
    # Whoever holds both roles, or a mandate in both communes, is told once for each commune.
    for mandate in people_to_tell(organisations=[plan.old, plan.new], roles=(Role.ORG_ADMIN, Role.SECRETARY)):
        letters.write(
            tenant=mandate.organisation,
            key=f"handover:{occasion}:{mandate.organisation_id}:{mandate.user_id}",
            to=mandate.user.email,
            subject=f"{plan.change.successor.name} reprend les services de la commune fusionnée",
            body=_body(plan),
            now=now,
        )


def _body(plan) -> str:
    old, new = plan.change.territory.name, plan.change.successor.name
    day = format_date(plan.change.effective_on)
    lines = [
        "Bonjour,",
        "",
        f"{old} a fusionné dans {new} le {day}. {plan.operator.short_name} a repris ses services au nom de "
        "la commune nouvelle, aux mêmes conditions.",
        "",
        *(f"- {_line(item)}" for item in plan.items),
        "",
        "Les adresses des services ne changent pas. Chacune des deux communes paie les mois qui sont "
        "les siens. Les factures déjà émises ne changent pas : ce qui l’est en trop est rendu par un avoir.",
        "",
        "Les personnes de la commune fusionnée gardent la lecture de ses dossiers. Pour agir au nom de la "
        "commune nouvelle, elles y sont invitées par son administrateur.",
        "",
        f"Une question ? {plan.operator.contact_email}",
    ]
    return "\n".join(lines)


def _line(item) -> str:
    text = f"{item.subscription.service_name} : {FATES[item.fate]}"
    if item.quote is None:
        return f"{text}."
    return f"{text}, pour {format_cents(item.quote.total_cents)} hors taxes par an."
