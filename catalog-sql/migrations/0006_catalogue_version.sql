-- What is known of a collection is kept in parts, so that those who write seldom wait for each
-- other; with it how cloudy it is, and a version that counts changes.

ALTER TABLE cell_extents
ADD COLUMN part smallint,
ADD COLUMN cloud_known bigint,
ADD COLUMN cloud_sum numeric,
ADD COLUMN cloud_least double precision,
ADD COLUMN cloud_most double precision,
ADD COLUMN cloud_histogram bigint[];

UPDATE cell_extents SET
    part = get_byte(decode(md5(cell_extents.cell), 'hex'), 0) % 64,
    cloud_known = counted.cloud_known,
    cloud_sum = counted.cloud_sum,
    cloud_least = counted.cloud_least,
    cloud_most = counted.cloud_most,
    cloud_histogram = counted.cloud_histogram
FROM (
    SELECT
        bucketed.collection,
        bucketed.cell,
        count(bucketed.cloud_cover) AS cloud_known,
        coalesce(sum(bucketed.cloud_cover::numeric), 0) AS cloud_sum,
        min(bucketed.cloud_cover) AS cloud_least,
        max(bucketed.cloud_cover) AS cloud_most,
        ARRAY[
            count(*) FILTER (WHERE bucketed.bucket = 1),
            count(*) FILTER (WHERE bucketed.bucket = 2),
            count(*) FILTER (WHERE bucketed.bucket = 3),
            count(*) FILTER (WHERE bucketed.bucket = 4),
            count(*) FILTER (WHERE bucketed.bucket = 5),
            count(*) FILTER (WHERE bucketed.bucket = 6),
            count(*) FILTER (WHERE bucketed.bucket = 7),
            count(*) FILTER (WHERE bucketed.bucket = 8),
            count(*) FILTER (WHERE bucketed.bucket = 9),
            count(*) FILTER (WHERE bucketed.bucket = 10)
        ] AS cloud_histogram
    FROM (
        SELECT
            collection,
            cell,
            cloud_cover,
            width_bucket(
                cloud_cover, '{0,10,20,30,40,50,60,70,80,90}'::double precision[]
            ) AS bucket
        FROM scenes
        WHERE NOT superseded
    ) AS bucketed
    GROUP BY bucketed.collection, bucketed.cell
) AS counted
WHERE cell_extents.collection = counted.collection AND cell_extents.cell = counted.cell;

ALTER TABLE cell_extents
ALTER COLUMN part SET NOT NULL,
ALTER COLUMN cloud_known SET NOT NULL,
ALTER COLUMN cloud_sum SET NOT NULL,
ALTER COLUMN cloud_histogram SET NOT NULL;

COMMENT ON COLUMN cell_extents.part IS 'The part of the collection that the cell counts in.';
COMMENT ON COLUMN cell_extents.cloud_known IS 'Scenes with a figure of cloud cover.';
COMMENT ON COLUMN cell_extents.cloud_histogram IS
'Scenes by cloud cover: ten steps of ten percent, the last with all of 100.';

CREATE INDEX cell_extents_part ON cell_extents (collection, part);

CREATE TABLE collection_parts (
    collection text NOT NULL,
    part smallint NOT NULL,
    version bigint NOT NULL,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    first_acquired timestamptz,
    last_acquired timestamptz,
    scene_count bigint NOT NULL DEFAULT 0,
    cloud_known bigint NOT NULL DEFAULT 0,
    cloud_sum numeric NOT NULL DEFAULT 0,
    cloud_least double precision,
    cloud_most double precision,
    cloud_histogram bigint[] NOT NULL DEFAULT '{0,0,0,0,0,0,0,0,0,0}',
    CONSTRAINT collection_part_key PRIMARY KEY (collection, part),
    CONSTRAINT collection_part_spans_what_it_counts CHECK (
        (scene_count = 0) = (west IS NULL) AND (cloud_known = 0) = (cloud_least IS NULL)
    )
)
-- Each row is written over and over: room beside it keeps that off the index.
WITH (fillfactor = 20);

INSERT INTO collection_parts
SELECT
    collection,
    part,
    (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint AS version,
    min(west) AS west,
    min(south) AS south,
    max(east) AS east,
    max(north) AS north,
    min(first_acquired) AS first_acquired,
    max(last_acquired) AS last_acquired,
    sum(scene_count) AS scene_count,
    sum(cloud_known) AS cloud_known,
    sum(cloud_sum) AS cloud_sum,
    min(cloud_least) AS cloud_least,
    max(cloud_most) AS cloud_most,
    ARRAY[
        sum(cloud_histogram[1]), sum(cloud_histogram[2]), sum(cloud_histogram[3]),
        sum(cloud_histogram[4]), sum(cloud_histogram[5]), sum(cloud_histogram[6]),
        sum(cloud_histogram[7]), sum(cloud_histogram[8]), sum(cloud_histogram[9]),
        sum(cloud_histogram[10])
    ] AS cloud_histogram
FROM cell_extents
GROUP BY collection, part;

COMMENT ON TABLE collection_parts IS
'What scenes, less the superseded, span of the grid cells of each part of a collection: kept by'
' triggers on scenes. A part whose scenes are gone stays, for its version.';
COMMENT ON COLUMN collection_parts.version IS
'Grows with every transaction that changes a scene of the part.';

DROP TABLE collections;

CREATE VIEW collections AS
SELECT
    collection,
    min(west) AS west,
    min(south) AS south,
    max(east) AS east,
    max(north) AS north,
    min(first_acquired) AS first_acquired,
    max(last_acquired) AS last_acquired,
    sum(scene_count)::bigint AS scene_count,
    sum(cloud_known)::bigint AS cloud_known,
    (sum(cloud_sum) / nullif(sum(cloud_known), 0))::double precision AS cloud_mean,
    min(cloud_least) AS cloud_least,
    max(cloud_most) AS cloud_most,
    ARRAY[
        sum(cloud_histogram[1]), sum(cloud_histogram[2]), sum(cloud_histogram[3]),
        sum(cloud_histogram[4]), sum(cloud_histogram[5]), sum(cloud_histogram[6]),
        sum(cloud_histogram[7]), sum(cloud_histogram[8]), sum(cloud_histogram[9]),
        sum(cloud_histogram[10])
    ]::bigint[] AS cloud_histogram
FROM collection_parts
GROUP BY collection
HAVING sum(scene_count) > 0;

COMMENT ON VIEW collections IS
'What scenes, less the superseded, span of each collection that has any.';
COMMENT ON COLUMN collections.cloud_histogram IS
'Scenes by cloud cover: ten steps of ten percent, the last with all of 100.';

CREATE VIEW collection_versions AS
SELECT
    collection,
    sum(version)::bigint AS version
FROM collection_parts
GROUP BY collection;

COMMENT ON VIEW collection_versions IS
'Numbers that grow with every transaction that changes a scene of the collection, also when its'
' last one goes.';

-- Rows of both are there for the time of a transaction, and nobody but that sees them: they need
-- not outlive a crash.
CREATE UNLOGGED TABLE changed_cells (
    writer xid8 NOT NULL DEFAULT pg_current_xact_id(),
    collection text NOT NULL,
    cell text NOT NULL,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    first_acquired timestamptz,
    last_acquired timestamptz,
    scene_count bigint,
    reach geometry (MULTIPOLYGON, 4326),
    cloud_known bigint,
    cloud_sum numeric,
    cloud_least double precision,
    cloud_most double precision,
    cloud_histogram bigint[]
);

COMMENT ON TABLE changed_cells IS
'Cells whose extents a transaction is to set as it commits: what arrived in them, or nothing, where'
' they are to be counted anew.';

CREATE INDEX changed_cells_writer ON changed_cells (writer);

CREATE UNLOGGED TABLE changing_transactions (
    writer xid8 NOT NULL,
    CONSTRAINT changing_transaction_key PRIMARY KEY (writer)
);

COMMENT ON TABLE changing_transactions IS
'Transactions that have changed cells, a row each: its trigger applies them on commit.';
