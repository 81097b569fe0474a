"""Rows of two tenants, for whichever tenant-owned model a test is about."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.db import connection

from tests.consistency.test_tenant_owned import FACTORIES
from tests.factories import AdhesionFactory
from tests.tools.database import undone


class Kept:
    """The pair of one model at a time, in a transaction that is never committed.

    To make a pair takes longer than to ask a question about it: `each_model` puts the tests about one model
    one behind the other, and they share it. `asked_next` is the model whose pair the next test asks for.
    """

    def __init__(self) -> None:
        self.model: type | None = None
        self.asked_next: type | None = None
        self.undo: Callable[[], None] = lambda: None

    def pair_of(self, model) -> tuple:
        """A row of the model for each of two organisations, each a member of some operator."""
        if model is not self.model:
            with ExitStack() as stack:
                stack.enter_context(undone())
                self.rows = FACTORIES[model](), FACTORIES[model]()
                for row in self.rows:
                    AdhesionFactory(organisation=row.tenant)
                self.model, self.undo = model, stack.pop_all().close
        return self.rows

    def let_go(self) -> None:
        """Unless the next test asks for the same: nothing else may run in that transaction."""
        if self.model is not self.asked_next:
            self.undo()
            self.model = None


KEPT = Kept()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    asks = nextitem is not None and "pair" in getattr(nextitem, "fixturenames", ())
    KEPT.asked_next = nextitem.callspec.params["model"] if asks else None


@pytest.fixture
def pair(model, django_db_setup, django_db_blocker) -> Iterator[tuple]:
    """The two rows. What a test does to them, or beside them, is undone at its end."""
    assert model in FACTORIES, f"{model._meta.label} has no factory: its fences cannot be tried"
    with django_db_blocker.unblock():
        rows = KEPT.pair_of(model)
        with undone():
            yield rows
            if not connection.needs_rollback and connection.is_usable():
                connection.check_constraints()  # as at the end of any test
        KEPT.let_go()
