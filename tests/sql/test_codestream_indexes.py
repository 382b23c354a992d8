"""Codestream indexes: kept with their scene or on first use, loaded together, never stale."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow
from sample_scenes import COLLECTION, asset, lonlat, scene

from function.catalogue.codestream_indexes import CodestreamIndexes, KnownIndexes
from function.catalogue.pool import CataloguePool, Parameters
from function.catalogue.search import SceneCatalogue
from function.catalogue.writing import SceneRefusedError, SceneWriter, Written
from function.codestream_record import CodestreamRecord, FileState, KnownCodestream
from function.deadline import Deadline
from function.scene import Asset, CataloguePlace
from function.search import Search

B04, B05, SCL = (
    asset(band, f"/archive/a/{band}.jp2", lonlat(-9, 52, -8, 53)) for band in ("B04", "B05", "SCL")
)
PACKETS = bytes(range(256)) * 300
MADE = CodestreamRecord(1, FileState(123_456_789_012, "1700000000123456789"), PACKETS)
UNFIT = CodestreamRecord(1, FileState(77, '"etag"'), None, "no packet lengths")


@pytest.fixture
def writer(catalogue_pool: CataloguePool) -> SceneWriter:
    return SceneWriter(catalogue_pool)


@pytest.fixture
def indexes(catalogue_pool: CataloguePool) -> CodestreamIndexes:
    return CodestreamIndexes(catalogue_pool)


def found(pool: CataloguePool) -> list[Asset]:
    """The assets of every scene, as a search gives them."""
    scenes = SceneCatalogue(pool).search(COLLECTION, lonlat(-9, 52, -8, 53), Search(), 9)
    return [
        asset for scene in sorted(scenes, key=lambda scene: scene.name) for asset in scene.assets
    ]


def rows(pool: CataloguePool) -> list[tuple[object, ...]]:
    return pool.fetch("SELECT xmin::text, ctid::text, held.* FROM codestream_indexes AS held")


def test_a_search_tells_where_assets_are_held(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    for name in ("a", "b"):  # of the same files
        writer.write(scene(name, assets=(B04, B05)))
    assert [asset.place for asset in found(catalogue_pool)] == [
        CataloguePlace("a", 0), CataloguePlace("a", 1),
        CataloguePlace("b", 0), CataloguePlace("b", 1),
    ]  # fmt: skip


def test_indexes_written_with_their_scenes_are_loaded_in_one_statement(
    writer: SceneWriter, catalogue_pool: CataloguePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.write(scene("a", assets=(B04, B05, SCL)), {0: MADE, 2: UNFIT})
    other = asset(href="/archive/b/B04.jp2")
    elsewhere = replace(MADE, packets=b"\x00")
    writer.write(scene("b", assets=(other,)), {0: elsewhere})
    assets = found(catalogue_pool)
    asked: list[object] = []
    fetch = catalogue_pool.fetch

    def count(query: str, parameters: Parameters, deadline: Deadline) -> list[TupleRow]:
        asked.append(query)
        return fetch(query, parameters, deadline)

    monkeypatch.setattr(catalogue_pool, "fetch", count)
    loaded = CodestreamIndexes(catalogue_pool).load(assets)
    assert loaded == {B04.href: MADE, SCL.href: UNFIT, other.href: elsewhere}
    assert len(asked) == 1


def test_what_is_not_from_the_catalogue_asks_nothing_of_it(indexes: CodestreamIndexes) -> None:
    assert indexes.load([B04]) == {}
    indexes.keep(B04, MADE)


def test_a_first_use_is_kept_and_an_older_format_replaced(
    writer: SceneWriter, indexes: CodestreamIndexes, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("a", assets=(B04,)))
    (held,) = found(catalogue_pool)
    for record in (
        MADE,
        UNFIT,
        replace(MADE, version=2),
        replace(MADE, version=2, state=FileState(MADE.state.size, "another")),
    ):
        indexes.keep(held, record)
        assert indexes.load([held]) == {held.href: record}
    before = rows(catalogue_pool)
    indexes.keep(held, record)  # rewrites nothing
    indexes.keep(held, MADE)  # nor does the program before this one
    assert rows(catalogue_pool) == before


def test_the_index_of_a_file_that_moved_in_the_list_is_not_kept(
    writer: SceneWriter, indexes: CodestreamIndexes, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("a", assets=(B05,)))
    (before,) = found(catalogue_pool)
    writer.write(scene("a", assets=(B04, B05)))
    indexes.keep(before, MADE)
    indexes.keep(replace(before, place=CataloguePlace("gone", 0)), MADE)
    assert rows(catalogue_pool) == []


def test_indexes_stay_where_the_scene_lists_the_same_file(
    writer: SceneWriter, indexes: CodestreamIndexes, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("a", assets=(B04, B05, SCL)), {0: MADE, 1: UNFIT, 2: MADE})
    before = rows(catalogue_pool)
    moved = replace(B05, offset=-900.0)
    assert writer.write(scene("a", assets=(B04, moved, SCL))) is Written.UPDATED
    assert rows(catalogue_pool) == before
    writer.write(scene("a", assets=(B04, SCL)))
    assert indexes.load(found(catalogue_pool)) == {B04.href: MADE}


def test_writing_indexes_again_rewrites_no_row(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    sample = scene("a", assets=(B04, B05))
    assert writer.write(sample, {0: MADE, 1: UNFIT}) is Written.NEW
    before = rows(catalogue_pool)
    assert writer.write(sample, {0: MADE, 1: UNFIT}) is Written.UNCHANGED
    assert rows(catalogue_pool) == before


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (replace(MADE, packets=None), "codestream_index_is_made_or_unfit"),
        (replace(MADE, unfit="why"), "codestream_index_is_made_or_unfit"),
        (replace(UNFIT, unfit=""), "codestream_index_unfit_has_a_reason"),
    ],
)
def test_a_scene_and_its_indexes_are_written_whole_or_not_at_all(
    writer: SceneWriter, catalogue_pool: CataloguePool, broken: CodestreamRecord, rule: str
) -> None:
    with pytest.raises(SceneRefusedError, match=rule):
        writer.write(scene("a", assets=(B04, B05)), {0: MADE, 1: broken})
    assert catalogue_pool.fetch("SELECT count(*)::int FROM scenes") == [(0,)]


def test_what_is_known_of_a_scene_is_told_without_packets(
    writer: SceneWriter, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("a", assets=(B04, B05)), {1: UNFIT})
    known = KnownIndexes(catalogue_pool)
    assert known.of_scene("a") == {1: KnownCodestream(B05.href, 1, UNFIT.state, UNFIT.unfit)}
    assert known.of_scene("b") == {}


@pytest.fixture
def reading_pool(catalogue_url: str) -> Iterator[CataloguePool]:
    """Connections of a role that may only read."""
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        role = sql.Identifier("reader_of_indexes")
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        connection.execute(
            sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(role)
        )
        pool = CataloguePool(catalogue_url.replace("//", "//reader_of_indexes@", 1), 2)
        pool.open()
        yield pool
        pool.close()
        connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_role_that_may_not_write_is_asked_once(
    writer: SceneWriter,
    reading_pool: CataloguePool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    writer.write(scene("a", assets=(B04, B05)), {1: UNFIT})
    first, second = found(reading_pool)
    indexes = CodestreamIndexes(reading_pool)
    with caplog.at_level(logging.INFO, "sentinel_ows.codestream_indexes"):
        indexes.keep(first, MADE)
        indexes.keep(second, MADE)
    (record,) = caplog.records
    assert record.message == (
        "codestream indexes stay in memory: permission denied for table codestream_indexes:"
        " `sentinel-ows migrate` gives groups their rights"
    )
    assert indexes.load([first, second]) == {second.href: UNFIT}


def test_a_standby_is_read_and_not_written(
    writer: SceneWriter, catalogue_pool: CataloguePool, catalogue_url: str
) -> None:
    writer.write(scene("a", assets=(B04,)))
    (held,) = found(catalogue_pool)
    pool = CataloguePool(
        f"{catalogue_url}{'&' if '?' in catalogue_url else '?'}"
        "options=-c%20default_transaction_read_only%3Don",
        1,
    )
    pool.open()
    indexes = CodestreamIndexes(pool)
    indexes.keep(held, MADE)
    assert indexes.load([held]) == {}
    pool.close()


def test_without_the_catalogue_there_is_nothing_and_no_error(catalogue_url: str) -> None:
    pool = CataloguePool(catalogue_url, 1)  # never opened
    indexes = CodestreamIndexes(pool)
    held = replace(B04, place=CataloguePlace("a", 0))
    assert indexes.load([held]) == {}
    indexes.keep(held, MADE)


def test_a_schema_of_another_time_is_no_error(
    catalogue_url: str, indexes: CodestreamIndexes
) -> None:
    with psycopg.connect(catalogue_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE codestream_indexes DROP COLUMN file_stamp")
    held = replace(B04, place=CataloguePlace("a", 0))
    assert indexes.load([held]) == {}
    indexes.keep(held, MADE)


def test_many_first_uses_at_once_leave_one_row(
    writer: SceneWriter, indexes: CodestreamIndexes, catalogue_pool: CataloguePool
) -> None:
    writer.write(scene("a", assets=(B04,)))
    (held,) = found(catalogue_pool)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: indexes.keep(held, MADE), range(24)))
    assert len(rows(catalogue_pool)) == 1
    assert indexes.load([held]) == {held.href: MADE}
