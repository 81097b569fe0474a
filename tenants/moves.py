"""One step along a table of moves, whoever else may be taking it."""

from collections.abc import Container

from django.db.models import Model


def moved(row: Model, *, to: str, moves: Container[tuple[str, str]], **fields) -> bool:
    """Takes `row` from its `state` to another and sets `fields`, in memory too, by a conditional UPDATE whose
    row count is read. False, and nothing done, where `moves` has no such step or somebody was faster."""
    before = row.state
    rows = type(row)._default_manager.filter(pk=row.pk, state=before)
    if (before, to) not in moves or rows.update(state=to, **fields) != 1:
        return False
    for name, value in {"state": to, **fields}.items():
        setattr(row, name, value)
    return True
