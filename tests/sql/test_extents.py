"""The extents of collections: kept with every change, and always what counting anew gives."""

from datetime import timedelta
from typing import NamedTuple

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_scenes import COLLECTION, day, scene

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter
from function.search import CloudStatistics, CollectionExtent

KEPT = """
SELECT
    {columns}, west, south, east, north, first_acquired, last_acquired, scene_count,
    cloud_known, cloud_least, cloud_most, cloud_histogram, {sum}
FROM {table} ORDER BY {columns}
"""
COUNTED = """
SELECT
    {columns}, min(st_xmin(footprint)), min(st_ymin(footprint)), max(st_xmax(footprint)),
    max(st_ymax(footprint)), min(acquired), max(acquired), count(*),
    count(cloud_cover), min(cloud_cover), max(cloud_cover),
    ARRAY[
        count(*) FILTER (WHERE cloud_cover < 10),
        count(*) FILTER (WHERE cloud_cover >= 10 AND cloud_cover < 20),
        count(*) FILTER (WHERE cloud_cover >= 20 AND cloud_cover < 30),
        count(*) FILTER (WHERE cloud_cover >= 30 AND cloud_cover < 40),
        count(*) FILTER (WHERE cloud_cover >= 40 AND cloud_cover < 50),
        count(*) FILTER (WHERE cloud_cover >= 50 AND cloud_cover < 60),
        count(*) FILTER (WHERE cloud_cover >= 60 AND cloud_cover < 70),
        count(*) FILTER (WHERE cloud_cover >= 70 AND cloud_cover < 80),
        count(*) FILTER (WHERE cloud_cover >= 80 AND cloud_cover < 90),
        count(*) FILTER (WHERE cloud_cover >= 90)
    ],
    {sum}
FROM scenes WHERE NOT superseded GROUP BY {columns} ORDER BY {columns}
"""

LEFT_BEHIND = """
SELECT (SELECT count(*) FROM changed_cells), (SELECT count(*) FROM changing_transactions)
"""
WRONG_REACHES = """
SELECT collection, cell
FROM (
    SELECT collection, cell, st_convexhull(st_collect(footprint)) AS hull
    FROM scenes WHERE NOT superseded GROUP BY collection, cell
) AS counted
FULL JOIN cell_extents USING (collection, cell)
WHERE st_equals(reach, hull) IS NOT TRUE
"""


CELL_SUM, CELL_SUM_COUNTED = "cloud_sum", "coalesce(sum(cloud_cover::numeric), 0)"
MEAN, MEAN_COUNTED = "cloud_mean", "avg(cloud_cover::numeric)::double precision"


def clouds(*covers: float) -> CloudStatistics:
    """Statistics of cloud covers, all below 10 or from 10 to below 20."""
    low = sum(cover < 10 for cover in covers)
    histogram = (low, len(covers) - low, *[0] * 8)
    mean = sum(covers) / len(covers)
    return CloudStatistics(len(covers), mean, min(covers), max(covers), histogram)


def test_the_extent_of_a_collection(catalogue_pool: CataloguePool) -> None:
    catalogue, writer = SceneCatalogue(catalogue_pool), SceneWriter(catalogue_pool)
    assert catalogue.extents() == {}
    writer.write(scene("a", (-9, 52, -8, 53), acquired=day(4)))
    writer.write(scene("b", (10, 40, 11, 41), acquired=day(2), cell="32TQM", cloud_cover=2.0))
    radar = "sentinel-1-grd"
    writer.write(scene("c", (0, 0, 1, 1), collection=radar, cloud_cover=None))
    assert catalogue.extents() == {
        COLLECTION: CollectionExtent(
            COLLECTION, -9, 40, 11, 53, day(2), day(4), 2, clouds(10.0, 2.0)
        ),
        radar: CollectionExtent(radar, 0, 0, 1, 1, day(1), day(1), 1, None),
    }


def test_an_extent_shrinks_when_a_scene_is_replaced_or_removed(
    catalogue_pool: CataloguePool,
) -> None:
    catalogue, writer = SceneCatalogue(catalogue_pool), SceneWriter(catalogue_pool)
    writer.write(scene("a", (-9, 52, -8, 53), acquired=day(4)))
    writer.write(scene("b", (10, 40, 11, 41), acquired=day(2)))
    writer.write(scene("b", (0, 50, 1, 51), acquired=day(3)))
    expected = CollectionExtent(COLLECTION, -9, 50, 1, 53, day(3), day(4), 2, clouds(10.0, 10.0))
    assert catalogue.extents() == {COLLECTION: expected}
    catalogue_pool.fetch("DELETE FROM scenes WHERE name = 'a' RETURNING 1")
    expected = CollectionExtent(COLLECTION, 0, 50, 1, 51, day(3), day(3), 1, clouds(10.0))
    assert catalogue.extents() == {COLLECTION: expected}
    catalogue_pool.fetch("DELETE FROM scenes RETURNING 1")
    assert catalogue.extents() == {}


class Change(NamedTuple):
    """A scene written under ``name``, or removed where ``remove`` is set."""

    name: str
    remove: bool
    collection: str
    cell: str
    datatake: str
    acquired: int
    generated: int
    corner: tuple[int, int]
    cloud_cover: float | None


changes = st.builds(
    Change,
    name=st.sampled_from("abcde"),
    remove=st.integers(0, 4).map(lambda number: number == 0),
    collection=st.sampled_from(("one", "two")),
    cell=st.sampled_from(("29UNU", "29UPU")),
    datatake=st.sampled_from(("GS2A_1", "GS2A_2")),
    acquired=st.integers(0, 3),
    generated=st.integers(0, 3),
    corner=st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
    cloud_cover=st.sampled_from((None, 0.0, 9.99, 10.0, 55.5, 100.0)) | st.floats(0, 100),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(changes, min_size=1, max_size=12))
def test_kept_extents_equal_counted_ones(
    catalogue_pool: CataloguePool, catalogue_url: str, history: list[Change]
) -> None:
    writer = SceneWriter(catalogue_pool)
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute("TRUNCATE scenes CASCADE")
        for change in history:
            if change.remove:
                connection.execute("DELETE FROM scenes WHERE name = %s", [change.name])
            else:
                _write(writer, change)
            for columns, table, kept_sum, counted_sum in (
                ("collection, cell", "cell_extents", CELL_SUM, CELL_SUM_COUNTED),
                ("collection", "collections", MEAN, MEAN_COUNTED),
            ):
                kept = connection.execute(
                    KEPT.format(columns=columns, table=table, sum=kept_sum).encode()
                ).fetchall()
                counted = connection.execute(
                    COUNTED.format(columns=columns, sum=counted_sum).encode()
                ).fetchall()
                assert kept == counted
            assert connection.execute(LEFT_BEHIND).fetchone() == (0, 0)
            assert connection.execute(WRONG_REACHES).fetchall() == []


def _write(writer: SceneWriter, change: Change) -> None:
    west, south = change.corner
    writer.write(
        scene(
            change.name,
            (west, south, west + 2, south + 2),
            collection=change.collection,
            cell=change.cell,
            datatake=change.datatake,
            acquired=day(1) + timedelta(hours=change.acquired),
            generated=day(2) + timedelta(hours=change.generated),
            cloud_cover=change.cloud_cover,
        )
    )


def test_many_scenes_inserted_by_one_statement_are_counted(
    catalogue_pool: CataloguePool, catalogue_url: str
) -> None:
    SceneWriter(catalogue_pool).write(scene("a"))
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO scenes (
                collection, name, acquired, generated, platform, baseline, datatake,
                relative_orbit, cell, footprint, assets
            )
            SELECT
                collection, 'b' || number, acquired + make_interval(days => number), generated,
                platform, baseline, datatake, relative_orbit, 'cell' || number % 7,
                st_translate(footprint, number / 100.0, 0), assets
            FROM scenes CROSS JOIN generate_series(1, 100) AS number
            """
        )
    extent = SceneCatalogue(catalogue_pool).extents()[COLLECTION]
    assert (extent.scene_count, extent.east) == (101, -7.0)
    assert extent.last_acquired == day(1) + timedelta(days=100)
    assert catalogue_pool.fetch("SELECT sum(scene_count)::int FROM cell_extents") == [(101,)]
