-- One scene by its name, with its assets, if it meets the box, the times and the cloud limit; they
-- are as for search_scenes. It is found although a newer generation supersedes it.
CREATE OR REPLACE FUNCTION search_scene(
    in_collection text,
    in_name text,
    west double precision,
    south double precision,
    east double precision,
    north double precision,
    in_times tstzmultirange,
    max_cloud double precision
) RETURNS TABLE (
    name text,
    acquired timestamptz,
    generated timestamptz,
    platform text,
    baseline text,
    datatake text,
    relative_orbit integer,
    cell text,
    cloud_cover double precision,
    footprint text,
    assets text
)
LANGUAGE sql STABLE AS $$
    SELECT
        scenes.name,
        scenes.acquired,
        scenes.generated,
        scenes.platform,
        scenes.baseline,
        scenes.datatake,
        scenes.relative_orbit,
        scenes.cell,
        scenes.cloud_cover,
        st_astext(scenes.footprint),
        scenes.assets
    FROM scenes
    WHERE
        scenes.name = in_name
        AND scenes.collection = in_collection
        AND st_intersects(
            scenes.footprint, area_of_box(west, south, east, north)
        )
        AND (in_times IS NULL OR scenes.acquired <@ in_times)
        AND (max_cloud IS NULL OR scenes.cloud_cover <= max_cloud);
$$;
