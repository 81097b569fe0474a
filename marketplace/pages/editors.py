"""Naming and removing the editors of an operator's pages. Each verb is one audited transaction."""

from datetime import datetime

from django.db import transaction

from marketplace.pages.desks import editors_of
from marketplace.pages.models import Desk
from marketplace.pages.storefronts import keep_storefront
from tenants import audit
from tenants.models import Membership, Operator, Organisation, User


class NotOfTheHouse(Exception):
    """Only somebody with a mandate in force at the operator writes its pages."""

    def __init__(self):
        super().__init__("Cette personne n’a plus de rôle chez vous. Invitez-la d’abord.")


@transaction.atomic
def add_editor(*, operator: Operator, person: User, by: User, now: datetime) -> None:
    """The person may now enter Wagtail and write this operator's pages; nothing is written if she does
    already. Raises NotOfTheHouse."""
    desk = _locked(operator)
    if not _has_mandate(person, operator.organisation):
        raise NotOfTheHouse
    if editors_of(operator).filter(pk=person.pk).exists():
        return
    desk.group.user_set.add(person)
    _record(operator, person, by, now, "added", "{actor} a confié les pages de la vitrine : {person}.")


@transaction.atomic
def remove_editor(*, operator: Operator, person: User, by: User, now: datetime) -> None:
    """The person no longer enters Wagtail for this operator; nothing is written if she did not."""
    desk = _locked(operator)
    if editors_of(operator).filter(pk=person.pk).exists():
        desk.group.user_set.remove(person)
        _record(operator, person, by, now, "removed", "{actor} a retiré les pages de la vitrine : {person}.")


def forget_who_left(*, organisation: Organisation, person: User, by: User, now: datetime) -> None:
    """An editor without a mandate in force at the operator is one no longer."""
    operator = Operator.objects.filter(organisation=organisation, desk__isnull=False).first()
    if operator and not _has_mandate(person, organisation):
        remove_editor(operator=operator, person=person, by=by, now=now)


def _locked(operator: Operator) -> Desk:
    """Two people naming the same editor at once would log it twice."""
    if not Desk.objects.filter(operator=operator).exists():
        keep_storefront(operator=operator)
    rows = Desk.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("group").get(operator=operator)


def _has_mandate(person: User, organisation: Organisation) -> bool:
    return Membership.objects.in_force().filter(user=person, organisation=organisation).exists()


def _record(operator: Operator, person: User, by: User, now: datetime, what: str, sentence: str) -> None:
    audit.record(
        tenant=operator.organisation,
        actor=by,
        person=person,
        what=f"operator.editor_{what}",
        sentence=sentence,
        subject_id=person.pk,
        now=now,
    )
