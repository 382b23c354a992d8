"""A catalogue of millions of synthetic products: every pass over every cell, date by date."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import orjson
import psycopg
from affine import Affine

from bench.catalogue_grid import CYCLE_DAYS, ORBITS, cells, swath
from function.catalogue.asset_document import asset_document
from function.grid import Grid
from function.scene import Asset

COLLECTION = "sentinel-2-l2a"
FIRST = datetime(2023, 1, 1, 10, tzinfo=UTC)
REVISIT_DAYS = CYCLE_DAYS // 2  # two satellites
LOADERS = 3
RESOLUTIONS = {
    10: "AOT B02 B03 B04 B08 TCI WVP",
    20: "AOT B01 B02 B03 B04 B05 B06 B07 B11 B12 B8A SCL TCI WVP",
    60: "AOT B01 B02 B03 B04 B05 B06 B07 B09 B11 B12 B8A SCL TCI WVP",
}
PASSES = """
CREATE TABLE passes AS
WITH clipped AS (
    SELECT
        cells.cell, swaths.orbit,
        st_intersection(cells.ring, st_translate(swaths.ring, turn, 0)) AS part
    FROM swaths
    CROSS JOIN generate_series(-360, 360, 360) AS turn
    INNER JOIN cells ON st_intersects(cells.ring, st_translate(swaths.ring, turn, 0))
)

SELECT
    row_number() OVER (ORDER BY orbit, cell) AS pass,
    cell,
    orbit,
    st_multi(st_wrapx(st_wrapx(part, 180, -360), -180, 360)) AS footprint
FROM clipped
WHERE st_area(part) > 0.001
"""
# What is left of the schema is what a search needs. Made anew once the rows are there.
BARE = """
ALTER TABLE codestream_indexes DROP CONSTRAINT codestream_index_scene;
ALTER TABLE scene_fingerprints DROP CONSTRAINT scene_fingerprint_scene;
ALTER TABLE scenes SET UNLOGGED;
ALTER TABLE scenes DISABLE TRIGGER USER;
CREATE TABLE index_definitions AS SELECT indexdef FROM pg_indexes WHERE tablename = 'scenes';
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'scenes'::regclass AND contype IN ('c', 'u', 'p')
    LOOP
        EXECUTE format('ALTER TABLE scenes DROP CONSTRAINT %I', rule.conname);
    END LOOP;
    FOR rule IN SELECT indexname FROM pg_indexes WHERE tablename = 'scenes'
    LOOP
        EXECUTE format('DROP INDEX %I', rule.indexname);
    END LOOP;
END
$$;
"""
# A third of all products is nearly clear, two fifths are overcast.
FILL = """
INSERT INTO scenes (
    collection, name, acquired, generated, platform, baseline, datatake, relative_orbit, cell,
    cloud_cover, footprint, assets
)
SELECT
    %(collection)s,
    format(
        '%%s_MSIL2A_%%s_N0510_R%%s_T%%s_%%s', craft, to_char(taken, 'YYYYMMDD"T"HH24MISS'),
        lpad(orbit::text, 3, '0'), cell, to_char(taken + '3 hours', 'YYYYMMDD"T"HH24MISS')
    ),
    taken,
    taken + '3 hours',
    CASE craft WHEN 'S2A' THEN 'Sentinel-2A' ELSE 'Sentinel-2B' END,
    '05.10',
    format('G%%s_%%s_%%s_N05.10', craft, to_char(taken, 'YYYYMMDD"T"HH24MISS'), 40000 + number),
    orbit,
    cell,
    CASE
        WHEN sky < 0.33 THEN sky * 15
        WHEN sky < 0.6 THEN (sky - 0.33) * 300
        ELSE 80 + (sky - 0.6) * 50
    END,
    footprint,
    jsonb_set(
        %(assets)s::jsonb, '{root}',
        to_jsonb(format(
            's3://eodata/Sentinel-2/MSI/L2A/%%s/%%s/', to_char(taken, 'YYYY/MM/DD'), cell
        ))
    )::text
FROM (
    SELECT
        *, random() AS sky, (ARRAY['S2A', 'S2B'])[1 + number %% 2] AS craft,
        %(first)s::timestamptz + make_interval(
            days => number * %(revisit)s + orbit %% %(revisit)s, mins => orbit, secs => 0.024
        ) AS taken
    FROM passes CROSS JOIN generate_series(%(from)s, %(until)s - 1) AS number
    WHERE number * (SELECT count(*) FROM passes) + pass <= %(products)s
    ORDER BY number, orbit %% %(revisit)s, orbit, cell
) AS acquisitions
"""
# All passes have the same dates and the same skies.
EXTENTS = """
WITH skies AS (
    SELECT
        count(*) AS scenes, min(acquired) AS first_acquired, max(acquired) AS last_acquired,
        avg(cloud_cover) AS mean, min(cloud_cover) AS least, max(cloud_cover) AS most
    FROM scenes
)

INSERT INTO cell_extents (
    collection, cell, west, south, east, north, first_acquired, last_acquired, scene_count,
    reach, part, cloud_known, cloud_sum, cloud_least, cloud_most, cloud_histogram
)
SELECT
    %(collection)s, cell,
    min(st_xmin(footprint)), min(st_ymin(footprint)),
    max(st_xmax(footprint)), max(st_ymax(footprint)),
    min(skies.first_acquired), max(skies.last_acquired), count(*),
    reach_of(st_collect(footprint)), part_of_cell(cell),
    count(*), count(*) * min(skies.mean), min(skies.least), max(skies.most),
    array_fill(count(*) / 10, ARRAY[10])
FROM passes CROSS JOIN skies
GROUP BY cell;
INSERT INTO collection_parts
SELECT
    collection, part, next_version(0), min(west), min(south), max(east), max(north),
    min(first_acquired), max(last_acquired), sum(scene_count), sum(cloud_known), sum(cloud_sum),
    min(cloud_least), max(cloud_most), array_fill(sum(cloud_known)::bigint / 10, ARRAY[10])
FROM cell_extents
GROUP BY collection, part
"""


def fill(url: str, products: int) -> None:
    """Fill a migrated, empty catalogue; its triggers and checks are taken off first."""
    with psycopg.connect(url, autocommit=True) as connection:
        _copy_rings(connection)
        connection.execute("ANALYZE cells")
        connection.execute(PASSES)
        connection.execute(BARE)
        row = connection.execute("SELECT count(*) FROM passes").fetchone()
        assert row is not None
        dates = -(-products // row[0])
    # By date, as an archive grows; several at once, as it is ingested.
    with ThreadPoolExecutor(LOADERS) as loaders:
        list(loaders.map(lambda date: _load(url, products, date), range(dates)))
    with psycopg.connect(url, autocommit=True) as connection:
        definitions = connection.execute("SELECT indexdef FROM index_definitions").fetchall()
    with ThreadPoolExecutor(LOADERS) as loaders:
        list(loaders.map(lambda row: _make_index(url, row[0]), definitions))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE scenes")
        psycopg.ClientCursor(connection).execute(EXTENTS.encode(), {"collection": COLLECTION})
        connection.execute("VACUUM ANALYZE cell_extents")


def _copy_rings(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE cells (cell text, ring geometry)")
    connection.execute("CREATE TABLE swaths (orbit integer, ring geometry)")
    connection.execute("CREATE INDEX ON cells USING gist (ring)")
    with connection.cursor() as cursor:
        with cursor.copy("COPY cells FROM STDIN") as copy:
            for cell in cells():
                copy.write_row((cell.name, _polygon(cell.ring)))
        with cursor.copy("COPY swaths FROM STDIN") as copy:
            for orbit in range(1, ORBITS + 1):
                copy.write_row((orbit, _polygon(swath(orbit))))


def _polygon(ring: "list[tuple[float, float]] | tuple[tuple[float, float], ...]") -> str:
    return f"SRID=4326;POLYGON(({','.join(f'{x!r} {y!r}' for x, y in ring)}))"


def _load(url: str, products: int, date: int) -> None:
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("SET synchronous_commit = off; SET work_mem = '256MB'")
        connection.execute(
            FILL.encode(),
            {
                "collection": COLLECTION,
                "first": FIRST,
                "revisit": REVISIT_DAYS,
                "from": date,
                "until": date + 1,
                "products": products,
                "assets": orjson.dumps(asset_document(_assets())).decode(),
            },
        )


def _make_index(url: str, definition: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(definition.encode())


def _assets() -> tuple[Asset, ...]:
    """The image files of a product, as Sentinel-2's are named."""
    stem = "GRANULE/L2A_T32TQM_A040000_20230101T101031/IMG_DATA"
    assets = []
    for metres, bands in RESOLUTIONS.items():
        size = 109_800 // metres
        transform = Affine(metres, 0.0, 699960.0, 0.0, -metres, 5000040.0)
        grid = Grid("EPSG:32632", transform, size, size)
        for band in bands.split():
            href = f"/{stem}/R{metres}m/T32TQM_20230101T100359_{band}_{metres}m.jp2"
            assets.append(Asset(band, href, grid, 1, 15, -1000.0, 10000.0, 0))
    return tuple(assets)
