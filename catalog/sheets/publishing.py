"""The vendor's last word: publish a version and put it before operators, at once or on a day."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.timezone import localdate
from wagtail.models import Revision

from catalog.curation.errors import CurationRefused
from catalog.curation.letters import address, write_to
from catalog.curation.submitting import submit
from catalog.models import PlannedPublication, PlannedState, ServiceSheet, Submission
from catalog.sheets.drafts import draft_of, locked
from catalog.sheets.errors import (
    AlreadyPlanned,
    BadMoment,
    Missing,
    NothingToPublish,
    NotPlanned,
    SheetChanged,
    SheetIncomplete,
)
from catalog.vendors.terms import MayNotSubmit, may_submit
from tenants import audit
from tenants.days import in_words
from tenants.models import Operator, Role, User

LATEST = timedelta(days=366)
SHORTEST_DESCRIPTION = 80  # characters: less explains nothing


@dataclass(frozen=True)
class Published:
    """What became of it: submissions made, and {operator: why not} for the others."""

    submissions: list[Submission]
    refused: dict[Operator, str] = field(default_factory=dict)


def missing(sheet: ServiceSheet) -> list[Missing]:
    """What every buyer needs and this version lacks."""
    wanted = [
        ("summary", sheet.summary, "Il manque le résumé, qu’on lit sur la carte du service."),
        (
            "description",
            len(sheet.description) >= SHORTEST_DESCRIPTION,
            f"La description doit dire ce que fait le service ({SHORTEST_DESCRIPTION} caractères au moins).",
        ),
        ("contacts", sheet.contacts, "Il manque au moins un contact d’assistance."),
        (
            "hosting",
            sheet.hosting or not sheet.personal_data,
            "Dites où les données sont hébergées : le service traite des données personnelles.",
        ),
        (
            "contractors",
            sheet.licence_spdx or not sheet.repository_url,
            "Un dépôt de code est indiqué sans licence : ajoutez son identifiant SPDX.",
        ),
    ]
    return [Missing(name, sentence) for name, there, sentence in wanted if not there]


@transaction.atomic
def publish(
    *,
    sheet: ServiceSheet,
    revision_id: int,
    operators: list[Operator],
    by: User,
    now: datetime,
    note: str = "",
) -> Published:
    """Publishes the last version, read by the person (`revision_id`, 0 for none yet), and submits
    it to these operators. One that may not receive it says why; the others do. The caller's scope holds the
    vendor.

    Raises SheetChanged when that is not the last version any more, SheetIncomplete, AlreadyPlanned,
    NothingToPublish, catalog.vendors.terms.MayNotSubmit.
    """
    row, revision = _checked(sheet, revision_id, operators, by, now)
    return _publish(row, revision, operators, by, now, note)


@transaction.atomic
def plan(
    *,
    sheet: ServiceSheet,
    revision_id: int,
    operators: list[Operator],
    at: datetime,
    by: User,
    now: datetime,
    note: str = "",
) -> PlannedPublication:
    """The same at a later moment, for this very version whatever is written meanwhile. Raises BadMoment
    too."""
    row, revision = _checked(sheet, revision_id, operators, by, now)
    if not now < at <= now + LATEST:
        raise BadMoment("Choisissez un moment à venir, dans l’année.")
    planned = PlannedPublication.objects.create(
        sheet=row, revision=revision, at=at, note=note, asked_by=by, asked_at=now
    )
    planned.operators.set(operators)
    _record(row, by, now, "sheet.planned", f"a prévu de publier la fiche « {row.name} » le {in_words(at)}")
    return planned


@transaction.atomic
def cancel_plan(*, sheet: ServiceSheet, by: User, now: datetime) -> None:
    """Nothing will be published by itself. Raises NotPlanned."""
    cancelled = PlannedPublication.objects.filter(sheet=sheet, state=PlannedState.PLANNED).update(
        state=PlannedState.CANCELLED, ended_at=now
    )
    if cancelled != 1:
        raise NotPlanned("Aucune publication n’est prévue : elle est déjà faite ou annulée.")
    _record(sheet, by, now, "sheet.plan_cancelled", f"a annulé la publication prévue de « {sheet.name} »")


def publish_due(*, now: datetime) -> int:
    """Publishes what was planned up to now, each in its own transaction, and says how many. What cannot be is
    marked so, and the vendor is written. Run by a worker, in every tenant's scope."""
    done = 0
    due = PlannedPublication.objects.filter(state=PlannedState.PLANNED, at__lte=now).order_by("at", "pk")
    for pk in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            planned = (
                PlannedPublication.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("sheet", "revision", "asked_by")
                .filter(pk=pk, state=PlannedState.PLANNED)
                .first()
            )
            if planned is not None:
                _publish_planned(planned, now)
                done += 1
    return done


def planned_for(sheet: ServiceSheet) -> PlannedPublication | None:
    """What waits for its day."""
    return (
        PlannedPublication.objects.filter(sheet=sheet, state=PlannedState.PLANNED)
        .prefetch_related("operators")
        .first()
    )


def _checked(
    sheet: ServiceSheet, revision_id: int, operators: list[Operator], by: User, now: datetime
) -> tuple[ServiceSheet, Revision]:
    row = locked(sheet)
    if row.latest_revision is None and not revision_id:
        row.save_revision(user=by, clean=False)  # a sheet from before there were revisions
        revision_id = row.latest_revision_id
    draft = draft_of(row)
    if draft.revision.pk != revision_id:
        raise SheetChanged(draft.revision, [])
    if planned_for(row) is not None:
        raise AlreadyPlanned("Une publication est déjà prévue : annulez-la d’abord.")
    if row.live_revision_id == revision_id and not operators:
        raise NothingToPublish("Cette version est déjà publiée : choisissez à quels opérateurs la proposer.")
    if lacks := missing(draft.sheet):
        raise SheetIncomplete(lacks)
    if operators:
        may_submit(vendor=row.vendor, on=localdate(now))
    return row, draft.revision


def _publish(
    row: ServiceSheet, revision: Revision, operators: list[Operator], by: User, now: datetime, note: str
) -> Published:
    if row.live_revision_id != revision.pk:
        # Wagtail's permissions are those of its editors; ours were asked at the door.
        revision.publish(user=by, log_action=False, skip_permission_checks=True)
        row.refresh_from_db()
        type(row.product).objects.filter(pk=row.product_id).update(title=row.name)
        _record(row, by, now, "sheet.published", f"a publié la fiche « {row.name} »")
    submissions, refused = [], {}
    for operator in operators:
        try:
            with transaction.atomic():
                submissions.append(
                    submit(sheet=row, operator=operator, revision=revision, by=by, now=now, note=note)
                )
        except CurationRefused as refusal:
            refused[operator] = str(refusal)
    return Published(submissions, refused)


def _publish_planned(planned: PlannedPublication, now: datetime) -> None:
    row = locked(planned.sheet)
    problems = []
    try:
        operators = list(planned.operators.order_by("short_name", "pk"))
        if operators:
            may_submit(vendor=row.vendor, on=localdate(now))
        done = _publish(row, planned.revision, operators, planned.asked_by, now, planned.note)
        problems = [f"{operator.short_name} : {why}" for operator, why in done.refused.items() if why]
        planned.state = PlannedState.DONE
    except MayNotSubmit as refusal:
        planned.state, planned.problem = PlannedState.FAILED, str(refusal)[:500]
        problems = [planned.problem]
    planned.ended_at = now
    planned.save(update_fields=["state", "problem", "ended_at"])
    if problems:
        write_to(
            organisation=row.vendor.organisation,
            roles=(Role.VENDOR_ADMIN, Role.VENDOR_EDITOR),
            tenant=row.vendor.organisation,
            key=f"planned:{planned.pk}",
            subject=f"Publication prévue de {row.name} : à voir",
            body=PROBLEM.format(
                service=row.name,
                problems="\n".join(f"- {problem}" for problem in problems),
                url=address("vendor_service", row.vendor.organisation.siren, row.slug),
            ),
            now=now,
        )


def _record(row: ServiceSheet, by: User, now: datetime, what: str, deed: str) -> None:
    audit.record(
        tenant=row.vendor.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {deed}.",
        subject_id=row.slug,
        now=now,
    )


PROBLEM = """\
Bonjour,

La publication prévue de votre fiche « {service} » n’a pas pu se faire entièrement :

{problems}

Votre fiche : {url}
"""
