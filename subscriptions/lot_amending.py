"""Amending a published lot of a framework agreement, from a day on, as far as the law lets (CCP R2194-1 à 9).

Holders and their ranks, buyers and services stay those of the notice: they come from the competition.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.core.files.base import File
from django.db import transaction
from django.utils.timezone import localdate

from catalog.pricing import format_cents
from subscriptions.exceptions import TermsInvalid
from subscriptions.lots import MAX_YEARS
from subscriptions.models import AMENDED, FrameworkLot, LotAmendment, LotTermsModel, ModificationGround
from subscriptions.modifications import too_large
from tenants import audit
from tenants.days import in_words, years_after
from tenants.models import User
from tenants.uploads import problem_with_pdf

YEARS_AHEAD = 1


@dataclass(frozen=True)
class LotChanges:
    """All the terms from `effective_on` on, changed or not. `ends_on`: the first day without the lot;
    `paper`: the signed amendment, an uploaded PDF."""

    effective_on: date
    ceiling_cents: int
    ends_on: date
    ground: str
    reason: str
    paper: File | None
    renewals: int = 0
    revision_formula: str = ""
    duration_reason: str = ""


@dataclass(frozen=True)
class Step:
    """One amendment, and the terms that it followed."""

    amendment: LotAmendment
    before: LotTermsModel


def steps_of(lot: FrameworkLot) -> list[Step]:
    """The amendments of a lot, in their order. One query unless they are at hand."""
    rows = sorted(lot.amendments.all(), key=lambda row: row.number)
    return [Step(one, before) for before, one in zip([lot, *rows], rows, strict=False)]


def last_terms(lot: FrameworkLot) -> LotTermsModel:
    """Those that the next amendment changes: of the last one, in force or not yet, or of the notice."""
    steps = steps_of(lot)
    return steps[-1].amendment if steps else lot


def may_amend(lot: FrameworkLot, *, on: date) -> bool:
    """Whether it is published, and not over."""
    return lot.published_on is not None and on < last_terms(lot).ends_on


@transaction.atomic
def amend_lot(
    *, lot: FrameworkLot, changes: LotChanges, seen: int, by: User, request_key: uuid.UUID, now: datetime
) -> LotAmendment:
    """Other terms for a published lot. Orders placed before the day of effect are judged by the terms of
    their own day. `seen` is the number of the amendments that the person had before her; `request_key` was
    drawn with the form: sent twice, it is one. Raises TermsInvalid with every mistake found.
    """
    lots = FrameworkLot.objects.select_for_update(of=("self",), no_key=True)
    lot = lots.select_related("vehicle__operator__organisation").prefetch_related("amendments").get(pk=lot.pk)
    if again := LotAmendment.objects.filter(request_key=request_key, lot=lot).first():
        return again
    today, before, steps = localdate(now), last_terms(lot), steps_of(lot)
    if not may_amend(lot, on=today):
        raise TermsInvalid({"effective_on": "Seul un lot publié, et qui n’est pas fini, peut être modifié."})
    if len(steps) != seen:
        raise TermsInvalid(
            {
                "effective_on": "Un autre avenant vient d’être enregistré : rechargez la page pour partir de "
                "ce qu’il dit."
            }
        )
    amendment = LotAmendment(
        lot=lot,
        request_key=request_key,
        number=seen + 1,
        effective_on=changes.effective_on,
        ground=changes.ground,
        reason=changes.reason.strip(),
        made_by=by,
        made_on=today,
        **{name: getattr(changes, name) for name in AMENDED},
    )
    changed = {
        name: [_kept(getattr(before, name)), _kept(getattr(amendment, name))]
        for name in AMENDED
        if getattr(before, name) != getattr(amendment, name)
    }
    if errors := _mistakes(lot, changes, before, changed=bool(changed), today=today):
        raise TermsInvalid(errors)
    amendment.paper.save("avenant.pdf", changes.paper, save=False)
    amendment.save(force_insert=True)
    _record(lot, amendment, changed, by=by, now=now)
    return amendment


def _mistakes(
    lot: FrameworkLot, changes: LotChanges, before: LotTermsModel, *, changed: bool, today: date
) -> dict[str, str]:
    errors = _wrong_days(lot, changes, before, today=today)
    if changes.ceiling_cents <= 0:
        errors["ceiling"] = "Le montant maximum est obligatoire, et plus grand que zéro."
    elif changes.ceiling_cents < lot.ordered_cents:
        errors["ceiling"] = (
            f"{format_cents(lot.ordered_cents)} HT sont déjà commandés : le maximum ne descend pas plus bas."
        )
    if changes.ground not in ModificationGround:
        errors["ground"] = "Choisissez le fondement de l’avenant."
    elif "ceiling" not in errors and (
        problem := too_large(
            lot,
            added_cents=changes.ceiling_cents - before.ceiling_cents,
            ground=ModificationGround(changes.ground),
            on=today,
        )
    ):
        errors["ceiling"] = problem
    if not changes.reason.strip():
        errors["reason"] = "Dites en une phrase pourquoi le lot est modifié."
    if problem := problem_with_pdf(changes.paper, what="l’avenant signé"):
        errors["paper"] = problem
    if not changed and not errors:
        errors["ceiling"] = (
            "Rien ne change : modifiez le maximum, la validité, les reconductions ou la formule."
        )
    return errors


def _wrong_days(
    lot: FrameworkLot, changes: LotChanges, before: LotTermsModel, *, today: date
) -> dict[str, str]:
    errors, day = {}, changes.effective_on
    since = before.effective_on if isinstance(before, LotAmendment) else today
    if day < today:
        errors["effective_on"] = "Un avenant ne vaut que pour l’avenir : choisissez aujourd’hui ou plus tard."
    elif day < since:
        errors["effective_on"] = (
            f"L’avenant d’avant prend effet le {in_words(since)} : choisissez ce jour ou un jour plus tard."
        )
    elif day > years_after(today, YEARS_AHEAD):
        errors["effective_on"] = "C’est trop loin : choisissez un jour des douze mois à venir."
    elif day >= before.ends_on:
        errors["effective_on"] = (
            "Le lot est fini ce jour-là : un accord-cadre se prolonge avant sa fin, ou se remplace par une "
            "nouvelle consultation."
        )
    if changes.ends_on <= max(day, lot.starts_on):
        errors["ends_on"] = "Le dernier jour vient avant la date d’effet."
    elif changes.ends_on > years_after(lot.starts_on, MAX_YEARS) and not changes.duration_reason.strip():
        errors["duration_reason"] = (
            "Un accord-cadre dure quatre ans au plus, sauf cas exceptionnel : écrivez le motif, ou "
            "raccourcissez la validité."
        )
    return errors


def _kept(value):
    """JSON-safe."""
    return value.isoformat() if isinstance(value, date) else value


def _record(lot: FrameworkLot, amendment: LotAmendment, changed: dict, *, by: User, now: datetime) -> None:
    vehicle = lot.vehicle
    audit.record(
        tenant=vehicle.operator.organisation,
        actor=by,
        what="lot.amended",
        sentence=f"{{actor}} a enregistré l’avenant n° {amendment.number} au lot {lot.number} de "
        f"« {vehicle.name} ».",
        subject_id=lot.pk,
        now=now,
        changes=changed,
        details={
            "effective_on": amendment.effective_on.isoformat(),
            "ground": str(amendment.ground),
            "reason": amendment.reason,
        },
    )
