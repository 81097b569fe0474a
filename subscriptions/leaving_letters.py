"""What a subscriber, its operator and the vendor read each time a departure moves on."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from subscriptions.models import Exit, ExitMove, ExitState
from tenants import letters
from tenants.days import in_words
from tenants.models import Role
from tenants.people.telling import people_to_tell

SUBSCRIBER = (Role.SECRETARY, Role.SIGNATORY, Role.ORG_ADMIN)
OPERATOR = (Role.CURATOR, Role.OPERATOR_ADMIN)
VENDOR = (Role.VENDOR_ADMIN,)


def write_letters(*, move_id: int, now: datetime) -> int:
    """One letter to each person concerned by a departure's move. May be called any number of times; how many
    people were meant. Four queries, and the letters."""
    moved = ExitMove.objects.select_related(
        "exit__subscription__tenant",
        "exit__subscription__operator__organisation",
        "exit__subscription__listing__offer__product__sheet__vendor__organisation",
    ).get(pk=move_id)
    subscription = moved.exit.subscription
    if subscription.is_trial and moved.after in (ExitState.NOTICE, ExitState.TRANSITION):
        return 0  # it has neither: the data are to be fetched the same day, which is told
    sides = (
        (subscription.tenant_id, SUBSCRIBER),
        (subscription.operator.organisation_id, OPERATOR),
        (subscription.listing.sheet.vendor.organisation_id, VENDOR),
    )
    subject, sentence = _words(moved)
    told = [
        mandate for tenant, roles in sides for mandate in people_to_tell(organisations=[tenant], roles=roles)
    ]
    for mandate in told:
        letters.write(
            tenant=mandate.organisation,
            key=f"exit:{moved.pk}:{mandate.organisation_id}:{mandate.user_id}",
            to=mandate.user.email,
            subject=subject,
            body=BODY.format(
                sentence=sentence,
                calendar=calendar_in_words(moved.exit),
                contact=subscription.operator.contact_email,
            ),
            now=now,
        )
    return len(told)


def calendar_in_words(leaving: Exit) -> str:
    """The phases still to come and past, one a line; last days are included."""

    def until(day: date) -> str:
        return in_words(day - timedelta(days=1))

    if leaving.subscription.is_trial:
        last = until(leaving.retrieval_from)
        return "\n".join([f"Essai gratuit : jusqu’au {last}. Rien n’est à payer.", *_data(leaving, until)])
    transition = in_words(leaving.transition_from)
    lines = [
        f"Préavis : jusqu’au {until(leaving.transition_from)}.",
        f"Transition : du {transition} au {until(leaving.retrieval_from)}, dernier jour facturé.",
        *_data(leaving, until),
    ]
    if leaving.transition_from == leaving.retrieval_from:
        lines[:2] = [f"Préavis : jusqu’au {until(leaving.retrieval_from)}, dernier jour facturé."]
    return "\n".join(lines)


def _data(leaving: Exit, until: Callable[[date], str]) -> list[str]:
    return [
        f"Récupération des données : du {in_words(leaving.retrieval_from)} au {until(leaving.erasure_from)}.",
        f"Effacement des données : à partir du {in_words(leaving.erasure_from)}.",
    ]


def _words(moved: ExitMove) -> tuple[str, str]:
    subscription = moved.exit.subscription
    who, what = subscription.tenant.name, subscription.service_name
    match moved.after:
        case ExitState.NOTICE if moved.exit.requested_by_id is None:
            return f"{what} : le contrat est terminé", f"Le contrat de {who} pour « {what} » est terminé."
        case ExitState.NOTICE | ExitState.CARRIED:
            return f"{who} quitte {what}", f"{who} a demandé à quitter le service « {what} »."
        case ExitState.WITHDRAWN:
            return f"{who} garde {what}", f"{who} a annulé son départ : le service « {what} » continue."
        case ExitState.TRANSITION:
            return (
                f"{what} : la transition commence",
                f"Le préavis de {who} est terminé. L’éditeur l’aide maintenant à reprendre ses données de "
                f"« {what} ».",
            )
        case ExitState.RETRIEVAL if subscription.is_trial:
            return (
                f"{what} : l’essai gratuit est terminé, les données se récupèrent",
                f"L’essai gratuit de « {what} » par {who} est terminé. Ses données peuvent encore être "
                "récupérées, ou gardées en prenant l’abonnement.",
            )
        case ExitState.RETRIEVAL:
            return (
                f"{what} : le service s’arrête, les données se récupèrent",
                f"Le service « {what} » n’est plus facturé à {who}. Ses données peuvent encore être "
                "récupérées.",
            )
        case ExitState.ERASURE:
            return (
                f"{what} : les données sont à effacer",
                f"{who} a eu le temps de récupérer ses données de « {what} ». L’éditeur les efface et "
                "remet un certificat à l’opérateur, qui le dépose dans Halle.",
            )
        case _:
            return (
                f"{what} : le départ est terminé",
                f"Les données de {who} dans « {what} » sont effacées : le certificat est dans Halle.",
            )


BODY = """\
Bonjour,

{sentence}

{calendar}

Une question ? {contact}
"""
