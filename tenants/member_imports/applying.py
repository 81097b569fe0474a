"""A batch of rows of an import takes effect: organisations, establishments, adhesions and their log, in bulk.

What `join` and `amend` of `tenants.members.operations` do for one member, for thousands: same rules
(`verdicts`), same events in each organisation's log; the operator's has one event for the whole import.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Model
from django.utils.timezone import localdate

from tenants.identifiers import grouped
from tenants.member_imports.verdicts import OF_THE_ADHESION, Plan, judge, member_of
from tenants.members.operations import facts_of
from tenants.models import (
    Adhesion,
    AuditEvent,
    ChorusService,
    Establishment,
    MemberImport,
    MemberImportRow,
    Organisation,
    User,
)
from tenants.models.member_import import RowVerdict
from tenants.spreadsheets.imports import cut

TO_APPLY = (RowVerdict.NEW, RowVerdict.CHANGE)


def apply_batch(
    *, member_import: MemberImport, rows: Sequence[MemberImportRow], by: User, now: datetime
) -> None:
    """Applies rows inside the caller's transaction, and marks them in it.

    Each is judged again, with what it touches locked: a row that has meanwhile become wrong, or useless, gets
    that verdict instead. Raises IntegrityError when somebody wrote the same thing at that very moment.
    """
    plans = judge(
        operator=member_import.operator,
        members=[member_of(row.data) for row in rows],
        today=localdate(now),
        lock=True,
    )
    # As things stand: writing makes what is new known.
    verdicts = [
        (plan.verdict, plan.organisation is not None and plan.organisation.pk is None) for plan in plans
    ]
    _write([plan for plan, (verdict, _) in zip(plans, verdicts, strict=True) if verdict in TO_APPLY])
    AuditEvent.objects.bulk_create(
        AuditEvent(
            tenant=plan.organisation,
            actor=by,
            what=what,
            sentence=f"{{actor}} {sentence}, par l’import d’un fichier.",
            subject_id=plan.organisation.siren if what.startswith("organisation.") else plan.adhesion.pk,
            at=now,
            changes=changes,
            details={"import": str(member_import.public_id)},
        )
        for plan, (verdict, is_new) in zip(plans, verdicts, strict=True)
        if verdict in TO_APPLY
        for what, sentence, changes in _told(plan, verdict, is_new, member_import.operator.short_name)
    )
    moved = []
    for row, plan, (verdict, _) in zip(rows, plans, verdicts, strict=True):
        row.applied = verdict in TO_APPLY
        if verdict != row.verdict:
            row.verdict, row.problems = verdict, [cut(one) for one in plan.problems]
            moved.append(row)
    MemberImportRow.objects.bulk_update(moved, ["verdict", "problems"])
    MemberImportRow.objects.filter(pk__in=[row.pk for row in rows if row.applied]).update(applied=True)


def _write(plans: Sequence[Plan]) -> None:
    Organisation.objects.bulk_create(p.organisation for p in plans if p.organisation.pk is None)
    _update(Organisation, [p.organisation for p in plans if "email" in p.changes], ["email"])
    _write_places(plans)
    amended = [p.adhesion for p in plans if OF_THE_ADHESION & p.changes.keys()]
    Adhesion.objects.bulk_create(p.adhesion for p in plans if p.adhesion.pk is None)
    _update(Adhesion, amended, sorted(OF_THE_ADHESION))


def _write_places(plans: Sequence[Plan]) -> None:
    Establishment.objects.bulk_create(p.place for p in plans if p.place and p.place.pk is None)
    for asked in (True, False):
        places = [
            p.place
            for p in plans
            if p.changes.get("commitment_required", [None, None])[1] is asked and p.place
        ]
        Establishment.objects.filter(pk__in=[place.pk for place in places]).update(commitment_required=asked)
    defaults = [p.default_service for p in plans if p.default_service]
    # One default a place: the old one steps down first.
    ChorusService.objects.filter(
        establishment__in=[service.establishment for service in defaults], is_default=True
    ).update(is_default=False)
    ChorusService.objects.filter(pk__in=[one.pk for one in defaults if one.pk]).update(is_default=True)
    for service in defaults:
        service.is_default = True
    ChorusService.objects.bulk_create(one for one in defaults if one.pk is None)


def _update(model: type[Model], rows: Sequence[Model], fields: Sequence[str]) -> None:
    """As `bulk_update`, of rows that are locked, by INSERT … ON CONFLICT: its CASE WHEN costs far more."""
    model._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=fields
    )


def _told(plan: Plan, verdict: str, is_new: bool, operator: str) -> list[tuple[str, str, dict]]:
    """For the organisation's log, (code, what was done, changes): its adhesion, and what Halle learns."""
    name, siren = plan.organisation.name, grouped(plan.member.siren)
    adhesion = {key: change for key, change in plan.changes.items() if key in OF_THE_ADHESION}
    # An address may name somebody: what it is stays out of a log that can never be changed.
    learnt = {
        key: change if key != "email" else [None, None]
        for key, change in plan.changes.items()
        if key not in OF_THE_ADHESION
    }
    found = []
    if is_new:
        facts = {"name": [None, name], "kind": [None, str(plan.organisation.kind)]}
        found.append(("organisation.registered", f"a enregistré {name} (SIREN {siren})", facts | learnt))
    elif learnt:
        found.append(("organisation.completed", f"a complété la fiche de {name}", learnt))
    if verdict == RowVerdict.NEW:
        since = f"{plan.member.since:%d/%m/%Y}"
        sentence = f"a inscrit {name} parmi les adhérents de {operator}, à partir du {since}"
        facts = {fact: [None, value] for fact, value in facts_of(plan.adhesion).items() if value}
        found.append(("adhesion.joined", sentence, facts))
    elif adhesion:
        found.append(("adhesion.amended", f"a corrigé l’adhésion de {name} à {operator}", adhesion))
    return found
