"""Which scenes a search leaves out: by the limit, by what covers them, by name."""

import shutil
from pathlib import Path

import psycopg
import pytest
from sample_scenes import COLLECTION, day, lonlat, multipolygon, scene

from function.catalogue.migrations import migrate
from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter
from function.errors import UnknownSceneError
from function.grid import Grid
from function.search import Priority, Search, TimeRange

# Two grid cells of a degree, side by side, with a tenth of overlap; a map within the western one,
# one over the overlap, and one over both.
WEST, EAST = (-9.0, 52.0, -7.9, 53.0), (-8.0, 52.0, -6.9, 53.0)
WITHIN = lonlat(-8.7, 52.4, -8.6, 52.5)
OVERLAP = lonlat(-7.97, 52.4, -7.93, 52.5)
BOTH = lonlat(-9.5, 51.5, -6.5, 53.5)
REACH_IS = """
SELECT st_equals(reach, st_geomfromtext(%s, 4326)) AND st_isvalid(reach) FROM cell_extents
"""


@pytest.fixture
def catalogue(catalogue_pool: CataloguePool) -> SceneCatalogue:
    return SceneCatalogue(catalogue_pool)


@pytest.fixture
def writer(catalogue_pool: CataloguePool) -> SceneWriter:
    return SceneWriter(catalogue_pool)


def names(
    catalogue: SceneCatalogue,
    grid: Grid,
    coverings: int | None = None,
    limit: int = 100,
    **search: object,
) -> list[str]:
    asked = Search(coverings=coverings, **search)  # type: ignore[arg-type]
    return [found.name for found in catalogue.search(COLLECTION, grid, asked, limit)]


@pytest.mark.parametrize("priority", Priority)
def test_every_cell_gives_its_best_before_any_gives_its_second(
    catalogue: SceneCatalogue, writer: SceneWriter, priority: Priority
) -> None:
    """The western cell has all the scenes that come first, by time and by cloud cover."""
    recent = priority is not Priority.LEAST_RECENT
    for number in range(1, 6):
        early, late = day(number), day(number + 10)
        writer.write(
            scene(f"w{number}", WEST, cell="W", acquired=late if recent else early, cloud_cover=1)
        )
        writer.write(
            scene(f"e{number}", EAST, cell="E", acquired=early if recent else late, cloud_cover=2)
        )
    first = "5" if recent else "1"
    assert names(catalogue, BOTH, limit=1, priority=priority) == [f"w{first}"]
    assert names(catalogue, BOTH, limit=2, priority=priority) == [f"w{first}", f"e{first}"]
    second = "4" if recent else "2"
    assert names(catalogue, BOTH, limit=4, priority=priority) == [
        f"w{first}", f"w{second}", f"e{first}", f"e{second}",
    ]  # fmt: skip


def test_a_cell_gives_more_where_another_has_less(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    writer.write(scene("e", EAST, cell="E", acquired=day(1)))
    for number in range(2, 8):
        writer.write(scene(f"w{number}", WEST, cell="W", acquired=day(number)))
    assert names(catalogue, BOTH, limit=4) == ["w7", "w6", "w5", "e"]


@pytest.mark.parametrize("coverings", [1, 2, 3])
@pytest.mark.parametrize("grid", [WITHIN, BOTH])
def test_what_is_covered_often_enough_is_left_out(
    catalogue: SceneCatalogue, writer: SceneWriter, coverings: int, grid: Grid
) -> None:
    for number in range(1, 7):
        writer.write(scene(f"w{number}", WEST, cell="W", acquired=day(number)))
    found = names(catalogue, grid, coverings)
    assert found == ["w6", "w5", "w4"][:coverings]
    assert len(names(catalogue, grid)) == 6


def test_a_swath_that_ends_within_the_map_does_not_count(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    half = (-9.0, 52.0, -8.65, 53.0)
    writer.write(scene("whole", WEST, cell="W", acquired=day(1)))
    writer.write(scene("older", WEST, cell="W", acquired=day(2)))
    for number in range(3, 6):
        writer.write(scene(f"half{number}", half, cell="W", acquired=day(number)))
    assert names(catalogue, WITHIN, 1) == ["half5", "half4", "half3", "older"]
    # It covers all of a map that lies in it.
    assert names(catalogue, lonlat(-8.9, 52.4, -8.8, 52.5), 1) == ["half5"]


def test_a_swath_beside_the_map_is_passed_over(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    beside = (-9.0, 52.0, -8.8, 53.0)
    writer.write(scene("whole", WEST, cell="W", acquired=day(1)))
    for number in range(2, 30):
        writer.write(scene(f"beside{number}", beside, cell="W", acquired=day(number)))
    assert names(catalogue, WITHIN, 1, limit=3) == ["whole"]


def test_a_scene_that_covers_the_map_covers_it_for_other_cells_too(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    for number in range(1, 5):
        writer.write(scene(f"w{number}", WEST, cell="W", acquired=day(2 * number)))
        writer.write(scene(f"e{number}", EAST, cell="E", acquired=day(2 * number + 1)))
    assert names(catalogue, OVERLAP, 1) == ["e4"]
    assert names(catalogue, OVERLAP, 3) == ["e4", "w4", "e3"]
    assert names(catalogue, BOTH, 1) == ["e4", "w4"]


def test_a_cell_across_the_antimeridian_is_not_looked_into_elsewhere(
    catalogue: SceneCatalogue, writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("one", (179.2, 65, 180, 66), (-180, 65, -179.8, 66), cell="01WCP"))
    writer.write(scene("two", (-180, 65, -179.5, 66), cell="01WCP"))
    assert catalogue_pool.fetch(
        REACH_IS, [multipolygon((-180, 65, -179.5, 66), (179.2, 65, 180, 66))]
    ) == [(True,)]
    for grid, found in (
        (lonlat(179, 65.1, 179.3, 65.2), ["one"]),
        (lonlat(179.9, 65.1, 180.1, 65.2), ["one", "two"]),
        (lonlat(10, 65.1, 10.1, 65.2), []),
    ):
        assert names(catalogue, grid) == found
        assert names(catalogue, grid, 5) == found


def test_scenes_on_no_grid_share_no_cell(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    across = ((178.5, 65.7, 180, 66.7), (-180, 65.7, -179, 66.7))
    writer.write(scene("both", *across, cell="", acquired=day(1)))
    writer.write(scene("west", (177, 65.7, 178, 66.7), cell="", acquired=day(2)))
    writer.write(scene("east", (-178, 65.7, -177, 66.7), cell="", acquired=day(3), cloud_cover=50))
    assert names(catalogue, lonlat(177, 65, 183, 67)) == ["east", "west", "both"]
    assert names(catalogue, lonlat(177, 65, 183, 67), limit=2) == ["east", "west"]
    assert names(catalogue, lonlat(177, 65, 183, 67), max_cloud=20) == ["west", "both"]
    assert names(catalogue, lonlat(179.9, 66, 180.1, 66.1)) == ["both"]


def test_many_short_times_far_apart(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    for number in range(1, 29):
        for month in (6, 9):
            acquired = day(number).replace(month=month)
            name = f"{month}-{number}"
            writer.write(scene(name, WEST, cell="W", acquired=acquired, cloud_cover=number))
    times = tuple(
        TimeRange(day(number).replace(month=month), day(number + 1).replace(month=month))
        for month in (6, 9)
        for number in (3, 17, 26)
    )
    expected = ["9-26", "9-17", "9-3", "6-26", "6-17", "6-3"]
    assert names(catalogue, WITHIN, times=times) == expected
    assert names(catalogue, WITHIN, times=times, priority=Priority.LEAST_RECENT) == expected[::-1]
    least_cloudy = ["9-3", "6-3", "9-17", "6-17", "9-26", "6-26"]
    assert names(catalogue, WITHIN, times=times, priority=Priority.LEAST_CLOUDY) == least_cloudy


def test_the_least_cloudy_of_a_short_time(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("years before", WEST, cell="W", acquired=day(1).replace(year=2016)))
    for number, cloud in ((1, 3.0), (2, None), (3, 1.0), (4, 2.0)):
        writer.write(scene(str(number), WEST, cell="W", acquired=day(number), cloud_cover=cloud))
    times = (TimeRange(day(1), day(4)),)
    least_cloudy = Priority.LEAST_CLOUDY
    assert names(catalogue, WITHIN, times=times, priority=least_cloudy) == ["3", "1", "2"]
    found = names(catalogue, WITHIN, times=times, priority=least_cloudy, max_cloud=2.0)
    assert found == ["3"]


def test_a_scene_by_name(catalogue: SceneCatalogue, writer: SceneWriter) -> None:
    writer.write(scene("old", WEST, generated=day(2), datatake="GS2A_1"))
    writer.write(scene("new", WEST, generated=day(3), datatake="GS2A_1"))
    writer.write(scene("other", WEST))
    assert names(catalogue, WITHIN, scene="new") == ["new"]
    assert names(catalogue, WITHIN, scene="old") == ["old"]  # superseded
    assert names(catalogue, lonlat(0, 0, 1, 1), scene="new") == []
    assert names(catalogue, WITHIN, scene="new", max_cloud=5.0) == []
    assert names(catalogue, WITHIN, scene="new", times=(TimeRange(day(8), None),)) == []


def test_a_name_that_is_not_held_is_an_error(
    catalogue: SceneCatalogue, writer: SceneWriter
) -> None:
    writer.write(scene("there", WEST, collection="sentinel-2-l1c"))
    with pytest.raises(UnknownSceneError, match="'there' names no scene of collection"):
        names(catalogue, WITHIN, scene="there")
    with pytest.raises(UnknownSceneError):
        names(catalogue, WITHIN, scene="'; DROP TABLE scenes; --")


def test_a_catalogue_that_was_filled_before_is_searched_by_cell_too(
    database_url: str, repository: Path, tmp_path: Path
) -> None:
    whole = repository / "catalog-sql"
    former = Path(shutil.copytree(whole, tmp_path / "former"))
    for path in (former / "migrations").glob("*.sql"):
        if path.name >= "0003":
            path.unlink()
    for path in (former / "functions").glob("*.sql"):
        if path.name != "grant_roles.sql":  # migrating ends with it
            path.unlink()
    migrate(database_url, former)
    with psycopg.connect(database_url) as connection:
        for number, footprint in enumerate(
            (
                multipolygon((179.5, 1, 180, 2), (-180, 1, -179.5, 2)),
                multipolygon((-179.4, 1, -179, 2)),
            )
        ):
            connection.execute(
                "INSERT INTO scenes (collection, name, acquired, generated, platform, baseline,"
                " datatake, relative_orbit, cell, footprint, assets) VALUES (%s, %s, %s, %s, '',"
                ' \'\', %s, 1, \'C\', %s, \'{"root": "", "grids": [], "assets": []}\')',
                [COLLECTION, str(number), day(number + 1), day(9), str(number), footprint],
            )
        connection.execute(
            "INSERT INTO cell_extents SELECT collection, cell, -180, 1, 180, 2, min(acquired),"
            " max(acquired), count(*) FROM scenes GROUP BY collection, cell"
        )
    migrate(database_url, whole)
    pool = CataloguePool(database_url, connections=1)
    pool.open()
    assert pool.fetch(REACH_IS, [multipolygon((-180, 1, -179, 2), (179.5, 1, 180, 2))]) == [(True,)]
    assert names(SceneCatalogue(pool), lonlat(179, 1, 181, 2)) == ["1", "0"]
    pool.close()
