"""Amending a contract in progress: proposed by the member, decided by its signatory, priced from a day to
come. What is past is never priced again."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import localdate

from catalog.prices import TerritoryFacts, counted_by
from catalog.pricing import Counted, PricingError, Quote, format_cents, format_percent
from subscriptions import contract_letters, signals
from subscriptions.acts import Act, check_needed
from subscriptions.choosing import offer_to, option_problem
from subscriptions.exceptions import (
    AmendmentInvalid,
    AmendmentRefused,
    NotAvailable,
    OrganisationClosed,
    SamePerson,
    WrongState,
)
from subscriptions.facts import facts_of_subscriber
from subscriptions.in_force import TermsInForce, terms_on
from subscriptions.models import (
    RUNNING,
    Amendment,
    AmendmentKind,
    AmendmentState,
    LegalBasis,
    ModificationGround,
    Subscription,
    ThresholdCode,
)
from subscriptions.models.amendment import AMENDMENT_TRANSITIONS
from subscriptions.modifications import limit_percent
from subscriptions.ordering import (
    committed_cents,
    extra_committed_cents,
    place_order,
    threshold_cents,
)
from tenants import audit
from tenants.days import in_words, next_month
from tenants.models import User

MONTHS_AHEAD = 12
# A framework agreement has its maximum; what an operator does for its own members is no public contract.
LIMITED = (LegalBasis.GROUPEMENT, LegalBasis.CENTRALE, LegalBasis.DIRECT)
NOT_RUNNING = "Cet abonnement n’est pas ouvert : il ne se modifie pas."
WAITING = "Un avenant attend déjà une décision : décidez-le, ou retirez-le d’abord."


@dataclass(frozen=True)
class Changes:
    """What is proposed. `effective_on`: a first of a month to come; `counts` by `Counted.name` and `options`
    ({code, name, grid}), both None for an amendment of its `text` alone; `other_basis`: the legal reason for
    more than a small modification."""

    effective_on: date
    text: str
    counts: dict[str, int] | None = None
    options: list[dict] | None = None
    other_basis: str = ""


@dataclass(frozen=True)
class Comparison:
    """Terms and whole years before and after, net of tax; `counted`: what either price counts."""

    terms: TermsInForce
    new_terms: TermsInForce
    before: Quote
    after: Quote
    counted: tuple[Counted, ...]


def first_days(*, on: date) -> list[date]:
    """On which days an amendment may take effect: the firsts of the months to come."""
    return [next_month(on, ahead=ahead) for ahead in range(1, MONTHS_AHEAD + 1)]


@dataclass(frozen=True)
class Choosable:
    """What a member may change of its contract. `terms`: once all that is decided has taken effect;
    `offered`: {code, name, grid} of each option, those it has then at the tariff of its contract."""

    counted: tuple[Counted, ...]
    offered: list[dict]
    terms: TermsInForce
    since: date | None = None  # the day of the last change that is decided: before it, it would be undone


def choosable(subscription: Subscription, *, on: date) -> Choosable:
    """What may be changed that day: the numbers that the price counts, the options. It starts from the last
    that was decided: an option that goes next month is not taken again by whoever changes a number."""
    terms = terms_on(subscription, date.max)
    kept = {option["code"]: option for option in terms.options}
    try:
        offer = offer_to(listing=subscription.listing, organisation=subscription.tenant, today=on)
        new = [option.terms for option in offer.options if option.code not in kept]
    except NotAvailable:
        new = []
    offered = [*terms.options, *new]
    facts = facts_of_subscriber(subscription, on=on, options=new)
    decided = subscription.amendments.filter(state=AmendmentState.APPROVED, kind=AmendmentKind.CHOICES)
    since = decided.aggregate(last=Max("effective_on"))["last"]
    return Choosable(_counted(subscription.grid, offered, facts=facts), offered, terms, since)


def compare(subscription: Subscription, *, changes: Changes, on: date) -> Comparison:
    """What a year costs before and after, for the inhabitants known on the day `on`. Raises AmendmentInvalid
    where no price can be computed."""
    facts = facts_of_subscriber(subscription, on=on, options=changes.options or [])
    terms = terms_on(subscription, changes.effective_on)
    after = terms
    if changes.counts is not None:
        after = terms.choosing(
            counts=changes.counts,
            options=changes.options or [],
            priced_at=terms_on(subscription, on).coefficient,
        )
    first_year = subscription.in_first_year(changes.effective_on)
    try:
        before, new = (one.price(facts, first_year=first_year).recurring() for one in (terms, after))
    except PricingError as error:
        raise AmendmentInvalid({"counts": str(error)}) from error
    counted = _counted(subscription.grid, [*terms.options, *after.options], facts=facts)
    return Comparison(terms, after, before, new, counted)


@transaction.atomic
def propose(
    *, subscription: Subscription, changes: Changes, by: User, request_key: uuid.UUID, now: datetime
) -> Amendment:
    """An amendment that waits for its approval. `request_key` was drawn with the form: sent twice, it is one.

    Raises AmendmentRefused when the contract is not running or another amendment waits, AmendmentInvalid with
    every mistake found.
    """
    if again := Amendment.objects.filter(request_key=request_key, subscription=subscription).first():
        return again
    subscription = locked(subscription)
    if subscription.amendments.filter(state=AmendmentState.PROPOSED).exists():
        raise AmendmentRefused(WAITING)
    today = localdate(now)
    _check(changes, today=today)
    _check_options(subscription, changes)
    found = compare(subscription, changes=changes, on=today)
    chooses = changes.counts is not None
    if chooses and found.terms == found.new_terms:
        raise AmendmentInvalid({"text": "Rien ne change : modifiez au moins une quantité ou une option."})
    amendment = Amendment(
        request_key=request_key,
        kind=AmendmentKind.CHOICES if chooses else AmendmentKind.OTHER,
        effective_on=changes.effective_on,
        text=changes.text.strip(),
        before=_in_words(found.counted, found.terms) if chooses else "",
        after=_in_words(found.counted, found.new_terms) if chooses else "",
        counts=changes.counts,
        options=found.new_terms.options if chooses else None,
        other_basis=changes.other_basis.strip(),
        requested_by=by,
    )
    write(amendment, subscription=subscription, before=found.before, after=found.after, now=now)
    if (problem := _too_large(amendment, on=today)) and not amendment.other_basis:
        raise AmendmentInvalid({"other_basis": problem})
    _record(amendment, "subscription.amendment_proposed", "a proposé", by=by, now=now)
    return amendment


def write(
    amendment: Amendment, *, subscription: Subscription, before: Quote, after: Quote, now: datetime
) -> None:
    """Numbers the amendment after the others of its subscription, which the caller has locked, and writes
    it."""
    last = subscription.amendments.aggregate(last=Max("number"))["last"] or 0
    amendment.tenant_id, amendment.subscription, amendment.number = (
        subscription.tenant_id,
        subscription,
        last + 1,
    )
    amendment.quote_before, amendment.quote_after = before.to_dict(), after.to_dict()
    amendment.cents_before, amendment.cents_after = before.total_cents, after.total_cents
    amendment.requested_at = now
    amendment.save(force_insert=True)


@transaction.atomic
def approve(*, amendment: Amendment, by: User, act: Act | None, now: datetime) -> None:
    """It takes effect on its day. The act is compulsory where it costs more, or changes words; what it adds
    is ordered in the same transaction.

    Raises OrganisationClosed, SamePerson, DecisionInvalid, AmendmentRefused, WrongState, or OrderRefused when
    the vehicle has no room for what it adds.
    """
    subscription, today = locked(amendment.subscription), localdate(now)
    if subscription.tenant.is_closed(on=today):
        raise OrganisationClosed
    if subscription.separate_approver and by.pk == amendment.requested_by_id:
        raise SamePerson
    if amendment.effective_on <= today:
        raise AmendmentRefused("Sa date d’effet est passée : retirez-le, puis proposez-le à une autre date.")
    check_needed(act, needed=needs_act(amendment), today=today)
    if act is not None:
        amendment.attach(act)
        amendment.act_file.save("acte.pdf", act.file, save=False)
    _move(
        amendment,
        AmendmentState.APPROVED,
        by=by,
        now=now,
        act_number=amendment.act_number,
        act_date=amendment.act_date,
        act_file=amendment.act_file.name,
    )
    place_order(subscription=subscription, amendment=amendment, now=now)
    if amendment.kind != AmendmentKind.OTHER:
        tell_repriced(subscription=subscription, on=amendment.effective_on, now=now)
    if amendment.kind == AmendmentKind.CHOICES:
        signals.subscription_amended.send(
            sender=Subscription, subscription=subscription, amendment=amendment, now=now
        )
    _record(amendment, "subscription.amended", "a approuvé", by=by, now=now)
    tell(amendment, now=now)


def tell_repriced(*, subscription: Subscription, on: date, now: datetime) -> None:
    """Those who bill learn that the price changes on a day, in the transaction that changes it."""
    signals.subscription_repriced.send(sender=Subscription, subscription=subscription, on=on, now=now)


def needs_act(amendment: Amendment) -> bool:
    """Whether a deliberation or a decision must be joined: by delegation, the head decides of amendments too
    (CGCT L2122-22, 4°)."""
    return amendment.extra_cents > 0 or amendment.kind == AmendmentKind.OTHER


@transaction.atomic
def refuse(*, amendment: Amendment, by: User, reason: str, now: datetime) -> None:
    """With a reason that the requester reads. Raises WrongState."""
    _move(amendment, AmendmentState.REFUSED, by=by, now=now, reason=reason.strip())
    _record(amendment, "subscription.amendment_refused", "a refusé", by=by, now=now)


@transaction.atomic
def cancel(*, amendment: Amendment, by: User, now: datetime) -> None:
    """Taken back before it is decided. Raises WrongState."""
    _move(amendment, AmendmentState.CANCELLED, by=by, now=now)
    _record(amendment, "subscription.amendment_cancelled", "a retiré", by=by, now=now)


def tell(amendment: Amendment, *, now: datetime) -> None:
    """Both sides read what changes, when, and by which calculation."""
    subscription = amendment.subscription
    lines = [f"{amendment} : {amendment.text}"]
    if amendment.before:
        lines.append(f"Avant : {amendment.before}\nAprès : {amendment.after}")
    lines += amendment.steps
    lines.append(
        f"Date d’effet : {in_words(amendment.effective_on)}\n"
        f"Prix d’une année, hors taxes : {format_cents(amendment.cents_before)} avant, "
        f"{format_cents(amendment.cents_after)} après."
    )
    contract_letters.tell_both(
        subscription,
        f"amendment:{amendment.pk}",
        f"{subscription.service_name} : {amendment.get_kind_display()} au {in_words(amendment.effective_on)}",
        "\n\n".join(lines),
        now,
    )


def _check(changes: Changes, *, today: date) -> None:
    errors = {}
    if changes.effective_on not in first_days(on=today):
        errors["effective_on"] = "Choisissez le premier jour d’un des douze mois à venir."
    if not changes.text.strip():
        errors["text"] = "Dites en une phrase ce qui change, et pourquoi."
    if errors:
        raise AmendmentInvalid(errors)


def _check_options(subscription: Subscription, changes: Changes) -> None:
    """Raises AmendmentInvalid for options that, by the sheet of today, do not go one without the other."""
    if changes.options is None:
        return
    had = {one["code"] for one in terms_on(subscription, changes.effective_on).options}
    chosen = {one["code"] for one in changes.options}
    known = [one for one in subscription.listing.shown.options if one["code"] in had | chosen]
    if problem := option_problem(known, chosen=chosen):
        raise AmendmentInvalid({"options": problem})


def _too_large(amendment: Amendment, *, on: date) -> str:
    """Why this is more than a small modification, in French; "" when it is one, or where no limit applies.

    What amendments add is cumulated, revisions apart: those follow the contract's own clause (CCP R2194-1).
    """
    subscription = amendment.subscription
    if subscription.vehicle.legal_basis not in LIMITED or amendment.extra_cents <= 0:
        return ""
    rows = subscription.amendments.filter(state=AmendmentState.APPROVED).exclude(
        kind=AmendmentKind.INDEXATION
    )
    added = sum(max(0, extra_committed_cents(one)) for one in [*rows, amendment])
    first = committed_cents(yearly_cents=subscription.yearly_cents, rules=subscription)
    percent = limit_percent(ground=ModificationGround.SMALL, on=on) or Decimal(0)
    over_percent = added * 100 >= Decimal(first) * percent
    eu = threshold_cents(code=ThresholdCode.EU, on=on)
    if not over_percent and (eu is None or added < eu):
        return ""
    bound = (
        f"{format_percent(percent)} du montant initial ({format_cents(first)} HT)"
        if over_percent
        else f"le seuil européen ({format_cents(eu)} HT)"
    )
    return (
        f"Avec cet avenant, les modifications ajoutent {format_cents(added)} HT : elles dépassent {bound}. "
        "Il faut une nouvelle mise en concurrence, ou un autre motif légal (CCP R2194-1 à R2194-8) : "
        "écrivez-le ici."
    )


def _counted(definition: dict, options: list[dict], *, facts: TerritoryFacts) -> tuple[Counted, ...]:
    grids = [definition, *(option["grid"] for option in options)]
    return tuple(dict.fromkeys(one for grid in grids for one in counted_by(grid, facts=facts)))


def _in_words(counted: tuple[Counted, ...], terms: TermsInForce) -> str:
    """ "12 agents, options : Signature, Archivage"."""
    parts = [one.in_words(terms.counts[one.name]) for one in counted if one.name in terms.counts]
    if terms.options:
        parts.append("avec " + ", ".join(option["name"] for option in terms.options))
    return (", ".join(parts) or "sans option")[:300]


def locked(subscription: Subscription) -> Subscription:
    """The subscription, held until the transaction ends. Raises AmendmentRefused when it is not running,
    or a free trial."""
    found = (
        Subscription.objects.select_for_update(of=("self",), no_key=True)
        .select_related("tenant__territory", "operator__organisation", "vehicle", "listing")
        .get(pk=subscription.pk)
    )
    if found.state not in RUNNING or found.is_trial:
        raise AmendmentRefused(NOT_RUNNING)
    return found


def _move(amendment: Amendment, to: str, *, by: User, now: datetime, **fields) -> None:
    """By the table, with a conditional UPDATE whose row count is read. Raises WrongState."""
    fields |= {"state": to, "decided_by": by, "decided_at": now}
    if (amendment.state, to) not in AMENDMENT_TRANSITIONS:
        raise WrongState(f"Impossible : cet avenant est « {amendment.get_state_display()} ».")
    if Amendment.objects.filter(pk=amendment.pk, state=amendment.state).update(**fields) != 1:
        raise WrongState("Cet avenant vient d’être décidé par quelqu’un d’autre. Rechargez la page.")
    for name, value in fields.items():
        setattr(amendment, name, value)


def _record(amendment: Amendment, what: str, verb: str, *, by: User, now: datetime) -> None:
    subscription = amendment.subscription
    audit.record(
        tenant=subscription.tenant,
        actor=by,
        what=what,
        sentence=f"{{actor}} {verb} l’avenant n° {amendment.number} à l’abonnement à "
        f"{subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
        changes={"yearly_cents": [amendment.cents_before, amendment.cents_after]},
        details={"effective_on": amendment.effective_on.isoformat(), "text": amendment.text},
    )
