"""The colleges of an operator's members. Each verb is one audited transaction."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from tenants import audit
from tenants.models import Adhesion, College, Operator, User
from tenants.operators.settings import SettingsInvalid, telling_what_is_taken

MAX_NAME = 120
VOTES = range(1001)  # none: a college that is heard only


class CollegeInUse(Exception):
    """The college has adhesions, past ones included: their history names it. `str()` is for the person."""


def colleges_of(*, operator: Operator, on: date) -> QuerySet[College]:
    """By name, each with `members`: how many adhesions of that day are in it."""
    in_force = Q(adhesions__in=Adhesion.objects.in_force(on=on).filter(operator=operator))
    return operator.colleges.annotate(members=Count("adhesions", filter=in_force)).order_by("name")


@transaction.atomic
def add_college(*, operator: Operator, name: str, votes: int, by: User, now: datetime) -> College:
    """Raises SettingsInvalid (name, votes)."""
    name = _checked(name, votes)
    college = _saved(College(operator=operator, name=name, votes=votes))
    changes = {"name": [None, name], "votes": [None, votes]}
    _record(college, by, now, "operator.college_added", "a ajouté", changes)
    return college


@transaction.atomic
def rename_college(*, college: College, name: str, votes: int, by: User, now: datetime) -> College:
    """Gives a college another name, other votes, or both. Raises SettingsInvalid (name, votes)."""
    name = _checked(name, votes)
    college = College.objects.select_for_update(no_key=True).filter(pk=college.pk).first()
    if college is None:
        raise SettingsInvalid({"name": "Ce collège vient d’être retiré. Revenez à la liste des collèges."})
    after = {"name": name, "votes": votes}
    changes = {
        field: [getattr(college, field), value]
        for field, value in after.items()
        if getattr(college, field) != value
    }
    if changes:
        college.name, college.votes = name, votes
        _saved(college)
        _record(college, by, now, "operator.college_changed", "a modifié", changes)
    return college


@transaction.atomic
def remove_college(*, college: College, by: User, now: datetime) -> None:
    """Removes a college that no adhesion names. Done twice, it is done once. Raises CollegeInUse."""
    # Stronger than the lock of whoever gives the college to a member (tenants.members.operations).
    college = College.objects.select_for_update().filter(pk=college.pk).first()
    if college is None:
        return
    count = college.adhesions.count()
    if count:
        adhesions = "une adhésion le nomme" if count == 1 else f"{count} adhésions le nomment"
        raise CollegeInUse(
            f"Le collège « {college.name} » ne peut pas être retiré : {adhesions}, y compris passées. "
            "Changez d’abord leur collège, ou renommez celui-ci."
        )
    changes = {"name": [college.name, None], "votes": [college.votes, None]}
    _record(college, by, now, "operator.college_removed", "a retiré", changes)
    college.delete()


def _checked(name: str, votes: int) -> str:
    name, errors = " ".join(name.replace("\0", "").split()), {}
    if not name:
        errors["name"] = "Donnez un nom au collège."
    elif len(name) > MAX_NAME:
        errors["name"] = f"Ce nom est trop long : {MAX_NAME} caractères au plus."
    if votes not in VOTES:
        errors["votes"] = f"Le nombre de voix va de 0 à {VOTES[-1]}."
    if errors:
        raise SettingsInvalid(errors)
    return name


def _saved(college: College) -> College:
    with telling_what_is_taken({"college_name_unique": ("name", "Un collège porte déjà ce nom.")}):
        college.save()
    return college


def _record(college: College, by: User, now: datetime, what: str, verb: str, changes: dict) -> None:
    audit.record(
        tenant=college.operator.organisation,
        actor=by,
        what=what,
        sentence=f"{{actor}} {verb} le collège « {college.name} ».",
        subject_id=college.pk,
        now=now,
        changes=changes,
    )
