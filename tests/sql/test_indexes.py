"""A large catalogue is searched and counted by its indexes."""

from collections.abc import Iterator

import psycopg
import pytest

from function.search import Priority

# 20 000 scenes: 100 x 100 cells of a degree, two dates each.
FILL = """
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'sentinel-2-l2a', concat_ws('-', x, y, date), '2024-06-01'::timestamptz
    + make_interval(days => date), '2024-07-01', 'Sentinel-2A', '05.10',
    concat_ws('-', 'GS2A', date), 1, concat_ws('-', x, y), x,
    st_multi(st_makeenvelope(x - 50, y - 50, x - 48.9, y - 48.9, 4326)),
    '{"root": "/", "grids": [], "assets": []}'
FROM generate_series(0, 99) AS x, generate_series(0, 99) AS y, generate_series(1, 2) AS date
"""
SEARCH = """
SELECT * FROM search_scenes(
    'sentinel-2-l2a', {west}, 10.2, {east}, 10.3, {times}, {cloud}, '{priority}', 64
)
"""


@pytest.fixture
def connection(catalogue_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE scenes")
        yield connection


def plan(connection: psycopg.Connection, query: str) -> list[dict[str, object]]:
    """Every node of the plan that the query was executed by."""
    explained = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}".encode()).fetchone()
    assert explained is not None
    nodes, todo = [], [explained[0][0]["Plan"]]
    while todo:
        node = todo.pop()
        nodes.append(node)
        todo.extend(node.get("Plans", []))
    return nodes


@pytest.mark.parametrize(
    ("west", "east", "scans"), [(10.2, 10.3, 1), (-179.9, 10.3, 1), (49.5, -49.5, 2)]
)
def test_a_search_goes_by_the_footprints_index(
    connection: psycopg.Connection, west: float, east: float, scans: int
) -> None:
    for priority in Priority:
        query = SEARCH.format(
            west=west,
            east=east,
            times="'{[2024-06-01, 2024-07-01)}'::tstzmultirange",
            cloud=90,
            priority=priority,
        )
        nodes = plan(connection, query)
        used = [node.get("Index Name") for node in nodes if "Index Name" in node]
        assert used.count("scenes_footprint") == scans
        assert not [node for node in nodes if node["Node Type"] == "Seq Scan"]


def test_a_search_reads_only_what_lies_near(connection: psycopg.Connection) -> None:
    query = SEARCH.format(west=10.2, east=10.3, times="NULL", cloud="NULL", priority="mostRecent")
    nodes = plan(connection, query)
    (scan,) = [node for node in nodes if node.get("Index Name") == "scenes_footprint"]
    assert scan["Actual Rows"] == 2


def test_a_cells_extent_is_counted_by_its_index(connection: psycopg.Connection) -> None:
    nodes = plan(
        connection,
        "SELECT count(*), min(acquired) FROM scenes"
        " WHERE collection = 'sentinel-2-l2a' AND cell = '3-4' AND NOT superseded",
    )
    assert "scenes_cell_acquired" in [node.get("Index Name") for node in nodes]
