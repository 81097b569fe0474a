"""Envelopes: opened by who decides by delegation, they approve the requests that fit, each with its trace."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils.timezone import localdate

from catalog.models import Family, Listing, ListingState
from catalog.pricing import format_cents
from subscriptions import chain
from subscriptions.acts import Act, check_act
from subscriptions.deciding import Decider, by_head, may_decide
from subscriptions.exceptions import EnvelopeInvalid, WrongState
from subscriptions.models import (
    ApprovalState,
    Decision,
    Envelope,
    EnvelopeHold,
    Party,
    PurchasingVehicle,
    Subscription,
)
from subscriptions.ordering import committed_cents
from tenants import audit, letters
from tenants.days import years_after
from tenants.members.adhesions import operators_of
from tenants.models import Membership, Organisation, Role, User


@dataclass(frozen=True)
class EnvelopeTerms:
    """What is decided: cents net of tax, half-open days; no `families` for every service, `listing` for that
    one alone."""

    amount_cents: int
    starts_on: date
    ends_on: date
    delegation_number: str
    delegation_date: date
    families: Sequence[str] = ()
    listing: Listing | None = None


@transaction.atomic
def open_envelope(
    *, organisation: Organisation, terms: EnvelopeTerms, act: Act, by: User, request_key: UUID, now: datetime
) -> Envelope:
    """Opens an envelope, with the decision that does; the same `request_key` opens it once.

    Raises EnvelopeInvalid, or DecisionInvalid for the act."""
    Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)
    if again := Envelope.objects.filter(tenant=organisation, request_key=request_key).first():
        return again
    check_act(number=act.number, date=act.date, file=act.file, today=localdate(now))
    errors = _problems(terms, act)
    if terms.listing and not choosable_listings(organisation, on=localdate(now)).contains(terms.listing):
        errors["listing"] = "Ce service n’est plus au catalogue de vos opérateurs. Choisissez-en un autre."
    if errors:
        raise EnvelopeInvalid(errors)
    last = Envelope.objects.filter(tenant=organisation).aggregate(last=Max("number"))["last"] or 0
    envelope = Envelope.objects.create(
        tenant=organisation,
        request_key=request_key,
        number=last + 1,
        amount_cents=terms.amount_cents,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        families=sorted(terms.families),
        listing=terms.listing,
        delegation_number=terms.delegation_number.strip(),
        delegation_date=terms.delegation_date,
        act_number=act.number,
        act_date=act.date,
        act_file=act.file,
        signed_by=by,
        opened_at=now,
    )
    _record(envelope, "opened", "{actor} a ouvert l’enveloppe n° {number}.", by=by, now=now)
    return envelope


def _problems(terms: EnvelopeTerms, act: Act) -> dict[str, str]:
    """{field: French sentence}. Credits are those of a budget (CGCT L2122-22, 4°): a year at most."""
    errors = {}
    if terms.amount_cents <= 0:
        errors["amount_cents"] = "Indiquez un montant de plus de zéro."
    if not terms.delegation_number.strip():
        errors["delegation_number"] = "Indiquez le numéro de la délibération qui délègue."
    if terms.delegation_date > act.date:
        errors["delegation_date"] = "La délégation vient avant la décision : vérifiez les deux dates."
    if terms.starts_on < act.date:
        errors["starts_on"] = "L’enveloppe commence au plus tôt le jour de la décision qui l’ouvre."
    if terms.ends_on <= terms.starts_on:
        errors["ends_on"] = "Le dernier jour vient avant le premier."
    elif terms.ends_on > years_after(terms.starts_on, 1):
        errors["ends_on"] = "Un an au plus : les crédits sont ceux d’un budget."
    if set(terms.families) - set(Family.values):
        errors["families"] = "Cette catégorie n’existe pas. Rechargez la page."
    if terms.listing and terms.families:
        errors["families"] = "Choisissez un service, ou des catégories, mais pas les deux."
    return errors


def choosable_listings(organisation: Organisation, *, on: date) -> QuerySet[Listing]:
    """The services on the shelves of its operators: those that an envelope may be limited to."""
    operators = operators_of(organisation=organisation, on=on)
    return Listing.objects.filter(operator__in=operators, state=ListingState.LISTED)


@transaction.atomic
def close_envelope(*, envelope: Envelope, by: User, now: datetime) -> None:
    """From now on it approves nothing; what it has approved stays. Raises WrongState."""
    if Envelope.objects.filter(pk=envelope.pk, closed_at=None).update(closed_at=now, closed_by=by) != 1:
        raise WrongState("Cette enveloppe est déjà fermée.")
    _record(envelope, "closed", "{actor} a fermé l’enveloppe n° {number}.", by=by, now=now)


def fitting(
    *,
    organisation: Organisation,
    vehicle: PurchasingVehicle,
    listing: Listing,
    yearly_cents: int,
    requested_by: User,
    on: date,
) -> list[Envelope]:
    """The envelopes that would approve such a request that day, the narrowest first: for this service alone,
    then for its family, then for all; the one that ends first before the others. One query, or none.

    None where the assembly must vote, for somebody who is not of the house, or for whoever signed the
    envelope where another person must approve; an envelope is worth what its signatory's mandate is.
    """
    decides = may_decide(
        basis=vehicle.legal_basis,
        kind=organisation.kind,
        deliberation_required=vehicle.deliberation_required,
    )
    if Decider.HEAD not in decides.deciders:
        return []
    here = Membership.objects.in_force().filter(organisation=organisation, user__is_active=True)
    rows = Envelope.objects.filter(
        Exists(here.filter(user=OuterRef("signed_by"), role=Role.SIGNATORY)),
        Exists(here.filter(user=requested_by)),
        Q(listing=None) | Q(listing=listing),
        tenant=organisation,
        closed_at=None,
        starts_on__lte=on,
        ends_on__gt=on,
        held_cents__lte=F("amount_cents") - committed_cents(yearly_cents=yearly_cents, rules=vehicle),
    ).select_related("signed_by")
    if vehicle.separate_approver:
        rows = rows.exclude(signed_by=requested_by)
    family = listing.sheet.family
    fit = [one for one in rows.order_by("ends_on", "number") if not one.families or family in one.families]
    return sorted(fit, key=lambda one: (one.listing_id is None, not one.families))  # stable


@transaction.atomic
def approve_within(*, subscription: Subscription, now: datetime) -> tuple[EnvelopeHold, bool] | None:
    """Approves a request just made for its member, by the envelope that it fits, in the caller's transaction:
    what is taken, and whether that was the last word. None where it fits none: a person decides.

    The amount is taken by a conditional UPDATE whose row count is read: of two requests at once, the second
    finds what the first has left.
    """
    amount = committed_cents(yearly_cents=subscription.yearly_cents, rules=subscription)
    for envelope in fitting(
        organisation=subscription.tenant,
        vehicle=subscription.vehicle,
        listing=subscription.listing,
        yearly_cents=subscription.yearly_cents,
        requested_by=subscription.requested_by,
        on=localdate(now),
    ):
        taken = Envelope.objects.filter(
            pk=envelope.pk, closed_at=None, held_cents__lte=F("amount_cents") - amount
        ).update(held_cents=F("held_cents") + amount)
        if taken:
            envelope.refresh_from_db(fields=["held_cents"])
            return _approve(envelope, subscription, amount, now)
    return None


def _approve(
    envelope: Envelope, subscription: Subscription, amount: int, now: datetime
) -> tuple[EnvelopeHold, bool]:
    hold = EnvelopeHold.objects.create(
        tenant=subscription.tenant,
        envelope=envelope,
        subscription=subscription,
        amount_cents=amount,
        left_before_cents=envelope.left_cents + amount,
        at=now,
    )
    last = chain.decide(
        subscription=subscription,
        party=Party.MEMBER,
        to=ApprovalState.GIVEN,
        by=envelope.signed_by,
        now=now,
        reason=trace(hold),
    )
    Decision.objects.create(
        tenant=subscription.tenant,
        subscription=subscription,
        number=envelope.act_number,
        date=envelope.act_date,
        file=envelope.act_file.name,
        authority=by_head(subscription.tenant),
    )
    audit.record(
        tenant=subscription.tenant,
        actor=None,
        person=envelope.signed_by,
        what="subscription.approved_by_envelope",
        sentence=f"L’enveloppe n° {envelope.number} ouverte par {{person}} a approuvé l’abonnement à "
        f"{subscription.service_name}.",
        subject_id=subscription.public_id,
        now=now,
        details={"amount_cents": amount, "left_cents": hold.left_after_cents},
    )
    _tell_signatory(hold, now)
    return hold, last


def trace(hold: EnvelopeHold) -> str:
    """What the approval says of the envelope that gave it."""
    before, after = format_cents(hold.left_before_cents), format_cents(hold.left_after_cents)
    return (
        f"Enveloppe n° {hold.envelope.number} : {format_cents(hold.amount_cents)} HT engagés, il restait "
        f"{before} avant, il reste {after} après."
    )


@transaction.atomic
def give_back(*, subscription: Subscription, now: datetime) -> None:
    """What a request took goes back to its envelope, once, in the transaction that refuses or withdraws it;
    nothing where it took nothing. One query, then one or two."""
    held = EnvelopeHold.objects.filter(subscription=subscription, given_back_at=None)
    if (hold := held.first()) and held.update(given_back_at=now) == 1:
        envelopes = Envelope.objects.filter(pk=hold.envelope_id)
        envelopes.update(held_cents=F("held_cents") - hold.amount_cents)


def _tell_signatory(hold: EnvelopeHold, now: datetime) -> None:
    """In the transaction: what was approved in her name, and what is left."""
    signatory, subscription = hold.envelope.signed_by, hold.subscription
    if not signatory.email:
        return
    letters.write(
        tenant=hold.tenant,
        key=f"envelope:{hold.pk}",
        to=signatory.email,
        subject=f"Approuvé par votre enveloppe n° {hold.envelope.number} : {subscription.service_name}",
        body=BODY.format(
            number=hold.envelope.number,
            service=subscription.service_name,
            member=subscription.tenant.name,
            by=subscription.requested_by,
            yearly=format_cents(subscription.yearly_cents),
            amount=format_cents(hold.amount_cents),
            before=format_cents(hold.left_before_cents),
            after=format_cents(hold.left_after_cents),
        ),
        now=now,
    )


def _record(envelope: Envelope, what: str, sentence: str, *, by: User, now: datetime) -> None:
    audit.record(
        tenant=envelope.tenant,
        actor=by,
        what=f"envelope.{what}",
        sentence=sentence.replace("{number}", str(envelope.number)),
        subject_id=envelope.number,
        now=now,
        details={"amount_cents": envelope.amount_cents, "held_cents": envelope.held_cents},
    )


BODY = """\
Bonjour,

Votre enveloppe n° {number} vient d’approuver un abonnement pour {member}, sans autre décision de votre part.

Service : {service}
Demandé par : {by}
Prix : {yearly} HT par an
Engagé sur la durée du contrat : {amount} HT
Il restait {before}, il reste {after}.

Pour ne plus rien approuver ainsi, fermez l’enveloppe dans Halle, à la page « Enveloppes ». Vous rendez compte
à votre assemblée de ce qu’elle a payé.
"""
