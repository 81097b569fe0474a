import pytest
from django.db import connection, transaction

from tests.tools.queries import project_line, readable_sql, report, snapshot_queries


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT "a" FROM "t" WHERE "id" = 12', 'SELECT "a"\n  FROM "t"\n  WHERE "id" = %s'),
        ("SELECT 1 WHERE id IN (%s, %s, %s)", "SELECT 1\n  WHERE id IN (%s)"),
        ("SELECT 1 WHERE id IN (4, 5)", "SELECT 1\n  WHERE id IN (%s)"),
        ("SELECT 1 WHERE id IN (%s) LIMIT 21", "SELECT 1\n  WHERE id IN (%s)\n  LIMIT 21"),
        ("INSERT INTO t (a, b) VALUES (%s, %s)", "INSERT INTO t (a, b)\n  VALUES (%s, %s)"),
        ("INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)", "INSERT INTO t (a, b)\n  VALUES (%s, %s)"),
        ("SELECT ROUND(a, 2)\n   FROM t", "SELECT ROUND(a, 2)\n  FROM t"),
        ('SAVEPOINT "s1402_x7"', "SAVEPOINT <id>"),
        ('ROLLBACK TO SAVEPOINT "s1402_x7"', "ROLLBACK TO SAVEPOINT <id>"),
        ('RELEASE SAVEPOINT "s1402_x7"', "RELEASE SAVEPOINT <id>"),
    ],
)
def test_sql_keeps_what_is_stable(sql, expected):
    assert readable_sql(sql) == expected


def test_origin_outside_the_project():
    assert project_line(None) == "outside the project"


def test_report_gives_the_count_first():
    assert report([]) == "0 queries"
    assert report(["a.py:f\nSELECT 1"]) == "1 query\n\n1. a.py:f\nSELECT 1"


def _ask(value=1):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s", [value])


def _ask_twice():
    _ask()
    _ask()


@pytest.mark.django_db
def test_queries_of_a_block_match_the_stored_ones(snapshot):
    with snapshot_queries(snapshot(name="two")) as entries:
        _ask("secret of today")
        with transaction.atomic():
            _ask("other")
    assert len(entries) == 4
    assert "secret" not in report(entries)
    assert entries[0] == "tests/tools/test_queries.py:_ask\nSELECT %s"


@pytest.mark.django_db
def test_one_query_more_fails():
    stored = report(["tests/tools/test_queries.py:_ask\nSELECT %s"])
    with pytest.raises(pytest.fail.Exception, match="2 queries"), snapshot_queries(_Stored(stored)):
        _ask_twice()


@pytest.mark.django_db
def test_an_error_in_the_block_is_not_hidden():
    with pytest.raises(ZeroDivisionError), snapshot_queries(_Stored("never compared")):
        1 / 0  # noqa: B018


class _Stored:
    """A snapshot already taken, so that a failing comparison leaves no trace in the test report."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        self.found = other
        return self.text == other

    __hash__ = None

    def get_assert_diff(self):
        return [f"stored: {self.text}", f"found: {self.found}"]
