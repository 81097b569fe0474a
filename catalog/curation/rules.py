"""What an operator asks of its own shelf: its rules, and what its curators look at."""

from datetime import datetime

from django.db import IntegrityError, transaction

from catalog.curation.errors import ChecklistInvalid
from catalog.models import ChecklistItem, Family, ShelfRules
from tenants import audit
from tenants.constraints import violated
from tenants.models import Operator, User


def points_of(operator: Operator) -> list[ChecklistItem]:
    """The whole checklist: what counts for all families first."""
    return list(operator.checklist.order_by("family", "position", "pk"))


@transaction.atomic
def set_rules(
    *, operator: Operator, visa_required: bool, grids_from_january: bool, by: User, now: datetime
) -> ShelfRules:
    """Changes what the shelf asks. What stands on it stays; the next decisions follow. Nothing is recorded
    when nothing changes."""
    ShelfRules.objects.get_or_create(operator=operator)
    rules = ShelfRules.objects.select_for_update().get(operator=operator)
    wanted = {"visa_required": visa_required, "grids_from_january": grids_from_january}
    changes = {
        name: [getattr(rules, name), value] for name, value in wanted.items() if getattr(rules, name) != value
    }
    if changes:
        for name, value in wanted.items():
            setattr(rules, name, value)
        rules.save(update_fields=list(wanted))
        _record(operator, by, now, "shelf.rules", "{actor} a changé les règles du catalogue.", changes)
    return rules


@transaction.atomic
def add_point(
    *, operator: Operator, family: str, label: str, compulsory: bool, by: User, now: datetime
) -> ChecklistItem:
    """One more thing to look at, for a family or ("") for all. Raises ChecklistInvalid."""
    label = " ".join(label.split())
    if not label:
        raise ChecklistInvalid("Écrivez ce qu’il faut vérifier.")
    last = operator.checklist.filter(family=family).order_by("-position").first()
    try:
        with transaction.atomic():
            point = ChecklistItem.objects.create(
                operator=operator,
                family=family,
                label=label,
                compulsory=compulsory,
                position=last.position + 1 if last else 1,
            )
    except IntegrityError as error:
        if violated(error) != "checklist_item_once_per_family":
            raise
        raise ChecklistInvalid("Ce point est déjà dans la liste.") from None
    where = f"pour {Family(family).label}" if family else "pour toutes les familles"
    sentence = f"{{actor}} a ajouté un point de contrôle {where} : « {label} »."
    _record(operator, by, now, "shelf.point_added", sentence, {})
    return point


@transaction.atomic
def remove_point(*, point: ChecklistItem, by: User, now: datetime) -> None:
    """Curators no longer look at this. What was checked before stays written on the submissions."""
    if ChecklistItem.objects.filter(pk=point.pk).delete()[0]:
        sentence = f"{{actor}} a retiré le point de contrôle « {point.label} »."
        _record(point.operator, by, now, "shelf.point_removed", sentence, {})


def _record(operator: Operator, by: User, now: datetime, what: str, sentence: str, changes: dict) -> None:
    audit.record(
        tenant=operator.organisation,
        actor=by,
        what=what,
        sentence=sentence,
        subject_id=operator.pk,
        now=now,
        changes=changes,
    )
