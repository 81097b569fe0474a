"""Query snapshots: the queries of a page or a task, kept as text a reviewer reads.

    def test_catalogue_queries(client, snapshot):
        with snapshot_queries(snapshot(name="catalogue")):
            client.get("/catalogue/")

A failure shows which query came, went or moved, and the project function that caused it.
`pytest --snapshot-update` accepts the new list.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connections

ROOT = Path(__file__).resolve().parents[2]
_INSTALLED = {"site-packages", "dist-packages", ".venv"}

_SAVEPOINT = re.compile(r'(SAVEPOINT )"?\w+"?')
# Raw SQL only: Django itself passes values apart from the SQL, and LIMIT is worth seeing.
_NUMBER_COMPARED = re.compile(r"([=<>] ?)\d+(?=[\s,)]|$)")
_VALUES_LISTED = re.compile(r"\bIN \((?:%s|\d+)(?:, ?(?:%s|\d+))*\)")
_SEVERAL_TUPLES = re.compile(r"(\([^()]*%s[^()]*\))(?:, ?\1)+")
_CLAUSE = re.compile(
    r" (?=(?:FROM|INNER JOIN|LEFT OUTER JOIN|WHERE|GROUP BY|HAVING|ORDER BY|LIMIT|FOR UPDATE"
    r"|FOR NO KEY UPDATE|SET|VALUES|ON CONFLICT|RETURNING|UNION|EXCEPT|INTERSECT) )"
)


@contextmanager
def snapshot_queries(snapshot, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[list[str]]:
    """Compare the queries of the block with a syrupy snapshot; yield the list as it grows.

    Only SQL with its placeholders is kept, never a value; lists of ids count as one. An error inside the
    block goes through untouched, and nothing is compared then.
    """
    # Read once a process and kept: whether an earlier test had read them must not show.
    ContentType.objects.get_for_models(*apps.get_models())
    entries: list[str] = []

    def record(execute, sql, params, many, context):
        how_often = " (many)" if many else ""
        entries.append(f"{project_line(sys._getframe(1))}{how_often}\n{readable_sql(sql)}")
        return execute(sql, params, many, context)

    with connections[using].execute_wrapper(record):
        yield entries
    # Asked outside an `assert`, because pytest rewrites those of test modules only.
    if report(entries) != snapshot:
        pytest.fail("\n".join(snapshot.get_assert_diff()), pytrace=False)


def report(entries: list[str]) -> str:
    """Return the snapshot's text: the count, then each query under its number and its origin."""
    noun = "query" if len(entries) == 1 else "queries"
    numbered = (f"{number}. {entry}" for number, entry in enumerate(entries, start=1))
    return "\n\n".join([f"{len(entries)} {noun}", *numbered])


def readable_sql(sql) -> str:
    """Return the SQL without what changes from run to run, one clause a line."""
    text = " ".join(str(sql).split())
    text = _SAVEPOINT.sub(r"\1<id>", text)
    text = _NUMBER_COMPARED.sub(r"\1%s", text)
    text = _VALUES_LISTED.sub("IN (%s)", text)
    text = _SEVERAL_TUPLES.sub(r"\1", text)
    return _CLAUSE.sub("\n  ", text)


def project_line(frame: FrameType | None) -> str:
    """Return "file:function" of the nearest frame of the project, this module left out.

    No line number, so that an edit above the function does not change the snapshot.
    """
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT) and path != Path(__file__) and _INSTALLED.isdisjoint(path.parts):
            return f"{path.relative_to(ROOT).as_posix()}:{frame.f_code.co_qualname}"
        frame = frame.f_back
    return "outside the project"
