"""Brings a catalogue's schema up to date from the files in ``catalog-sql``.

``migrations/NNNN_name.sql`` are applied once each, in order, forward only. ``functions/*.sql``
are applied again whenever they change, and all of them after any migration. Everything happens
in one transaction under an advisory lock: an upgrade is applied whole or not at all, and two at
once follow one another.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import psycopg

from function.errors import OperatorError

MIGRATION_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
NAMED = "NNNN_what_it_does.sql"
# One key for all who migrate; any number does that nothing else in the database locks.
LOCK_KEY = 0x53454E54  # "SENT"
CONNECT_SECONDS = 10

LEDGER = """
CREATE TABLE IF NOT EXISTS schema_files (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schema_file_key PRIMARY KEY (name)
)
"""


class MigrationError(OperatorError):
    """The catalogue cannot be brought up to date; the message says why."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """Names of the files that were applied; none where the catalogue was up to date.

    ``missing_roles`` are group roles that are not there and may not be made by who migrates.
    """

    migrations: tuple[str, ...]
    functions: tuple[str, ...]
    missing_roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _SqlFile:
    name: str
    text: str
    sha256: str


def migrate(url: str, sql_directory: Path) -> Migrated:
    """Apply to the database at ``url`` what it lacks of ``sql_directory``.

    Raises:
        MigrationError: a file was edited or removed after it had been applied, the numbers of files
            do not follow one another, the database cannot be reached, or it refuses a statement.
    """
    migrations = _read_migrations(sql_directory / "migrations")
    functions = [_read(path) for path in sorted((sql_directory / "functions").glob("*.sql"))]
    try:
        with psycopg.connect(
            url, connect_timeout=CONNECT_SECONDS, prepare_threshold=None
        ) as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
            return _bring_up(connection, migrations, functions)
    except psycopg.errors.InsufficientPrivilege as error:
        raise MigrationError(
            f"the database refuses: {error}; the schema is its owner's to change"
        ) from error
    except psycopg.OperationalError as error:
        raise MigrationError(f"the database cannot be reached: {error}") from error
    except psycopg.Error as error:
        raise MigrationError(f"the database refuses: {error}") from error


def _bring_up(
    connection: psycopg.Connection, migrations: list[_SqlFile], functions: list[_SqlFile]
) -> Migrated:
    connection.execute(LEDGER)
    rows = connection.execute("SELECT name, sha256 FROM schema_files").fetchall()
    applied: dict[str, str] = dict(rows)
    _check_history(applied, migrations)
    new_migrations = [file for file in migrations if file.name not in applied]
    new_functions = [
        file for file in functions if new_migrations or applied.get(file.name) != file.sha256
    ]
    for file in new_migrations + new_functions:
        _apply(connection, file)
    return Migrated(
        tuple(file.name for file in new_migrations),
        tuple(file.name for file in new_functions),
        _grant(connection),
    )


def _grant(connection: psycopg.Connection) -> tuple[str, ...]:
    """Give the group roles their rights, again each time: a missing one may be there by now."""
    row = connection.execute("SELECT grant_roles()").fetchone()
    return tuple(row[0]) if row is not None else ()


def _check_history(applied: dict[str, str], migrations: list[_SqlFile]) -> None:
    known = {file.name: file.sha256 for file in migrations}
    for name, sha256 in sorted(applied.items()):
        if not name.startswith("migrations/"):
            continue
        if name not in known:
            raise MigrationError(
                f"{name} has been applied to this database but is not among the files here:"
                " the catalogue is newer than this program, or a file was removed"
            )
        if known[name] != sha256:
            raise MigrationError(
                f"{name} was edited after it had been applied to this database:"
                " put it back as it was and make the change in a new migration"
            )
    pending = [file.name for file in migrations if file.name not in applied]
    last_applied = max((name for name in applied if name in known), default="")
    if pending and pending[0] < last_applied:
        raise MigrationError(f"{pending[0]} comes before {last_applied}, which is applied already")


def _apply(connection: psycopg.Connection, file: _SqlFile) -> None:
    try:
        connection.execute(file.text.encode())
    except psycopg.Error as error:
        raise MigrationError(f"{file.name}: {error}") from error
    connection.execute(
        """
        INSERT INTO schema_files (name, sha256) VALUES (%s, %s)
        ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied = now()
        """,
        [file.name, file.sha256],
    )


def _read_migrations(directory: Path) -> list[_SqlFile]:
    paths = sorted(directory.glob("*.sql"))
    if not paths:
        raise MigrationError(f"there are no migrations in {directory}")
    for number, path in enumerate(paths, start=1):
        match = MIGRATION_NAME.fullmatch(path.name)
        if match is None or int(match["number"]) != number:
            raise MigrationError(
                f"{path.name} should be named {NAMED} with the number {number:04d}: each has its"
                " own, and none is left out"
            )
    return [_read(path) for path in paths]


def _read(path: Path) -> _SqlFile:
    text = path.read_text(encoding="utf-8")
    name = f"{path.parent.name}/{path.name}"
    return _SqlFile(name, text, hashlib.sha256(text.encode()).hexdigest())
