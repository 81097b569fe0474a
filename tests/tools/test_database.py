import contextlib

import pytest
from django.db import DatabaseError, connection, transaction

from tenants.models import Organisation
from tests.tools.database import acting_as


def _who():
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user, current_user, current_setting('is_superuser')")
        return cursor.fetchone()


@pytest.mark.django_db
def test_a_test_runs_as_the_web_role():
    assert _who() == ("halle_test", "halle_web", "off")


@pytest.mark.django_db
def test_the_role_comes_back():
    with acting_as("worker"):
        assert _who()[1] == "halle_worker"
        with acting_as("owner"):
            assert _who()[1] == "halle_owner"
        assert _who()[1] == "halle_worker"
    assert _who()[1] == "halle_web"


@pytest.mark.django_db
@pytest.mark.parametrize("savepoint_first", [True, False])
def test_the_role_comes_back_after_an_error(savepoint_first):
    contexts = [acting_as("worker"), transaction.atomic()]
    with contextlib.ExitStack() as stack:
        stack.enter_context(pytest.raises(DatabaseError))
        for context in reversed(contexts) if savepoint_first else contexts:
            stack.enter_context(context)
        connection.cursor().execute("SELECT 1/0")
    assert _who()[1] == "halle_web"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_transactional_test_commits_is_gone_in_the_next(turn):
    from django.contrib.auth.models import Permission
    from wagtail.models import Collection

    assert not Organisation.objects.exists()
    assert Permission.objects.count() > 500
    assert Collection.objects.get().name == "Root"
    Organisation.objects.create(siren="123456789", name="Commune")
    Collection.objects.update(name="Changed")
    Permission.objects.all().delete()


@pytest.mark.django_db
def test_a_plain_test_is_rolled_back_on_the_same_database():
    assert not Organisation.objects.exists()
