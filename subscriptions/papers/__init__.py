"""The papers that a subscription needs, drawn up and prefilled: nothing of them is kept.

They say what the request has frozen, and what the law asks of this body, by this vehicle, for this amount.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial

from subscriptions.deciding import Decider, head, may_decide
from subscriptions.models import LegalBasis, State, Subscription
from subscriptions.papers.act import act
from subscriptions.papers.joining import central, grouping, service_form
from subscriptions.papers.matter import Matter
from subscriptions.papers.ordering_forms import order_form, order_letter
from tenants.documents.paper import Paper


class PaperKind(StrEnum):
    DELIBERATION = "deliberation"
    DECISION = "decision"
    CONVENTION = "convention"
    ADHESION = "convention-d-adhesion"
    SERVICE_FORM = "bulletin-d-adhesion"
    ORDER_FORM = "bon-de-commande"
    ORDER_LETTER = "lettre-de-commande"


ACTS = {Decider.ASSEMBLY: PaperKind.DELIBERATION, Decider.HEAD: PaperKind.DECISION}
# What is signed once it is decided, by the legal basis of the vehicle.
SIGNED = {
    LegalBasis.GROUPEMENT: PaperKind.CONVENTION,
    LegalBasis.CENTRALE: PaperKind.ADHESION,
    LegalBasis.FRAMEWORK: PaperKind.ORDER_FORM,
    LegalBasis.IN_HOUSE: PaperKind.SERVICE_FORM,
    LegalBasis.STATUTORY: PaperKind.SERVICE_FORM,
    LegalBasis.DIRECT: PaperKind.ORDER_LETTER,
}
_DRAWN: dict[PaperKind, Callable[[Matter], Paper]] = {
    PaperKind.DELIBERATION: partial(act, decider=Decider.ASSEMBLY),
    PaperKind.DECISION: partial(act, decider=Decider.HEAD),
    PaperKind.CONVENTION: grouping,
    PaperKind.ADHESION: central,
    PaperKind.SERVICE_FORM: service_form,
    PaperKind.ORDER_FORM: order_form,
    PaperKind.ORDER_LETTER: order_letter,
}
_LABELS = {
    PaperKind.DELIBERATION: "Projet de délibération",
    PaperKind.CONVENTION: "Convention constitutive du groupement",
    PaperKind.ADHESION: "Convention d’adhésion à la centrale d’achat",
    PaperKind.SERVICE_FORM: "Bulletin d’adhésion au service",
    PaperKind.ORDER_FORM: "Bon de commande",
    PaperKind.ORDER_LETTER: "Lettre de commande",
}


@dataclass(frozen=True)
class Offered:
    """A paper of a subscription: `label` in French; `decides` when it is the act that decides."""

    kind: PaperKind
    label: str
    decides: bool


def offered(subscription: Subscription) -> list[Offered]:
    """The acts that may decide it while it is only asked for; what is signed then, until it is closed. None
    for a free trial, which commits nobody."""
    if not subscription.is_open or subscription.is_trial:
        return []
    found = []
    if subscription.state == State.REQUESTED:
        rule = may_decide(
            basis=subscription.vehicle.legal_basis,
            kind=subscription.tenant.kind,
            deliberation_required=subscription.deliberation_required,
        )
        found = [_offer(ACTS[decider], subscription) for decider in rule.deciders]
    return [*found, _offer(SIGNED[LegalBasis(subscription.vehicle.legal_basis)], subscription)]


def draw(*, subscription: Subscription, kind: PaperKind, on: date) -> Paper:
    """The paper, with the thresholds of that day. The tenant scope holds the subscription's tenant."""
    return _DRAWN[kind](Matter(subscription=subscription, on=on))


def _offer(kind: PaperKind, subscription: Subscription) -> Offered:
    label = _LABELS.get(kind) or f"Projet de décision du {head(subscription.tenant)}"
    return Offered(kind, label, decides=kind in ACTS.values())
