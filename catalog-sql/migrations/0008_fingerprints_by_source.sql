-- Each source that tells of a product has a fingerprint of its own: two that took turns in one were
-- read again, and wrote over each other, at every look. Whose those before were is not known; what
-- they are of is read once more.

DROP FUNCTION IF EXISTS write_scenes(
    jsonb[], uuid[], integer[], integer[], text[], integer[], bigint[], text[], bytea[], text[]
);

DELETE FROM scene_fingerprints;
ALTER TABLE scene_fingerprints
DROP CONSTRAINT scene_fingerprint_key,
ADD COLUMN source uuid NOT NULL,
ADD CONSTRAINT scene_fingerprint_key PRIMARY KEY (scene_id, source);

COMMENT ON TABLE scene_fingerprints IS
'What is known of a scene, source by source; its row is of the one that changed last. A source that'
' lacked something has none: it is read again.';
COMMENT ON COLUMN scene_fingerprints.source IS
'Tells the sources of a product apart: a digest of the store that holds it, or of the item''s id.';
