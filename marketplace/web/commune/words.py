"""The words and colours of a member's pages: states, assemblies, payments."""

from datetime import date

from billing.models import Channel, Invoice, SettlementState
from marketplace.web.formats import day, net
from marketplace.web.price_views import trial_words
from subscriptions.models import State, Subscription
from subscriptions.models.decision import Authority

_BADGES = {
    State.REQUESTED: ("warning", "À approuver", "clock"),
    State.REFUSED: ("neutral", "Refusé", "close"),
    State.CANCELLED: ("neutral", "Annulé", "close"),
    State.APPROVED: ("info", "Ouverture en cours", "clock"),
    State.PROVISIONING: ("info", "Ouverture en cours", "clock"),
    State.ACTIVE: ("success", "Ouvert", "success"),
    State.SUSPENDED: ("warning", "Suspendu", "warning"),
    State.TERMINATING: ("info", "Fermeture en cours", "clock"),
    State.ENDED: ("neutral", "Terminé", "neutral"),
}


# Where a free trial says otherwise.
_TRIAL_BADGES = {
    State.REQUESTED: ("warning", "Essai demandé", "clock"),
    State.TERMINATING: ("info", "Essai terminé", "clock"),
    State.ENDED: ("neutral", "Essai terminé", "neutral"),
}


def state_badge(subscription: Subscription) -> dict:
    """For components/badge.html. A free trial that is open says until when."""
    state, label, icon = _BADGES[State(subscription.state)]
    if subscription.is_trial:
        state, label, icon = _TRIAL_BADGES.get(State(subscription.state), (state, label, icon))
        if subscription.state == State.ACTIVE:
            state, label, icon = "info", f"Essai jusqu’au {day(subscription.last_trial_day)}", "clock"
    return {"state": state, "label": label, "icon": icon}


def plural(number: int, word: str) -> str:
    """ "1 facture", "3 factures" (words that take an s)."""
    return f"{number} {word}{'s' if number > 1 else ''}"


def yearly_price(subscription: Subscription) -> str:
    """ "645,00 € HT par an", or "645,00 € par an" when there is no tax; "Essai gratuit de 30 jours"."""
    if subscription.is_trial:
        return trial_words(subscription.trial_days)
    return f"{net(subscription.yearly_cents, taxed=is_taxed(subscription))} par an"


def price_in_list(row: Subscription) -> str:
    """The same, of the day, for the cell of a list whose head says that it is by year. `row` has its
    `in_force_cents`."""
    return "Essai gratuit" if row.is_trial else net(row.in_force_cents, taxed=is_taxed(row))


def is_taxed(subscription: Subscription) -> bool:
    """Whether its price has tax: neither exempt nor out of scope."""
    return subscription.vat_category == "S"


def act_word(subscription: Subscription) -> str:
    """ "Délibération" or "Décision": what decided a request, by who took the act."""
    authority = subscription.decision.authority
    council = authority == Authority.COUNCIL if authority else subscription.deliberation_required
    return "Délibération" if council else "Décision"


def is_paid(invoice: Invoice) -> bool:
    """Whether the payment is known."""
    settlement = getattr(invoice, "settlement", None)
    return settlement is not None and settlement.state == SettlementState.PAID


def payment_badge(invoice: Invoice, *, today: date) -> dict:
    """Where the payment is, in a buyer's words, for components/badge.html; `note` is for a cell of a
    list, `sentence` for the invoice's own page ("" when the badge says it all). `invoice` as
    `billing.queries` reads it."""
    if invoice.is_credit_note:
        return {
            "state": "info",
            "label": "Avoir",
            "icon": "info",
            "note": f"sur la facture {invoice.corrects.number}",
            "sentence": invoice.payment["instructions"],
        }
    if invoice.credited_cents >= invoice.gross_cents:
        return {
            "state": "neutral",
            "label": "Annulée par avoir",
            "icon": "neutral",
            "note": "",
            "sentence": "Un avoir du même montant annule cette facture : rien n’est à payer.",
        }
    if is_paid(invoice):
        when = day(invoice.settlement.paid_at)
        return {
            "state": "success",
            "label": "Payée",
            "icon": "success",
            "note": f"le {when}",
            "sentence": f"Paiement reçu le {when}.",
        }
    settlement = getattr(invoice, "settlement", None)
    titre = settlement is not None and settlement.channel == Channel.TITRE
    if invoice.pay_by is None:
        sentence = "Une ligne est contestée : le délai de paiement est interrompu jusqu’à la réponse."
        return {"state": "info", "label": "Contestée", "icon": "clock", "note": "", "sentence": sentence}
    if invoice.pay_by >= today:
        note = "au comptable public" if titre else "par virement"
        return {"state": "info", "label": "À payer", "icon": "clock", "note": note, "sentence": ""}
    late = {"state": "warning", "label": "Échéance passée", "icon": "warning"}
    if titre:
        # A public accountant's receipts are not known here: never say that a commune did not pay.
        sentence = (
            "Le paiement n’est pas connu ici. Si vous avez déjà payé au comptable public, "
            "vous n’avez rien à faire."
        )
        return {**late, "note": "paiement non connu ici", "sentence": sentence}
    return {**late, "note": "paiement non reçu", "sentence": "Le paiement n’a pas encore été reçu."}
