"""What members and their operator read of a term: before its end, and of what is decided about it."""

from datetime import date, datetime, timedelta

from subscriptions.contract_letters import people_of, tell_both, write_both
from subscriptions.models import RUNNING, NonRenewal, Side, Subscription, Term, TermOrigin
from subscriptions.models.renewal import MOST_NOTICE_DAYS
from subscriptions.terms import Fate, Outlook, outlook_read, with_last_terms
from tenants.days import in_words, years_in_words

# How long before the last day of notice a tacit renewal is announced.
MARGIN = 30
# How long before its end a term that is not renewed, or not by itself, is told of: the most pressing first.
DAYS = (30, 90, 180)
FARTHEST = max(*DAYS, MOST_NOTICE_DAYS + MARGIN)


def write_reminders(*, on: date, now: datetime) -> int:
    """To each member and its operator, before each end of a term; how many letters are due. May be called any
    number of times: a letter's key names its term and its reminder. Three queries, and the letters."""
    due = [
        (subscription, found, reminder)
        for subscription in _nearing(on)
        if (found := outlook_read(subscription)) and (reminder := _reminder(found, on=on))
    ]
    places = {one.tenant_id for one, *_ in due} | {one.operator.organisation_id for one, *_ in due}
    people = people_of(places) if due else {}
    return sum(
        write_both(
            subscription, f"term:{found.term.pk}:{reminder}", *_announcement(subscription, found), people, now
        )
        for subscription, found, reminder in due
    )


def tell_not_renewed(*, subscription: Subscription, notice: NonRenewal, now: datetime) -> None:
    """Both sides learn, in the transaction, that one of them does not renew."""
    who = subscription.tenant.name if notice.side == Side.MEMBER else subscription.operator.short_name
    ends = in_words(notice.term.last_day)
    sentence = f"{who} a demandé que cet abonnement ne soit pas reconduit : il prend fin le {ends}."
    if notice.reason:
        sentence += f"\n\nMotif : {notice.reason}"
    subject = f"{subscription.service_name} : fin le {ends}"
    tell_both(subscription, f"non-renewal:{notice.pk}", subject, sentence, now)


def tell_taken_back(*, subscription: Subscription, notice: NonRenewal, now: datetime) -> None:
    """Both sides learn that it goes on after all."""
    starts = in_words(notice.term.ends)
    sentence = f"Finalement, cet abonnement continue : il sera reconduit le {starts}."
    subject = f"{subscription.service_name} : l’abonnement continue"
    tell_both(subscription, f"non-renewal-back:{notice.pk}", subject, sentence, now)


def tell_renewed(*, subscription: Subscription, term: Term, now: datetime) -> None:
    """Both sides learn that a new term begins."""
    how = "tacitement" if term.origin == TermOrigin.TACIT else "par votre collectivité"
    sentence = f"Cet abonnement est reconduit {how}, du {in_words(term.starts)} au {in_words(term.last_day)}."
    subject = f"{subscription.service_name} : reconduit jusqu’au {in_words(term.last_day)}"
    tell_both(subscription, f"renewed:{term.pk}", subject, sentence, now)


def tell_over(*, subscription: Subscription, term: Term, now: datetime) -> None:
    """Both sides learn that the last term is over."""
    last = in_words(term.last_day)
    sentence = (
        f"La dernière période de cet abonnement s’est achevée le {last}. Il n’est plus facturé. "
        "Récupérez vos données : elles restent à votre disposition, puis elles seront effacées."
    )
    tell_both(subscription, f"term-over:{term.pk}", f"{subscription.service_name} : terminé", sentence, now)


def _nearing(on: date):
    """Running subscriptions whose last term ends within the longest reminder, whatever its notice."""
    running = Subscription.objects.filter(state__in=RUNNING).select_related(
        "tenant", "operator__organisation"
    )
    return (
        with_last_terms(running)
        .filter(last_end__gt=on, last_end__lte=on + timedelta(days=FARTHEST))
        .order_by("pk")
    )


def _reminder(found: Outlook, *, on: date) -> str:
    """Which reminder is due that day, "" when none is."""
    if found.fate == Fate.GOES_ON:
        begins = found.notice_until - timedelta(days=MARGIN)
        return "notice" if begins <= on <= found.notice_until else ""
    days = next((days for days in DAYS if found.term.ends - on <= timedelta(days=days)), None)
    return f"{found.fate}-{days}" if days else ""


def _announcement(subscription: Subscription, found: Outlook) -> tuple[str, str]:
    """(subject, sentence)."""
    name, ends = subscription.service_name, in_words(found.term.last_day)
    period = years_in_words(subscription.period_years)
    match found.fate:
        case Fate.GOES_ON:
            return (
                f"{name} : reconduction tacite le {in_words(found.term.ends)}",
                f"Cet abonnement sera reconduit tacitement le {in_words(found.term.ends)}, pour "
                f"{period}, si personne ne s’y oppose. Pour qu’il ne le soit pas, dites-le "
                f"sur sa page au plus tard le {in_words(found.notice_until)}.",
            )
        case Fate.AWAITED:
            return (
                f"{name} : à reconduire avant le {in_words(found.term.ends)}",
                f"Cet abonnement prend fin le {ends} si votre collectivité ne le reconduit pas. Une personne "
                f"signataire peut le reconduire pour {period} sur sa page.",
            )
    why = (
        "Il n’est pas reconduit."
        if found.non_renewal
        else "C’est la dernière période du contrat : il ne se reconduit plus."
    )
    return (
        f"{name} : fin le {ends}",
        f"Cet abonnement prend fin le {ends}. {why} Préparez la suite : récupérez vos données et, si vous "
        "gardez le besoin, choisissez un nouveau cadre d’achat.",
    )
