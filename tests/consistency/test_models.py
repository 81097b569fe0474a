"""Rules of the house on models."""

import re

import pytest
from django.apps import apps
from django.db import connection, models

from tenants.tenancy import TenantOwned

ROOMS = {"tenants", "sso", "catalog", "subscriptions", "provisioning", "billing", "marketplace"}
OURS = [model for model in apps.get_models() if model.__module__.split(".")[0] in ROOMS]
# A grid is always read newest first; Oscar orders its own products.
MAY_ORDER = {"catalog.PriceGrid", "catalogue.Product"}
MADE_BY_DJANGO = re.compile(r"_[0-9a-f]{8}(_uniq|_idx|_check|_fk)?$")

each_model = pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)


@each_model
def test_no_default_ordering(model):
    """A hidden ORDER BY costs every query, and hides that a list has no order of its own."""
    assert not model._meta.ordering or model._meta.label in MAY_ORDER


@each_model
def test_constraints_and_indexes_bear_names(model):
    """A refusal is told by the name of its constraint."""
    if model._meta.app_label == "catalogue":  # columns and constraints are Oscar's
        return
    assert not model._meta.unique_together
    names = [rule.name for rule in [*model._meta.constraints, *model._meta.indexes]]
    assert [name for name in names if MADE_BY_DJANGO.search(name)] == []


def test_names_of_constraints_are_used_once():
    names = [rule.name for model in OURS for rule in [*model._meta.constraints, *model._meta.indexes]]
    assert sorted(names) == sorted(set(names))


def _holds_a_file(model) -> bool:
    names = {field.name for field in model._meta.fields}
    return {"path", "sha256"} <= names or any(isinstance(f, models.FileField) for f in model._meta.fields)


HOLD_FILES = [model for model in OURS if _holds_a_file(model)]


@pytest.mark.parametrize("model", HOLD_FILES, ids=lambda model: model._meta.label)
def test_a_row_with_a_file_never_goes_in_a_cascade(model):
    """The row would be gone and the file would stay, known to nobody."""
    links = [field for field in model._meta.fields if isinstance(field, models.ForeignKey)]
    assert links
    assert [link.name for link in links if link.remote_field.on_delete is not models.PROTECT] == []


@pytest.mark.parametrize("model", HOLD_FILES, ids=lambda model: model._meta.label)
def test_a_file_never_bears_the_name_its_sender_gave(model):
    for field in model._meta.fields:
        if isinstance(field, models.FileField):
            owned = {"tenant_id": 1} if issubclass(model, TenantOwned) else {}
            instance = model(pk=1, **owned)
            for link in model._meta.fields:
                if isinstance(link, models.ForeignKey) and link.name != "tenant":
                    setattr(instance, link.name, link.related_model(pk=1))
            assert "../x" not in field.generate_filename(instance, "../x.exe")


def test_files_are_held_by_acts_and_invoices():
    assert {"subscriptions.Decision", "billing.InvoiceFile"} <= {m._meta.label for m in HOLD_FILES}


@pytest.mark.django_db
def test_the_database_has_every_constraint_and_index():
    """Django may take a unique index away with that of a foreign key: a rule that is only in the code holds
    nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes UNION SELECT conname FROM pg_constraint")
        there = {name for (name,) in cursor}
    rules = [rule.name for model in OURS for rule in [*model._meta.constraints, *model._meta.indexes]]
    assert [name for name in rules if name not in there] == []
