"""Bringing a database's schema up to date: again, at once, and after edits."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from function.catalogue.migrations import MigrationError, migrate


@pytest.fixture
def sql_directory(repository: Path, tmp_path: Path) -> Path:
    """A copy of the real schema, for a test to edit."""
    return Path(shutil.copytree(repository / "catalog-sql", tmp_path / "catalog-sql"))


def next_number(sql_directory: Path) -> int:
    return len(list((sql_directory / "migrations").iterdir())) + 1


def ledger(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM schema_files ORDER BY name").fetchall()


def test_the_second_time_nothing_is_applied(database_url: str, sql_directory: Path) -> None:
    files = {
        f"{path.parent.name}/{path.name}" for path in sql_directory.rglob("*.sql") if path.is_file()
    }
    first = migrate(database_url, sql_directory)
    assert {*first.migrations, *first.functions} == files
    before = ledger(database_url)
    second = migrate(database_url, sql_directory)
    assert (second.migrations, second.functions) == ((), ())
    assert ledger(database_url) == before


def test_two_processes_at_once_apply_everything_once(
    database_url: str, sql_directory: Path
) -> None:
    slow = sql_directory / "migrations" / "0001_scenes.sql"
    slow.write_text("SELECT pg_sleep(0.5);\n" + slow.read_text())
    environment = os.environ | {
        "SENTINEL_OWS_DATABASE_URL": database_url,
        "SENTINEL_OWS_CATALOG_SQL": str(sql_directory),
    }
    command = [sys.executable, "-c", "from function.command.main import main; exit(main())"]
    processes = [
        subprocess.Popen(
            [*command, "migrate"],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    answers = sorted(process.communicate(timeout=60) for process in processes)
    assert [process.returncode for process in processes] == [0, 0], answers
    (applied, _), (idle, _) = answers
    assert "applied migrations/0001_scenes.sql" in applied
    assert idle == "up to date\n"


def test_an_edited_migration_is_an_error_and_changes_nothing(
    database_url: str, sql_directory: Path
) -> None:
    migrate(database_url, sql_directory)
    before = ledger(database_url)
    edited = sql_directory / "migrations" / "0001_scenes.sql"
    edited.write_text(edited.read_text() + "-- a second thought\n")
    (sql_directory / "functions" / "more.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=r"migrations/0001_scenes\.sql was edited after"):
        migrate(database_url, sql_directory)
    assert ledger(database_url) == before


def test_only_a_changed_function_is_applied_again(database_url: str, sql_directory: Path) -> None:
    migrate(database_url, sql_directory)
    edited = sql_directory / "functions" / "mark_superseded.sql"
    edited.write_text(edited.read_text() + "-- told better\n")
    migrated = migrate(database_url, sql_directory)
    assert (migrated.migrations, migrated.functions) == ((), ("functions/mark_superseded.sql",))


def test_every_function_is_applied_again_after_a_migration(
    database_url: str, sql_directory: Path
) -> None:
    migrate(database_url, sql_directory)
    number = next_number(sql_directory)
    (sql_directory / "migrations" / f"{number:04d}_drop.sql").write_text(
        "DROP FUNCTION keep_extents CASCADE;"
    )
    migrated = migrate(database_url, sql_directory)
    assert migrated.migrations == (f"migrations/{number:04d}_drop.sql",)
    assert len(migrated.functions) == len(list((sql_directory / "functions").iterdir()))
    with psycopg.connect(database_url) as connection:
        triggers = connection.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'keep_extents%'"
        ).fetchone()
    assert triggers == (4,)


def test_a_failing_migration_leaves_the_database_as_it_was(
    database_url: str, sql_directory: Path
) -> None:
    number = next_number(sql_directory)
    broken = sql_directory / "migrations" / f"{number:04d}_broken.sql"
    broken.write_text("CREATE TABLE half (); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=rf"{broken.name}: division by zero"):
        migrate(database_url, sql_directory)
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    assert tables == (0,)


def test_a_catalogue_newer_than_the_program_is_an_error(
    database_url: str, sql_directory: Path
) -> None:
    number = next_number(sql_directory)
    newer = sql_directory / "migrations" / f"{number:04d}_newer.sql"
    newer.write_text("SELECT 1;")
    migrate(database_url, sql_directory)
    newer.unlink()
    with pytest.raises(MigrationError, match="newer than this program"):
        migrate(database_url, sql_directory)


def test_a_directory_without_migrations_is_an_error(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match="no migrations"):
        migrate(database_url, tmp_path)


def test_a_database_that_is_not_there_is_an_error(database_url: str, sql_directory: Path) -> None:
    with pytest.raises(MigrationError, match="cannot be reached"):
        migrate(database_url.replace("/test_", "/absent_"), sql_directory)


@pytest.mark.parametrize(
    "name", ["0001_again.sql", "second.sql", "0002-dashed.sql", "9000_later.sql"]
)
def test_a_migration_whose_number_does_not_follow_the_last_is_an_error(
    database_url: str, sql_directory: Path, name: str
) -> None:
    (sql_directory / "migrations" / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="should be named NNNN_what_it_does"):
        migrate(database_url, sql_directory)
