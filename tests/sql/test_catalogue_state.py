"""The version of the catalogue: another after every commit that changes scenes, and no other."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
from sample_scenes import COLLECTION, day, scene

from function.catalogue.pool import CataloguePool
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneWriter

RADAR = "sentinel-1-grd"


def versions(pool: CataloguePool) -> dict[str, int]:
    """The versions as a new process finds them, as numbers."""
    state = SceneCatalogue(pool).state()
    found = {collection: int(version, 16) for collection, version in state.versions.items()}
    assert sum(found.values()) == int(state.version, 16)
    return found


def run(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_every_change_gives_a_version_that_was_not_there_before(
    catalogue_pool: CataloguePool, catalogue_url: str
) -> None:
    writer = SceneWriter(catalogue_pool)
    assert versions(catalogue_pool) == {}
    seen = [0]
    for change in (
        lambda: writer.write(scene("a")),
        lambda: writer.write(scene("a", cloud_cover=11.0)),
        lambda: writer.write(scene("a", cell="29UPU")),
        lambda: writer.write(scene("b", cell="29UPV", acquired=day(9))),
        lambda: run(catalogue_url, "DELETE FROM scenes WHERE name = 'b'"),
        lambda: run(catalogue_url, "DELETE FROM scenes"),
        lambda: writer.write(scene("a")),
        lambda: run(catalogue_url, "TRUNCATE scenes CASCADE"),
    ):
        change()
        seen.append(versions(catalogue_pool)[COLLECTION])
    assert seen == sorted(set(seen))


def test_what_changes_nothing_keeps_the_version(catalogue_pool: CataloguePool) -> None:
    writer = SceneWriter(catalogue_pool)
    writer.write(scene("a"))
    before = versions(catalogue_pool)
    writer.write(scene("a"))
    catalogue_pool.fetch("DELETE FROM scenes WHERE name = 'b' RETURNING 1")
    assert versions(catalogue_pool) == before


def test_a_change_is_of_its_own_collection(catalogue_pool: CataloguePool) -> None:
    writer = SceneWriter(catalogue_pool)
    writer.write(scene("a"))
    writer.write(scene("r", collection=RADAR))
    before = versions(catalogue_pool)
    writer.write(scene("s", collection=RADAR, cell=""))
    after = versions(catalogue_pool)
    assert after[COLLECTION] == before[COLLECTION]
    assert after[RADAR] > before[RADAR]


def test_the_version_changes_with_the_commit(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    SceneWriter(catalogue_pool).write(scene("a"))
    before = versions(catalogue_pool)
    with psycopg.connect(catalogue_url) as connection:
        connection.execute("DELETE FROM scenes")
        assert versions(catalogue_pool) == before
        connection.rollback()
        assert versions(catalogue_pool) == before
        connection.execute("DELETE FROM scenes")
    assert versions(catalogue_pool)[COLLECTION] > before[COLLECTION]


def test_a_catalogue_made_anew_has_other_versions(
    catalogue_pool: CataloguePool, catalogue_url: str
) -> None:
    writer = SceneWriter(catalogue_pool)
    writer.write(scene("a"))
    before = versions(catalogue_pool)
    run(catalogue_url, "TRUNCATE scenes, collection_parts CASCADE")
    assert versions(catalogue_pool) == {}
    writer.write(scene("a"))
    assert versions(catalogue_pool)[COLLECTION] > before[COLLECTION]


def test_the_state_is_asked_for_once_until_it_is_renewed(catalogue_pool: CataloguePool) -> None:
    catalogue = SceneCatalogue(catalogue_pool, state_seconds=3600)
    empty = catalogue.state()
    SceneWriter(catalogue_pool).write(scene("a"))
    assert catalogue.state() is empty
    catalogue.renew_state()
    assert catalogue.state().extents[COLLECTION].scene_count == 1


def test_transactions_of_many_scenes_in_any_order_do_not_wait_in_a_ring(
    catalogue_url: str, catalogue_pool: CataloguePool
) -> None:
    """Each holds what it wrote while it writes the next, and all write to the same cells."""
    writer = SceneWriter(catalogue_pool)
    cells = [f"29U{column}{row}" for column in "NPQR" for row in "UV"]
    writer.write(scene("sample"))
    copy = """
        INSERT INTO scenes (
            collection, name, acquired, generated, platform, baseline, datatake,
            relative_orbit, cell, cloud_cover, footprint, assets
        )
        SELECT
            collection, %(name)s, acquired, generated, platform, baseline, %(name)s,
            relative_orbit, %(cell)s, cloud_cover, footprint, assets
        FROM scenes WHERE name = 'sample'
    """

    def write(number: int) -> None:
        order = random.Random(number).sample(cells, len(cells))  # noqa: S311 - an order, no secret
        with psycopg.connect(catalogue_url) as connection:
            for cell in order:
                connection.execute(copy, {"name": f"{number}-{cell}", "cell": cell})
            connection.execute(
                "DELETE FROM scenes WHERE name = %s", [f"{number}-{order[number % 8]}"]
            )

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(write, range(24)))
    extent = SceneCatalogue(catalogue_pool).extents()[COLLECTION]
    assert extent.scene_count == 1 + 24 * 7
    assert extent.clouds is not None
    assert replace(extent.clouds, mean=0) == replace(
        extent.clouds, known=1 + 24 * 7, mean=0, histogram=(0, 1 + 24 * 7, *[0] * 8)
    )
