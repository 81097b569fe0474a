"""A copy of what Halle holds on a person (GDPR article 15), made by a worker: it crosses organisations."""

import json
from collections.abc import Iterator
from datetime import date, datetime

from django.apps import apps
from django.core.files.base import ContentFile
from django.db import models, transaction

from tenants.models import Invitation, Letter, PersonalDataExport, User
from tenants.tenancy import TenantOwned

IDENTITY = ("first_name", "last_name", "email", "issuer", "sub", "date_joined", "last_login", "is_staff")


@transaction.atomic
def ask_copy(*, person: User, now: datetime) -> PersonalDataExport:
    """Asks for a copy; the one under way if there is one. A worker makes it in a minute."""
    from tenants.tasks import make_data_copy

    copy, created = PersonalDataExport.objects.get_or_create(
        user=person, ready_at=None, defaults={"asked_at": now}
    )
    if created:
        make_data_copy.defer(copy_id=copy.pk)
    return copy


@transaction.atomic
def make_copy(*, copy_id: int, now: datetime) -> None:
    """Writes the file of a copy that was asked for. Done twice, it is done once."""
    copy = PersonalDataExport.objects.select_for_update(no_key=True).select_related("user").get(pk=copy_id)
    if copy.ready_at is not None:
        return
    content = json.dumps(held_on(copy.user, now=now), ensure_ascii=False, indent=2)
    copy.file.save("copie.json", ContentFile(content.encode()), save=False)
    copy.ready_at = now
    copy.save(update_fields=["file", "ready_at"])


def held_on(person: User, *, now: datetime) -> dict:
    """All of it, JSON-safe, in French: identity, letters, invitations, and every row that names her.

    Other people who appear in the same rows are left out.
    """
    return {
        "copie établie le": now.isoformat(),
        "identité": {_label(User, name): _plain(getattr(person, name)) for name in IDENTITY},
        "courriels envoyés": [
            {"le": _plain(letter.created_at), "objet": letter.subject, "texte": letter.body}
            for letter in Letter.objects.filter(to__iexact=person.email).order_by("created_at")
            if person.email
        ],
        "invitations reçues": [
            {"le": _plain(row.created_at), "de": row.tenant.name, "acceptée le": _plain(row.accepted_at)}
            for row in Invitation.objects.filter(email__iexact=person.email).select_related("tenant")
            if person.email
        ],
        "traces": [
            {"quoi": str(model._meta.verbose_name), "à titre de": str(field.verbose_name), "lignes": rows}
            for model, field in links_to_people()
            if (rows := [_row(row) for row in _rows(model, field, person)])
        ],
    }


def links_to_people() -> Iterator[tuple[type[models.Model], models.Field]]:
    """Every column of the database that points to a person: also those a library adds one day."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.fields:
            if field.related_model is User and not model._meta.proxy:
                yield model, field


def _rows(model: type[models.Model], field: models.Field, person: User):
    rows = model._base_manager.filter(**{field.name: person}).order_by("pk")
    return rows.select_related("tenant") if issubclass(model, TenantOwned) else rows


def _row(row: models.Model) -> dict:
    """What the row is, whose, and its dates: never what it says of other people."""
    dates = {
        str(field.verbose_name): _plain(value)
        for field in row._meta.fields
        if isinstance(field, models.DateField) and (value := getattr(row, field.attname)) is not None
    }
    owner = {"organisation": row.tenant.name} if isinstance(row, TenantOwned) else {}
    return {"identifiant": str(row.pk), **owner, **dates}


def _label(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value
