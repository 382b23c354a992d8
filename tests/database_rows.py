"""What stands in a database, row by row."""

from collections.abc import Mapping, Sequence

import psycopg


def rows_of(url: str, tables: Sequence[str]) -> Mapping[str, list[tuple[object, ...]]]:
    """Every row of each table, with the transaction that wrote it and where it lies."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                psycopg.sql.SQL(
                    "SELECT xmin::text, ctid::text, t.* FROM {} AS t ORDER BY 2"
                ).format(psycopg.sql.Identifier(table))
            ).fetchall()
            for table in tables
        }
