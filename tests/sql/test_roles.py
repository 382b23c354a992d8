"""Who owns migrates, who writes ingests, who reads serves, and nobody does more."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from sample_scenes import COLLECTION, asset, lonlat, scene

from function.catalogue.codestream_indexes import CodestreamIndexes
from function.catalogue.migrations import MigrationError, migrate
from function.catalogue.pool import CatalogueForbiddenError, CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter
from function.codestream_record import CodestreamRecord, FileState
from function.search import Search

GRID = lonlat(-9, 52, -8, 53)
_numbers = count(1)


def as_role(url: str, role: str) -> str:
    """``url`` with a login of its own in ``role``; the cluster trusts whoever reaches it."""
    login = f"login_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(
                sql.Identifier(login), sql.Identifier(role)
            )
        )
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc.rpartition('@')[2]}"))


@pytest.fixture
def reader_pool(catalogue_url: str) -> Iterator[CataloguePool]:
    pool = CataloguePool(as_role(catalogue_url, "sentinel_ows_reader"), 1)
    pool.open()
    yield pool
    pool.close()


def test_a_reader_serves(catalogue_pool: CataloguePool, reader_pool: CataloguePool) -> None:
    SceneWriter(catalogue_pool).write(scene("a"))
    catalogue = SceneCatalogue(reader_pool)
    catalogue.ready()
    assert [found.name for found in catalogue.search(COLLECTION, GRID, Search(), 9)] == ["a"]
    assert catalogue.state().extents[COLLECTION].scene_count == 1
    (found,) = catalogue.search(COLLECTION, GRID, Search(scene="a"), 9)
    indexes = CodestreamIndexes(reader_pool)
    assert indexes.load(found.assets) == {}
    indexes.keep(found.assets[0], CodestreamRecord(1, FileState(1, "stamp"), b"packets"))
    assert indexes.load(found.assets) == {}


def test_a_server_keeps_indexes_too(catalogue_pool: CataloguePool, catalogue_url: str) -> None:
    SceneWriter(catalogue_pool).write(scene("a"))
    pool = CataloguePool(as_role(catalogue_url, "sentinel_ows_server"), 1)
    pool.open()
    (found,) = SceneCatalogue(pool).search(COLLECTION, GRID, Search(), 9)
    indexes = CodestreamIndexes(pool)
    for stamp in ("first", "second"):
        record = CodestreamRecord(1, FileState(1, stamp), b"packets")
        indexes.keep(found.assets[0], record)
        assert indexes.load(found.assets) == {found.assets[0].href: record}
    pool.close()


TABLES = (
    "scenes", "codestream_indexes", "grid_cells", "cell_extents", "collection_parts",
    "changed_cells", "changing_transactions", "schema_files",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {} CASCADE", "DROP TABLE {}"])
@pytest.mark.parametrize("role", ["sentinel_ows_reader", "sentinel_ows_server"])
def test_who_serves_changes_nothing(
    catalogue_url: str, table: str, statement: str, role: str
) -> None:
    with (
        psycopg.connect(as_role(catalogue_url, role)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(sql.SQL(statement).format(sql.Identifier(table)))


def test_a_writer_writes_and_removes(catalogue_url: str) -> None:
    pool = CataloguePool(as_role(catalogue_url, "sentinel_ows_writer"), 1)
    pool.open()
    writer = SceneWriter(pool)
    writer.write(scene("a"))
    writer.write(scene("a", assets=(asset(href="/archive/other.jp2"),)))
    assert SceneCatalogue(pool).extents()[COLLECTION].scene_count == 1
    pool.fetch("DELETE FROM scenes RETURNING 1")
    assert SceneCatalogue(pool).extents() == {}
    pool.close()


def test_a_role_without_rights_is_told_so(catalogue_url: str) -> None:
    pool = CataloguePool(as_role(catalogue_url, "pg_monitor"), 1)
    pool.open()
    with pytest.raises(CatalogueForbiddenError, match="permission denied for view collections"):
        SceneCatalogue(pool).ready()
    pool.close()


@pytest.mark.parametrize(
    "role", ["sentinel_ows_reader", "sentinel_ows_server", "sentinel_ows_writer"]
)
def test_none_of_them_migrates(catalogue_url: str, repository: Path, role: str) -> None:
    with pytest.raises(MigrationError, match="its owner's to change"):
        migrate(as_role(catalogue_url, role), repository / "catalog-sql")


@pytest.mark.parametrize(
    "statement", ["UPDATE schema_files SET sha256 = ''", "TRUNCATE scenes CASCADE"]
)
def test_a_writer_leaves_the_schema_alone(catalogue_url: str, statement: str) -> None:
    with (
        psycopg.connect(as_role(catalogue_url, "sentinel_ows_writer")) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_what_a_later_migration_makes_is_the_roles_too(catalogue_url: str) -> None:
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE later (number integer)")
        rights = connection.execute(
            "SELECT has_table_privilege('sentinel_ows_reader', 'later', 'SELECT'),"
            " has_table_privilege('sentinel_ows_reader', 'later', 'INSERT'),"
            " has_table_privilege('sentinel_ows_writer', 'later', 'INSERT')"
        ).fetchone()
    assert rights == (True, False, True)


def test_an_owner_who_may_make_no_roles_migrates_all_the_same(
    database_url: str, repository: Path
) -> None:
    """The cluster has the roles by now: for the time of the test they go by other names."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION postgis")
        connection.execute("CREATE ROLE lone_owner LOGIN")
        connection.execute("ALTER SCHEMA public OWNER TO lone_owner")
    parts = urlsplit(database_url)
    url = urlunsplit(parts._replace(netloc=f"lone_owner@{parts.netloc.rpartition('@')[2]}"))
    try:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for role in ("reader", "server", "writer"):
                if _exists(connection, f"sentinel_ows_{role}"):
                    connection.execute(
                        f"ALTER ROLE sentinel_ows_{role} RENAME TO hidden_{role}".encode()
                    )
        migrated = migrate(url, repository / "catalog-sql")
        assert migrated.missing_roles == (
            "sentinel_ows_reader",
            "sentinel_ows_server",
            "sentinel_ows_writer",
        )
        assert migrate(url, repository / "catalog-sql").migrations == ()
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            for role in ("reader", "server", "writer"):
                if _exists(connection, f"hidden_{role}"):
                    connection.execute(
                        f"ALTER ROLE hidden_{role} RENAME TO sentinel_ows_{role}".encode()
                    )
            connection.execute("DROP OWNED BY lone_owner CASCADE")
            connection.execute("DROP ROLE lone_owner")


def _exists(connection: psycopg.Connection, role: str) -> bool:
    query = "SELECT FROM pg_roles WHERE rolname = %s"
    return connection.execute(query, [role]).fetchone() is not None
