"""Listing scenes: what is on a page, and that every scene is on exactly one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plans import Node, nested_plans
from sample_scenes import COLLECTION, Box, day, scene

from function.catalogue.listing import SceneListing
from function.catalogue.pool import CataloguePool
from function.catalogue.writing import SceneWriter
from function.deadline import Deadline
from function.errors import CatalogueUnavailableError, DeadlineExceededError
from function.item_search import ItemSearch, PagePosition
from function.parse.stac.area import read_bbox
from function.scene import Scene

OTHER = "sentinel-2-l1c"
SECONDS = 20.0
ALL = ItemSearch(limit=100)
LIST = "SELECT * FROM list_scenes({})"
# 1600 cells of four scenes each: more than are gone through one by one.
FILL = """
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    'sentinel-2-l2a', concat_ws('-', x, y, date),
    '2024-06-01'::timestamptz + make_interval(days => date, hours => x),
    '2024-07-01', 'Sentinel-2A', '05.10', concat_ws('-', 'GS2A', x, date), 1, concat_ws('-', x, y),
    x, st_multi(st_makeenvelope(x - 50, y - 50, x - 48.9, y - 48.9, 4326)),
    '{"root": "/", "grids": [], "assets": []}'
FROM generate_series(30, 69) AS x, generate_series(30, 69) AS y, generate_series(1, 4) AS date
"""


@pytest.fixture(scope="module")
def module_pool(module_catalogue_url: str) -> Iterator[CataloguePool]:
    pool = CataloguePool(module_catalogue_url, connections=2)
    pool.open()
    yield pool
    pool.close()


@pytest.fixture
def listing(catalogue_pool: CataloguePool) -> SceneListing:
    return SceneListing(catalogue_pool)


@pytest.fixture
def writer(catalogue_pool: CataloguePool) -> SceneWriter:
    return SceneWriter(catalogue_pool)


def write(writer: SceneWriter, *scenes: Scene) -> None:
    for each in scenes:
        writer.write(each)


def names(listing: SceneListing, search: ItemSearch = ALL) -> list[str]:
    return [found.name for found in listing.page(search, Deadline.after(SECONDS))]


def paged(listing: SceneListing, search: ItemSearch) -> list[str]:
    """Every name on every page, each page after the last scene of the one before."""
    listed: list[str] = []
    while page := listing.page(search, Deadline.after(SECONDS)):
        assert len(page) <= search.limit
        listed += [found.name for found in page]
        search = replace(search, after=PagePosition(page[-1].acquired, page[-1].name))
    return listed


def test_a_scene_is_listed_as_it_was_written(listing: SceneListing, writer: SceneWriter) -> None:
    written = scene("one", acquired=datetime(2024, 6, 1, 12, 0, 0, 24_001, tzinfo=UTC))
    write(writer, written)
    assert listing.page(ALL, Deadline.after(SECONDS)) == (written,)


def test_the_most_recent_come_first_and_names_break_ties(
    listing: SceneListing, writer: SceneWriter
) -> None:
    write(
        writer,
        scene("b", acquired=day(2)),
        scene("a", acquired=day(2)),
        scene("Z", acquired=day(2)),
        scene("newest", acquired=day(3), collection=OTHER, cell=""),
        scene("oldest", acquired=day(1)),
    )
    assert names(listing) == ["newest", "b", "a", "Z", "oldest"]
    assert names(listing, replace(ALL, limit=2)) == ["newest", "b"]


def test_collections_and_both_ends_of_a_time_narrow_a_list(
    listing: SceneListing, writer: SceneWriter
) -> None:
    write(
        writer,
        *(scene(f"day{number}", acquired=day(number)) for number in (1, 2, 3, 4)),
        scene("other", acquired=day(2), collection=OTHER),
    )
    narrowed = replace(ALL, first=day(2), last=day(3))
    assert names(listing, narrowed) == ["day3", "other", "day2"]
    assert names(listing, replace(narrowed, collections=(COLLECTION,))) == ["day3", "day2"]
    assert names(listing, replace(ALL, first=day(4))) == ["day4"]
    assert names(listing, replace(ALL, last=day(1))) == ["day1"]
    assert names(listing, replace(ALL, collections=("none",))) == []
    late = day(3) + timedelta(microseconds=1)
    assert names(listing, replace(ALL, first=late, last=late)) == []


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([9.5, 49.5, 9.7, 49.7], ["cell"]),
        ([9.5, 49.5, 30.5, 49.7], ["swath", "cell"]),
        ([0, 40, 1, 41], []),
        ([179.5, 0, -179.5, 1], ["fiji"]),
        ([-179.6, 0, -179.5, 1], ["fiji"]),
        ([9.5, 49.5, 9.5, 49.5], ["cell"]),
        ([9.5, 49.5, 9.5, 60], ["cell"]),
        ([-180, -90, 180, 90], ["swath", "fiji", "cell"]),
    ],
)
def test_an_area_narrows_a_list(
    listing: SceneListing, writer: SceneWriter, box: Sequence[float], expected: list[str]
) -> None:
    write(
        writer,
        scene("cell", (9.0, 49.0, 10.0, 50.0), cell="32UMA"),
        scene("fiji", (179.0, 0.0, 180.0, 1.0), (-180.0, 0.0, -179.0, 1.0), cell="01KAB"),
        scene("swath", (30.0, 49.0, 31.0, 50.0), cell="", acquired=day(2)),
    )
    assert names(listing, replace(ALL, area=read_bbox([*box]))) == expected


def test_any_geometry_may_be_the_area(listing: SceneListing, writer: SceneWriter) -> None:
    write(writer, scene("one", (9.0, 49.0, 10.0, 50.0)))
    bow_tie = [[[9, 49], [10, 50], [10, 49], [9, 50], [9, 49]]]
    met = [
        {"type": "Point", "coordinates": [9.5, 49.5]},
        {"type": "LineString", "coordinates": [[8, 49.5], [11, 49.5]]},
        {"type": "LineString", "coordinates": [[9.5, 49.5], [9.5, 49.5]]},
        {"type": "Polygon", "coordinates": bow_tie},
        {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Point", "coordinates": [0, 0]},
                {"type": "Polygon", "coordinates": bow_tie},
            ],
        },
    ]
    for geometry in met:
        assert names(listing, replace(ALL, area=orjson.dumps(geometry).decode())) == ["one"]
    ring = [[8, 48], [11, 48], [11, 51], [8, 51], [8, 48]]
    hole = [[8.5, 48.5], [8.5, 50.5], [10.5, 50.5], [10.5, 48.5], [8.5, 48.5]]
    around = orjson.dumps({"type": "Polygon", "coordinates": [ring, hole]}).decode()
    assert names(listing, replace(ALL, area=around)) == []


def test_superseded_scenes_are_listed_by_name_alone(
    listing: SceneListing, writer: SceneWriter
) -> None:
    old = scene("old", datatake="same")
    write(writer, old, replace(old, name="new", generated=day(9)))
    assert names(listing) == ["new"]
    assert names(listing, replace(ALL, names=("old", "new", "none"))) == ["old", "new"]
    elsewhere = read_bbox([50, 50, 51, 51])
    for narrowed in (
        replace(ALL, collections=(OTHER,)),
        replace(ALL, area=elsewhere),
        replace(ALL, last=day(1) - timedelta(days=1)),
    ):
        assert names(listing, replace(narrowed, names=("old",))) == []


BOXES: list[Box] = [(9.0, 49.0, 10.0, 50.0), (10.0, 49.0, 11.0, 50.0), (-9.0, 52.0, -8.0, 53.0)]
PLACES = st.tuples(
    st.sampled_from([COLLECTION, OTHER]),
    st.sampled_from(["32UMA", "32UNA", ""]),
    st.sampled_from(BOXES),
    st.integers(1, 4),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(PLACES, max_size=12),
    late=st.lists(PLACES, max_size=3),
    limit=st.integers(1, 5),
    box=st.none() | st.sampled_from([(8.0, 48.0, 12.0, 51.0), (9.2, 49.2, 9.4, 49.4)]),
    named=st.booleans(),
)
def test_every_scene_is_on_one_page_though_others_are_written_meanwhile(
    module_pool: CataloguePool,
    module_catalogue_url: str,
    places: list[tuple[str, str, Box, int]],
    late: list[tuple[str, str, Box, int]],
    limit: int,
    box: Box | None,
    named: bool,
) -> None:
    with psycopg.connect(module_catalogue_url) as connection:
        connection.execute("TRUNCATE scenes CASCADE")
    listing, writer = SceneListing(module_pool), SceneWriter(module_pool)
    scenes = [
        scene(f"scene{number:02}", where, collection=of, cell=cell, acquired=day(date))
        for number, (of, cell, where, date) in enumerate(places)
    ]
    write(writer, *scenes)
    met = [each for each in scenes if box is None or meets(places[scenes.index(each)][2], box)]
    expected = sorted(met, key=lambda each: (each.acquired, each.name), reverse=True)
    search = ItemSearch(
        limit,
        names=tuple(f"scene{number:02}" for number in range(50)) if named else None,
        area=None if box is None else read_bbox([*box]),
    )
    first = names(listing, search)
    assert first == [each.name for each in expected[:limit]]
    for number, (of, cell, where, date) in enumerate(late):
        write(writer, scene(f"late{number}", where, collection=of, cell=cell, acquired=day(date)))
    if first:
        last = expected[len(first) - 1]
        search = replace(search, after=PagePosition(last.acquired, last.name))
        listed = first + paged(listing, search)
        assert len(set(listed)) == len(listed)
        held = [name for name in listed if not name.startswith("late")]
        assert held == [each.name for each in expected]


def meets(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


@pytest.fixture(scope="module")
def filled(module_catalogue_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_catalogue_url, autocommit=True) as connection:
        connection.execute("TRUNCATE scenes CASCADE")
        connection.execute(FILL)
        connection.execute("ANALYZE")
        yield connection


def fetched(nodes: list[Node]) -> float:
    """How many rows of scenes were looked at, those that a filter took out included."""
    rows: float = sum(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes
        if node.get("Relation Name") == "scenes"
    )
    return rows


@pytest.mark.parametrize(
    ("arguments", "index", "most"),
    [
        # A page of 10 and the scenes of one moment, 40 of them.
        ("NULL, NULL, NULL, NULL, NULL, NULL, NULL, 10", "scenes_collection_acquired", 100),
        (
            "NULL, NULL, NULL, NULL, NULL, '2024-06-04 12:00+00', '50-50-2', 10",
            "scenes_collection_acquired",
            100,
        ),
        # 4 cells of 4 scenes.
        (
            "NULL, NULL, st_makeenvelope(0.2, 0.2, 0.8, 0.8, 4326), NULL, NULL, NULL, NULL, 10",
            "scenes_cell_acquired",
            40,
        ),
        # All of 1600 cells.
        (
            "NULL, NULL, st_makeenvelope(-30, -30, 30, 30, 4326), NULL, NULL, NULL, NULL, 10",
            "scenes_collection_acquired",
            100,
        ),
        ("NULL, '{50-50-1}', NULL, NULL, NULL, NULL, NULL, 10", "scene_name_is_unique", 10),
    ],
)
def test_a_list_goes_by_indexes_and_looks_at_few_scenes(
    filled: psycopg.Connection, arguments: str, index: str, most: int
) -> None:
    nodes = nested_plans(filled, LIST.format(arguments))
    assert not [
        node
        for node in nodes
        if node["Node Type"] == "Seq Scan" and node.get("Relation Name") == "scenes"
    ]
    assert index in {node.get("Index Name") for node in nodes}
    assert fetched(nodes) <= most


def test_what_keeps_a_list_from_being_made_is_told(
    database_url: str, listing: SceneListing
) -> None:
    with pytest.raises(DeadlineExceededError):
        listing.page(ALL, Deadline.after(-1))
    pool = CataloguePool(database_url, connections=1)
    pool.open()
    try:
        with pytest.raises(CatalogueUnavailableError, match="migrate"):
            SceneListing(pool).page(ALL, Deadline.after(SECONDS))
    finally:
        pool.close()
