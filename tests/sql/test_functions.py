"""The functions of the schema by themselves: in pgTAP, and under plpgsql_check."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

TAP = Path(__file__).parent / "functions"
FUNCTIONS = Path(__file__).parents[2] / "catalog-sql" / "functions"
CHECK = """
SELECT checked.oid::regprocedure::text, found.*
FROM pg_proc AS checked
INNER JOIN pg_language ON checked.prolang = pg_language.oid AND pg_language.lanname = 'plpgsql'
LEFT JOIN pg_trigger ON checked.oid = pg_trigger.tgfoid AND pg_trigger.tgname = %s
CROSS JOIN LATERAL plpgsql_check_function_tb(
    checked.oid,
    coalesce(pg_trigger.tgrelid, 0),
    oldtable => CASE WHEN pg_trigger.tgoldtable IS NOT NULL THEN 'departed' END,
    newtable => CASE WHEN pg_trigger.tgnewtable IS NOT NULL THEN 'arrived' END,
    performance_warnings => FALSE, extra_warnings => TRUE
) AS found
WHERE checked.pronamespace = 'public'::regnamespace
AND checked.proname = %s
"""


@pytest.fixture(scope="module")
def connection(module_catalogue_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_catalogue_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA testing; CREATE EXTENSION pgtap SCHEMA testing")
        connection.execute("CREATE EXTENSION plpgsql_check SCHEMA testing")
        connection.execute("SET search_path = public, testing")
        yield connection


@pytest.mark.parametrize("path", sorted(TAP.glob("*.sql")), ids=lambda path: path.stem)
def test_a_function_in_pgtap(connection: psycopg.Connection, path: Path) -> None:
    lines = []
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        cursor.execute(path.read_bytes())
        while True:
            if cursor.description is not None:
                lines += [str(row[0]) for row in cursor.fetchall()]
            if not cursor.nextset():
                break
    said = "\n".join(lines)
    plan = re.search(r"^1\.\.(\d+)$", said, re.MULTILINE)
    assert plan is not None, said
    assert "not ok" not in said, said
    assert len(re.findall(r"^ok ", said, re.MULTILINE)) == int(plan[1]), said


def test_every_function_has_its_test() -> None:
    assert {path.stem for path in TAP.glob("*.sql")} == {
        path.stem for path in FUNCTIONS.glob("*.sql")
    }


PLPGSQL = sorted(
    path.stem for path in FUNCTIONS.glob("*.sql") if "LANGUAGE plpgsql" in path.read_text()
)


@pytest.mark.parametrize("name", PLPGSQL)
def test_plpgsql_check_finds_nothing(connection: psycopg.Connection, name: str) -> None:
    trigger = {"keep_extents": "keep_extents_of_updated"}.get(name, name)
    assert connection.execute(CHECK.encode(), [trigger, name]).fetchall() == []
