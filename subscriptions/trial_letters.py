"""What members and their operator read of a free trial: before its end, and of the subscription after it."""

from datetime import date, datetime, timedelta

from subscriptions.contract_letters import people_of, tell_both, write_both
from subscriptions.models import RUNNING, Subscription
from tenants.days import in_words

# How long before the first day without it: the most pressing first. 1 is on its last day.
DAYS = (1, 7)


def write_reminders(*, on: date, now: datetime) -> int:
    """To each member and its operator, a week before the end of a trial and on its last day; how many letters
    are due. May be called any number of times: a letter's key names its trial and its reminder. Three
    queries, and the letters."""
    nearing = (
        Subscription.objects.trials()
        .filter(state__in=RUNNING, trial_until__gt=on, trial_until__lte=on + timedelta(days=max(DAYS)))
        .select_related("tenant", "operator__organisation")
        .order_by("pk")
    )
    found = list(nearing)
    asked = _asked_for(found) if found else set()
    places = {one.tenant_id for one in found} | {one.operator.organisation_id for one in found}
    people = people_of(places) if found else {}
    return sum(
        write_both(
            trial,
            f"trial:{trial.pk}:{_reminder(trial, on=on)}",
            f"{trial.service_name} : fin de l’essai gratuit le {in_words(trial.last_trial_day)}",
            _announcement(trial, asked=(trial.tenant_id, trial.listing_id) in asked),
            people,
            now,
        )
        for trial in found
    )


def tell_goes_on(*, subscription: Subscription, now: datetime) -> None:
    """Both sides learn, in the transaction, that what was tried goes on as a subscription."""
    tell_both(
        subscription,
        f"trial-goes-on:{subscription.pk}",
        f"{subscription.service_name} : le service continue après l’essai",
        "L’abonnement est approuvé : le service continue sans coupure, avec vos données. Il est payant à "
        f"partir du {in_words(subscription.active_from)}.",
        now,
    )


def _asked_for(trials: list[Subscription]) -> set[tuple[int, int]]:
    """(tenant, listing) of those whose subscription is asked for already. One query."""
    rows = Subscription.objects.open().paid().filter(after_trial__isnull=True)
    rows = rows.filter(tenant__in=[one.tenant_id for one in trials])
    return set(rows.values_list("tenant", "listing"))


def _reminder(trial: Subscription, *, on: date) -> int:
    return next(days for days in DAYS if trial.trial_until - on <= timedelta(days=days))


def _announcement(trial: Subscription, *, asked: bool) -> str:
    sentence = f"L’essai gratuit se termine le {in_words(trial.last_trial_day)} au soir. "
    if asked:
        return sentence + (
            "L’abonnement est demandé : une fois approuvé, le service continue avec vos données. S’il ne "
            "l’est pas d’ici là, le service s’arrête, mais vos données sont gardées un mois au moins."
        )
    return sentence + (
        "Pour garder le service sans coupure, demandez l’abonnement depuis la page de l’essai. Sinon, il n’y "
        "a rien à faire ni à payer : le service s’arrête, vos données restent à récupérer un mois au moins, "
        "puis elles sont effacées."
    )
