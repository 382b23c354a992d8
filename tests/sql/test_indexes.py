"""A large catalogue is searched and counted by its indexes."""

from collections.abc import Iterator

import psycopg
import pytest
from plans import Node, nested_plans

from function.search import Priority

# 5000 scenes: 50 x 50 cells of a degree, two dates each.
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
FROM generate_series(30, 79) AS x, generate_series(30, 79) AS y, generate_series(1, 2) AS date
"""
# The cell of 10.2, 10.2 in depth: 500 scenes, none of them less cloudy than 8 percent.
DEEPEN = """
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    collection, name || '-' || number, acquired - make_interval(days => number), generated,
    platform, baseline, datatake || number, 1, cell, 8 + number % 90, footprint, assets
FROM scenes CROSS JOIN generate_series(1, 500) AS number
WHERE name = '60-60-1'
"""
SEARCH = """
SELECT * FROM search_scenes(
    '{collection}', {west}, 10.2, {east}, 10.3, {times}, {cloud}, '{priority}', NULL, 64
)
"""
SOME_TIMES = [
    "NULL",
    "'{[2024-06-01, 2024-07-01)}'",
    "'{[2024-06-02, 2024-06-03), [2024-08-02, 2024-08-03)}'",
]


@pytest.fixture
def connection(catalogue_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("ANALYZE")
        yield connection


def search(connection: psycopg.Connection, **changes: object) -> list[Node]:
    asked = {
        "collection": "sentinel-2-l2a", "west": 10.2, "east": 10.3, "times": "NULL",
        "cloud": "NULL", "priority": "mostRecent",
    }  # fmt: skip
    return nested_plans(connection, SEARCH.format(**asked | changes))


def rows_of(nodes: list[Node], index: str) -> float:
    """How many rows were fetched by an index, those that a filter took out included."""
    rows: float = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes
        if node.get("Index Name") == index
    )
    return rows


@pytest.mark.parametrize(("west", "east"), [(10.2, 10.3), (-179.9, 10.3), (29.5, -19.5)])
@pytest.mark.parametrize("priority", Priority)
def test_a_search_goes_by_indexes_alone(
    connection: psycopg.Connection, west: float, east: float, priority: Priority
) -> None:
    for times in SOME_TIMES:
        nodes = search(connection, west=west, east=east, times=times, cloud=90, priority=priority)
        scans = {(node["Node Type"], node.get("Relation Name")) for node in nodes}
        assert not {scan for scan in scans if scan[0] == "Seq Scan" and scan[1] != "collections"}
        assert "cell_extents_reach" in {node.get("Index Name") for node in nodes}


@pytest.mark.parametrize(
    ("priority", "index"),
    [
        (Priority.MOST_RECENT, "scenes_cell_acquired"),
        (Priority.LEAST_RECENT, "scenes_cell_acquired"),
        (Priority.LEAST_CLOUDY, "scenes_cell_cloud_cover"),
    ],
)
def test_a_search_reads_only_what_lies_near(
    connection: psycopg.Connection, priority: Priority, index: str
) -> None:
    nodes = search(connection, priority=priority)
    assert rows_of(nodes, index) == 2
    assert rows_of(nodes, "cell_extents_reach") == 1


def test_a_search_stops_at_the_limit_however_deep_the_archive(
    connection: psycopg.Connection,
) -> None:
    connection.execute(DEEPEN)
    for priority in Priority:
        nodes = search(connection, priority=priority)
        read = rows_of(nodes, "scenes_cell_acquired") + rows_of(nodes, "scenes_cell_cloud_cover")
        assert 64 <= read <= 2 * 64 + 2


def test_what_is_not_let_through_is_not_fetched(connection: psycopg.Connection) -> None:
    connection.execute(DEEPEN)
    nodes = search(connection, cloud=7)
    assert rows_of(nodes, "scenes_cell_acquired") == 0


def test_scenes_on_no_grid_are_found_by_their_footprints(connection: psycopg.Connection) -> None:
    connection.execute(
        "UPDATE scenes SET cell = '', collection = 'sentinel-1-grd' WHERE datatake = 'GS2A-1'"
    )
    connection.execute("ANALYZE")
    nodes = search(connection, collection="sentinel-1-grd")
    assert rows_of(nodes, "scenes_footprint") == 1


def test_a_cells_extent_is_counted_by_its_index(connection: psycopg.Connection) -> None:
    nodes = nested_plans(
        connection,
        "SELECT count(*), min(acquired) FROM scenes"
        " WHERE collection = 'sentinel-2-l2a' AND cell = '3-4' AND NOT superseded",
    )
    assert {node.get("Index Name") for node in nodes} & {
        "scenes_cell_acquired", "scenes_cell_cloud_cover",
    }  # fmt: skip
