"""What a new connection does before a request gets it."""

import psycopg
from psycopg import sql

from function.catalogue.pool import CataloguePool
from function.catalogue.search import FIRST_SEARCH

CALLS = """
SELECT sum(calls) FROM pg_stat_user_functions WHERE funcname = 'search_scenes'
"""


def test_each_connection_searches_once_before_it_is_lent(catalogue_url: str) -> None:
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        database = sql.Identifier(connection.info.dbname)
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET track_functions = 'all'").format(database)
        )
    pool = CataloguePool(catalogue_url, 1, FIRST_SEARCH)
    pool.open()
    pool.fetch("SELECT pg_stat_force_next_flush()")
    assert pool.fetch(CALLS) == [(1,)]
    pool.close()


def test_the_first_search_finds_nothing(catalogue_url: str) -> None:
    with psycopg.connect(catalogue_url) as connection:
        assert connection.execute(FIRST_SEARCH.encode()).rowcount == 0


def test_a_connection_to_a_database_without_a_schema_is_as_good(database_url: str) -> None:
    pool = CataloguePool(database_url, 1, FIRST_SEARCH)
    pool.open()
    assert pool.fetch("SELECT 1") == [(1,)]
    pool.close()


def test_a_table_that_is_locked_keeps_no_connection(catalogue_url: str) -> None:
    pool = CataloguePool(catalogue_url, 1, FIRST_SEARCH)
    with psycopg.connect(catalogue_url) as connection:
        connection.execute("LOCK TABLE scenes, cell_extents")
        pool.open()
        assert pool.fetch("SELECT 1") == [(1,)]
    pool.close()
