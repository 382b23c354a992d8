"""Searching the catalogue: what is found, and in what order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import psycopg
import pytest
from affine import Affine
from sample_scenes import COLLECTION, asset, day, lonlat, multipolygon, scene

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter
from function.deadline import Deadline
from function.errors import CatalogueUnavailableError, DeadlineExceededError
from function.grid import Grid
from function.scene import Asset, RadarAcquisition, RadarImage, Scene, VectorMask
from function.search import Priority, Search, TimeRange

INSIDE = lonlat(-8.6, 52.4, -8.5, 52.5)
ANY = Search()


@pytest.fixture
def catalogue(catalogue_pool: CataloguePool) -> SceneCatalogue:
    return SceneCatalogue(catalogue_pool)


@pytest.fixture
def writer(catalogue_pool: CataloguePool) -> SceneWriter:
    return SceneWriter(catalogue_pool)


def names(
    catalogue: SceneCatalogue, grid: Grid = INSIDE, search: Search = ANY, limit: int = 100
) -> list[str]:
    return [found.name for found in catalogue.search(COLLECTION, grid, search, limit)]


def test_a_scene_comes_back_as_it_was_written(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    slanted = Affine(10.000000000000002, 0.1, 1 / 3, -0.1, -10.0, 5900040.125)
    written = Scene(
        collection=COLLECTION,
        name="S2A_MSIL2A_20240601T120000_N0510_R023_T29UNU_20240601T150000",
        acquired=datetime(2024, 6, 1, 12, 0, 0, 24001, tzinfo=UTC),
        generated=datetime(2024, 6, 1, 15, tzinfo=UTC),
        platform="Sentinel-2A",
        baseline="05.10",
        datatake="GS2A_20240601T120000_046720",
        relative_orbit=23,
        cell="29UNU",
        cloud_cover=59.769726,
        footprint=multipolygon((-9.000305, 52.25, -7.7604675, 53.25)),
        assets=(
            Asset("B04", "/a/B04.jp2", Grid("EPSG:32629", slanted, 7, 9), 1, 15, -1000.0, 10000.0),
            Asset("MSK_CLASSI", "/a/C 'quoted' %s.jp2", INSIDE, 3, 8, 0.0, 1.0, None),
        ),
        vector_masks=(
            VectorMask("CLOUDS", "/a/q/MSK_CLOUDS_B00.gml"),
            VectorMask("NODATA", "/a/q/MSK_NODATA_B8A.gml", "B8A"),
        ),
        radar=RadarAcquisition(
            mode="IW",
            resolution_class="H",
            ended=datetime(2024, 6, 1, 12, 0, 25, 1, tzinfo=UTC),
            absolute_orbit=39156,
            orbit_direction="ascending",
            slice_number=7,
            slices=None,
            timeliness="NRT-3h",
            images=(
                RadarImage("VV", "/a/vv.tiff", 25, 16, 16, "/a/vv.xml", "/a/c-vv.xml", None),
                RadarImage("VH", "/a/vh.tiff", 25, 16, 16, None, None, "/a/n-vh.xml"),
            ),
        ),
    )
    writer.write(written)
    assert catalogue.search(COLLECTION, INSIDE, ANY, 10) == (written,)


def test_times_come_back_in_utc_whatever_the_databases_time_zone(
    writer: SceneWriter, catalogue_url: str
) -> None:
    writer.write(scene("A"))
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        database = psycopg.sql.Identifier(connection.info.dbname)
        connection.execute(
            psycopg.sql.SQL("ALTER DATABASE {} SET timezone = 'Pacific/Auckland'").format(database)
        )
    pool = CataloguePool(catalogue_url, connections=1)
    pool.open()
    (found,) = SceneCatalogue(pool).search(COLLECTION, INSIDE, ANY, 1)
    extent = SceneCatalogue(pool).extents()[COLLECTION]
    pool.close()
    assert (found.acquired, found.acquired.utcoffset()) == (day(1), timedelta(0))
    assert (extent.first_acquired, extent.first_acquired.utcoffset()) == (day(1), timedelta(0))


def test_priority_orders_the_scenes(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("middle", acquired=day(5), cloud_cover=1.0))
    writer.write(scene("old", acquired=day(1), cloud_cover=30.0))
    writer.write(scene("new", acquired=day(9), cloud_cover=2.0))
    writer.write(scene("unknown", acquired=day(7), cloud_cover=None))
    assert names(catalogue) == ["new", "unknown", "middle", "old"]
    assert names(catalogue, search=Search(priority=Priority.LEAST_RECENT)) == [
        "old", "middle", "unknown", "new",
    ]  # fmt: skip
    assert names(catalogue, search=Search(priority=Priority.LEAST_CLOUDY)) == [
        "middle", "new", "old", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize("priority", Priority)
def test_ties_go_by_generation_and_then_by_name(
    catalogue: SceneCatalogue, writer: SceneWriter, priority: Priority
) -> None:
    for name in ("c", "a", "d", "b"):
        writer.write(scene(name))
    writer.write(scene("z", generated=day(3)))
    search = Search(priority=priority)
    assert names(catalogue, search=search) == ["z", "a", "b", "c", "d"]


def test_least_cloudy_ties_go_to_the_most_recent(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    writer.write(scene("a", acquired=day(1)))
    writer.write(scene("b", acquired=day(2)))
    assert names(catalogue, search=Search(priority=Priority.LEAST_CLOUDY)) == ["b", "a"]


def test_the_limit_keeps_the_best(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    for number in range(1, 8):
        writer.write(scene(f"day {number}", acquired=day(number)))
    assert names(catalogue, limit=2) == ["day 7", "day 6"]


def test_only_the_asked_collection_is_searched(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    writer.write(scene("l2a"))
    writer.write(scene("l1c", collection="sentinel-2-l1c"))
    assert names(catalogue) == ["l2a"]
    assert [found.name for found in catalogue.search("sentinel-2-l1c", INSIDE, ANY, 9)] == ["l1c"]
    assert catalogue.search("landsat", INSIDE, ANY, 9) == ()


@pytest.mark.parametrize(
    ("times", "found"),
    [
        ((TimeRange(day(2), day(4)),), ["day 3", "day 2"]),  # the end is not included
        ((TimeRange(day(3), None),), ["day 4", "day 3"]),
        ((TimeRange(None, day(3)),), ["day 2", "day 1"]),
        ((TimeRange(None, None),), ["day 4", "day 3", "day 2", "day 1"]),
        ((TimeRange(day(1), day(2)), TimeRange(day(4), day(5))), ["day 4", "day 1"]),
        ((TimeRange(day(1), day(3)), TimeRange(day(2), day(4))), ["day 3", "day 2", "day 1"]),
        ((TimeRange(day(2), day(2)),), []),
        ((TimeRange(day(4), day(2)),), []),
        ((TimeRange(day(2), day(2) + timedelta(microseconds=1)),), ["day 2"]),
    ],
)
def test_times_are_closed_at_the_start_and_open_at_the_end(
    catalogue: SceneCatalogue,
    writer: SceneWriter,
    times: tuple[TimeRange, ...],
    found: list[str],
) -> None:
    for number in range(1, 5):
        writer.write(scene(f"day {number}", acquired=day(number)))
    assert names(catalogue, search=Search(times=times)) == found


@pytest.mark.parametrize(
    ("max_cloud", "found"),
    [
        (None, ["0", "20", "20.5", "?"]),
        (20.0, ["0", "20"]),
        (0.0, ["0"]),
        (100.0, ["0", "20", "20.5"]),
    ],
)
def test_the_cloud_limit_leaves_out_the_unknown(
    catalogue: SceneCatalogue, writer: SceneWriter, max_cloud: float | None, found: list[str]
) -> None:
    for name, cloud in (("0", 0.0), ("20", 20.0), ("20.5", 20.5), ("?", None)):
        writer.write(scene(name, cloud_cover=cloud))
    assert names(catalogue, search=Search(max_cloud=max_cloud)) == found


def test_the_footprint_decides_not_its_box(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    triangle = "MULTIPOLYGON (((-9 52, -8 52, -9 53, -9 52)))"
    writer.write(scene("triangle", footprint=triangle))
    assert names(catalogue, lonlat(-8.9, 52.1, -8.8, 52.2)) == ["triangle"]
    assert names(catalogue, lonlat(-8.2, 52.8, -8.1, 52.9)) == []
    assert names(catalogue, lonlat(-8.0, 52.0, -7.9, 52.1)) == ["triangle"]  # they touch
    assert names(catalogue, lonlat(-10.0, 50.0, 0.0, 60.0)) == ["triangle"]


def test_across_the_antimeridian(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("both", (178.5, 65.7, 180, 66.7), (-180, 65.7, -179, 66.7)))
    writer.write(scene("west", (177, 65.7, 178, 66.7)))
    writer.write(scene("east", (-178, 65.7, -177, 66.7)))
    writer.write(scene("greenwich", (0, 65.7, 1, 66.7)))
    utm = Grid.from_bounds("EPSG:32601", (300000, 7290240, 409800, 7400040), 10, 10)
    assert names(catalogue, utm) == ["both"]
    mercator = Grid.from_bounds("EPSG:3857", (19.8e6, 9.8e6, 20.3e6, 9.9e6), 10, 10)
    assert names(catalogue, mercator) == ["both", "east", "west"]
    assert names(catalogue, lonlat(179, 66, 181, 67)) == ["both"]
    assert names(catalogue, lonlat(-182.5, 66, -179.5, 67)) == ["both", "west"]
    assert names(catalogue, lonlat(-540, 66, -538.5, 67)) == ["both"]
    assert names(catalogue, lonlat(-200, 60, 200, 70)) == ["both", "east", "greenwich", "west"]


def test_the_whole_world_in_web_mercator(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("ireland"))
    writer.write(scene("fiji", (178, -18, 179, -17)))
    half = 20037508.342789244
    for shift in (0.0, 1e6, -3e6):
        world = Grid.from_bounds("EPSG:3857", (shift - half, -half, shift + half, half), 256, 256)
        assert names(catalogue, world) == ["fiji", "ireland"]


def test_over_the_poles(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("north", (-60, 82, -50, 83.5)))
    writer.write(scene("south", (100, -80, 101, -79)))
    north = Grid.from_bounds("EPSG:3413", (-1e6, -1e6, 1e6, 1e6), 10, 10)
    south = Grid.from_bounds("EPSG:3031", (-2e6, -2e6, 2e6, 2e6), 10, 10)
    assert names(catalogue, north) == ["north"]
    assert names(catalogue, south) == ["south"]


def test_a_grid_off_the_earth_meets_nothing(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("a", (-180, -90, 180, 90)))
    assert names(catalogue, Grid.from_bounds("EPSG:3575", (1e9, 1e9, 2e9, 2e9), 4, 4)) == []
    assert names(catalogue, lonlat(0, 91, 1, 92)) == []


@pytest.mark.parametrize("order", list(permutations(("old", "new", "newest"))))
def test_the_newest_generation_of_an_acquisition_is_found(
    catalogue: SceneCatalogue, writer: SceneWriter, order: tuple[str, ...]
) -> None:
    generated = {"old": day(2), "new": day(3), "newest": day(4)}
    for name in order:
        writer.write(scene(name, generated=generated[name], datatake="GS2A_1"))
    writer.write(scene("elsewhere", datatake="GS2A_1", cell="29UPU"))
    assert names(catalogue) == ["newest", "elsewhere"]


def test_generations_made_in_the_same_second_go_by_name(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    for name in ("b", "a"):
        writer.write(scene(name, datatake="GS2A_1"))
    assert names(catalogue) == ["b"]


def test_two_datastrips_of_a_datatake_are_both_found(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    """Where reception changed station within a grid cell, two products lie side by side."""
    writer.write(scene("north", (-9, 52.45, -8, 53), datatake="GS2A_1", generated=day(2)))
    writer.write(scene("south", (-9, 52, -8, 52.55), datatake="GS2A_1", generated=day(3)))
    assert names(catalogue, lonlat(-9, 52, -8, 53)) == ["south", "north"]


def test_a_superseded_scene_is_found_again_when_the_newer_one_goes(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    writer.write(scene("old", generated=day(2), datatake="GS2A_1"))
    writer.write(scene("new", generated=day(3), datatake="GS2A_1"))
    writer.write(scene("new", generated=day(3), datatake="GS2A_2"))
    assert names(catalogue) == ["new", "old"]


def test_a_scene_without_assets_is_found(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("bare", assets=()))
    assert catalogue.search(COLLECTION, INSIDE, ANY, 1)[0].assets == ()


def test_assets_keep_their_order(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    hrefs = ["/a/R10m/B02.jp2", "/a/R60m/B02.jp2", "/a/R10m/B08.jp2"]
    writer.write(scene("a", assets=tuple(asset(href=href) for href in hrefs)))
    (found,) = catalogue.search(COLLECTION, INSIDE, ANY, 1)
    assert [each.href for each in found.assets] == hrefs


def test_a_search_ends_at_its_deadline(catalogue_pool: CataloguePool) -> None:
    with pytest.raises(DeadlineExceededError):
        catalogue_pool.fetch("SELECT pg_sleep(30)", deadline=Deadline.after(0.2))
    with pytest.raises(DeadlineExceededError):
        SceneCatalogue(catalogue_pool).search(COLLECTION, INSIDE, ANY, 1, Deadline.after(-1))


def test_a_session_keeps_no_state(catalogue_url: str) -> None:
    """A pooler in transaction mode may give every transaction to another session."""
    pool = CataloguePool(catalogue_url, connections=1)
    pool.open()
    for _ in range(10):
        SceneCatalogue(pool).search(COLLECTION, INSIDE, ANY, 1, Deadline.after(5))
    with pool._pool.connection() as connection:
        prepared = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        timeout = connection.execute("SHOW statement_timeout").fetchone()
    pool.close()
    assert (prepared, timeout) == ((0,), ("0",))


def test_a_catalogue_without_a_schema_is_not_ready(database_url: str) -> None:
    pool = CataloguePool(database_url, connections=1)
    pool.open()
    with pytest.raises(CatalogueUnavailableError, match="sentinel-ows migrate"):
        SceneCatalogue(pool).ready()
    with pytest.raises(CatalogueUnavailableError):
        SceneCatalogue(pool).search(COLLECTION, INSIDE, ANY, 1)
    pool.close()
