-- Scenes are written many at a time, by write_scenes.

DROP FUNCTION IF EXISTS write_indexed_scene(
    jsonb, integer[], text[], integer[], bigint[], text[], bytea[], text[]
);
