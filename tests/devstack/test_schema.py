"""The baseline and the schema's fingerprint, on a server of their own."""

import lzma
import signal

import psycopg
import pytest

from devstack import baseline, database, migrations, schema
from devstack.problem import Problem
from tests.devstack.conftest import PYTHON, data_folder

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


@pytest.fixture(scope="module")
def kept_folder():
    with data_folder() as path:
        yield path


@pytest.fixture
def dbname(kept_folder, monkeypatch):
    """An empty database."""
    monkeypatch.setenv("HALLE_DATA_DIR", str(kept_folder))
    database.create_database("fresh")
    yield "fresh"
    database.drop_database("fresh")


def rows(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_the_baseline_is_a_whole_schema_that_the_web_role_can_use(dbname):
    urls = database.urls(dbname)
    assert not baseline.has_schema(urls["owner"])
    baseline.load_baseline(urls["owner"])
    assert baseline.has_schema(urls["owner"])
    assert rows(urls["web"], "SELECT count(*) > 100 FROM django_migrations") == [(True,)]
    assert rows(urls["web"], "SELECT count(*) FROM tenants_organisation") == [(0,)]
    assert rows(urls["owner"], "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [
        ("halle_owner",)
    ]
    protected = "SELECT count(*) FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE relforcerowsecurity"
    assert rows(urls["owner"], protected)[0][0] > 0


def test_the_baseline_names_nobody_and_no_version():
    text = lzma.decompress(baseline.FILE.read_bytes()).decode()
    for word in ("OWNER TO", "GRANT ", "REVOKE ", "\\restrict", "transaction_timeout", "halle_owner"):
        assert word not in text, word


def test_a_baseline_that_breaks_in_the_middle_leaves_nothing(dbname, tmp_path):
    broken = tmp_path / "broken.sql.xz"
    broken.write_bytes(lzma.compress(b"-- migrations 1\nCREATE TABLE meal ();\nSELECT 1/0;\n"))
    url = database.urls(dbname)["owner"]
    with pytest.raises(psycopg.errors.DivisionByZero):
        baseline.load_baseline(url, broken)
    assert rows(url, TABLES) == [(0,)]


def test_a_schema_is_brought_up_to_date_once(dbname, monkeypatch):
    migrated = []
    monkeypatch.setattr(schema, "migrate", migrated.append)
    monkeypatch.setattr(schema, "fingerprint", lambda: "newer than the baseline")
    assert schema.ensure_schema(dbname)
    assert migrated == [dbname]
    assert not schema.ensure_schema(dbname)
    monkeypatch.setattr(schema, "fingerprint", lambda: "newer again")
    assert schema.ensure_schema(dbname)
    assert migrated == [dbname, dbname]


def test_a_schema_as_the_baseline_left_it_is_not_migrated(dbname, monkeypatch):
    made_from = lzma.decompress(baseline.FILE.read_bytes()).decode().split("\n")[0].split()[-1]
    monkeypatch.setattr(schema, "fingerprint", lambda: made_from)
    monkeypatch.setattr(schema, "migrate", lambda dbname: pytest.fail("nothing to migrate"))
    assert schema.ensure_schema(dbname)


def test_a_failed_migration_is_tried_again(dbname, monkeypatch):
    def fail(dbname):
        raise Problem("a migration failed")

    monkeypatch.setattr(schema, "migrate", fail)
    monkeypatch.setattr(schema, "fingerprint", lambda: "newer than the baseline")
    for _ in range(2):
        with pytest.raises(Problem):
            schema.ensure_schema(dbname)
    assert schema.notes(dbname) == {}


def test_notes_live_with_their_database(dbname):
    schema.note(dbname, schema="abc")
    schema.note(dbname, demo="it's in")
    assert schema.notes(dbname) == {"schema": "abc", "demo": "it's in"}
    assert schema.notes("halle") == {}


@pytest.fixture
def project(tmp_path):
    """A project with two applications, one of them two folders deep, and settings."""
    for name, text in {
        "billing/migrations/0001_initial.py": "one",
        "marketplace/pages/migrations/0001_initial.py": "two",
        "marketplace/settings/base.py": "DEBUG = False\nINSTALLED_APPS = ['billing']\n",
        "requirements/run.lock": "django==5.2\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "text", "changes"),
    [
        ("billing/migrations/0001_initial.py", "another", True),
        ("billing/migrations/0002_more.py", "new", True),
        ("marketplace/pages/migrations/0002_more.py", "new", True),
        ("requirements/run.lock", "django==5.3\n", True),
        ("marketplace/settings/base.py", "DEBUG = False\nINSTALLED_APPS = ['billing', 'pages']\n", True),
        ("marketplace/settings/base.py", "DEBUG = True\nINSTALLED_APPS = ['billing']  # mine\n", False),
        ("billing/models.py", "new", False),
    ],
)
def test_the_fingerprint_follows_what_decides_the_schema(project, name, text, changes):
    before = migrations.fingerprint(project)
    (project / name).write_text(text)
    assert (migrations.fingerprint(project) != before) is changes


def test_a_load_killed_in_the_middle_is_done_again(folder, running, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    database.ensure_server()
    slow = (
        "import lzma, pathlib, sys; from devstack import baseline, database;"
        "text = lzma.decompress(baseline.FILE.read_bytes()) + b'SELECT pg_sleep(60);';"
        "file = pathlib.Path(sys.argv[1]); file.write_bytes(lzma.compress(text, preset=0));"
        "print('loading', flush=True); baseline.load_baseline(database.urls()['owner'], file)"
    )
    load = running([*PYTHON, "-c", slow, folder / "slow.sql.xz"])
    load.wait_for("loading")
    admin = database.urls()["admin"]
    sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    while rows(admin, sleeping) != [(1,)]:
        assert load.popen.poll() is None, load.printed()
    load.end(signal.SIGKILL)
    assert not baseline.has_schema(database.urls()["owner"])
    monkeypatch.setattr(schema, "migrate", lambda dbname: None)
    assert schema.ensure_schema()
    assert baseline.has_schema(database.urls()["owner"])
