"""Revision of prices by an index: the contract's own clause, applied by itself on its day, told a month
ahead. Where the value of an index is missing, a person is asked: nothing is guessed."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Prefetch
from django.utils.timezone import localdate

from catalog.pricing import PricingError, Revision, format_number, month_in_words, revision
from subscriptions import amending
from subscriptions.exceptions import AmendmentInvalid, AmendmentRefused
from subscriptions.facts import facts_of_subscriber
from subscriptions.in_force import terms_on
from subscriptions.models import (
    RUNNING,
    Amendment,
    AmendmentKind,
    AmendmentState,
    Index,
    IndexValue,
    RevisionDay,
    Subscription,
)
from subscriptions.terms import Fate, outlook
from tenants import audit, letters
from tenants.days import month_begun_or_next
from tenants.models import Operator, Role, User
from tenants.people.telling import people_to_tell

AHEAD = timedelta(days=31)  # how long before its day a revision is computed and told
Missing = tuple[Operator, str, date]  # the index of that month


@transaction.atomic
def record_value(
    *, operator: Operator, index: str, month: date, value: Decimal, source: str, by: User, now: datetime
) -> IndexValue:
    """The index of a month, where the operator read it. Recorded again, it is a correction: revisions made
    before keep what they read. Raises AmendmentInvalid with every mistake found."""
    errors = {}
    if index not in Index:
        errors["index"] = "Choisissez l’indice."
    if month.day != 1 or month > localdate(now):
        errors["month"] = "Choisissez un mois passé."
    if not value > 0:
        errors["value"] = "Écrivez la valeur publiée, plus grande que zéro."
    if not source.strip():
        errors["source"] = "Dites où vous avez lu cette valeur."
    if errors:
        raise AmendmentInvalid(errors)
    known = IndexValue.objects.filter(operator=operator, index=index, month=month).first()
    before = known.value if known else None
    row, _ = IndexValue.objects.update_or_create(
        operator=operator,
        index=index,
        month=month,
        defaults={"value": value, "source": source.strip(), "recorded_by": by, "recorded_at": now},
    )
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what="index.recorded",
        sentence=f"{{actor}} a saisi l’{row.get_index_display()} de {month_in_words(month)} : "
        f"{format_number(value)}.",
        subject_id=row.pk,
        now=now,
        changes={"value": [before and str(before), str(value)]},
        details={"source": row.source},
    )
    return row


def revision_day(subscription: Subscription, *, by: date) -> date | None:
    """The last day on or before `by` on which the contract's clause revises its price; None before the
    first, which comes after the opening."""
    opened = subscription.active_from
    month = 1
    if subscription.revision_day == RevisionDay.ANNIVERSARY:
        month = month_begun_or_next(opened).month
    day = date(by.year, month, 1)
    if day > by:
        day = date(by.year - 1, month, 1)
    first = date(opened.year, month, 1)
    if first <= opened:
        first = date(opened.year + 1, month, 1)
    if subscription.revision_day == RevisionDay.ANNIVERSARY and first < opened + timedelta(days=365):
        first = date(first.year + 1, month, 1)
    return day if day >= first else None


def apply_due(*, on: date, now: datetime) -> set[Missing]:
    """Every day: each revision due within a month is written as an amendment and told to both sides; one that
    is late takes effect on the first of the next month. Returns the values that are missing, after asking for
    them. May be called any number of times; for a worker, one transaction a contract."""
    missing: set[Missing] = set()
    rows = (
        Subscription.objects.filter(state__in=RUNNING, active_from__isnull=False)
        .exclude(revision_index="")
        .select_related("operator__organisation")
        .prefetch_related(
            Prefetch("amendments", queryset=Amendment.objects.filter(kind=AmendmentKind.INDEXATION))
        )
        .order_by("pk")
    )
    for subscription in rows:
        due = revision_day(subscription, by=on + AHEAD)
        if due is None or any(one.effective_on >= due for one in subscription.amendments.all()):
            continue
        formula = subscription.formula
        months = (formula.base_month, formula.reading_month(due))
        values = _values(subscription.operator, formula.index, months)
        if absent := [month for month in months if month not in values]:
            missing |= {(subscription.operator, formula.index, month) for month in absent}
            continue
        try:
            _apply(subscription.pk, due=due, values=values, on=on, now=now)
        except (AmendmentRefused, AmendmentInvalid, PricingError):
            continue  # closed meanwhile, or without a price: its invoices say so
    _ask_for(missing, now=now)
    return missing


@transaction.atomic
def _apply(pk: int, *, due: date, values: dict[date, Decimal], on: date, now: datetime) -> None:
    subscription = amending.locked(Subscription(pk=pk))
    effective = due if due > on else amending.first_days(on=on)[0]
    found = outlook(subscription)
    if found and found.fate == Fate.ENDS and found.term.ends <= effective:
        return
    formula = subscription.formula
    terms = terms_on(subscription, effective)
    month = formula.reading_month(due)
    made = revision(
        formula,
        base=values[formula.base_month],
        current=values[month],
        month=month,
        previous=terms.coefficient,
    )
    if made.coefficient == terms.coefficient:
        return
    _write(subscription, effective, made, on=on, now=now)


def _write(subscription: Subscription, effective: date, made: Revision, *, on: date, now: datetime) -> None:
    changes = amending.Changes(effective_on=effective, text="révision")
    before = amending.compare(subscription, changes=changes, on=on)
    after = before.terms.at(made.coefficient).price(
        facts_of_subscriber(subscription, on=on), first_year=subscription.in_first_year(effective)
    )
    amendment = Amendment(
        kind=AmendmentKind.INDEXATION,
        state=AmendmentState.APPROVED,
        effective_on=effective,
        text=f"Révision du prix prévue au contrat : {subscription.formula_in_words}",
        before=f"coefficient {format_number(before.terms.coefficient)}",
        after=f"coefficient {format_number(made.coefficient)}",
        coefficient=made.coefficient,
        steps=made.steps,
        decided_at=now,
    )
    amending.write(
        amendment, subscription=subscription, before=before.before, after=after.recurring(), now=now
    )
    amending.tell_repriced(subscription=subscription, on=effective, now=now)
    audit.record(
        tenant=subscription.tenant,
        actor=None,
        what="subscription.indexed",
        sentence=f"Le prix de l’abonnement à {subscription.service_name} est révisé (avenant "
        f"n° {amendment.number}).",
        subject_id=subscription.public_id,
        now=now,
        changes={"yearly_cents": [amendment.cents_before, amendment.cents_after]},
        details={"steps": made.steps, "effective_on": effective.isoformat()},
    )
    amending.tell(amendment, now=now)


def _values(operator: Operator, index: str, months: tuple[date, ...]) -> dict[date, Decimal]:
    rows = IndexValue.objects.filter(operator=operator, index=index, month__in=months)
    return dict(rows.values_list("month", "value"))


def _ask_for(missing: set[Missing], *, now: datetime) -> None:
    """One letter a value and an administrator: she reads it where it is published, and writes it."""
    for operator, index, month in sorted(missing, key=lambda one: (one[0].pk, one[1], one[2])):
        name = Index(index).label
        told = people_to_tell(
            organisations=[operator.organisation_id], roles=(Role.OPERATOR_ADMIN, Role.CURATOR)
        )
        for mandate in told:
            letters.write(
                tenant=operator.organisation,
                key=f"index:{operator.pk}:{index}:{month:%Y-%m}:{mandate.user_id}",
                to=mandate.user.email,
                subject=f"Il manque l’{name} de {month_in_words(month)}",
                body=ASKED.format(name=name, month=month_in_words(month)),
                now=now,
            )


ASKED = """\
Bonjour,

Des abonnements de vos adhérents doivent voir leur prix révisé, et l’{name} de {month} n’est pas saisi dans
Halle. Sans lui, rien n’est révisé.

Relevez-le là où il est publié, puis saisissez-le dans Halle : « Cadres d’achat », puis « Indices ».
"""
