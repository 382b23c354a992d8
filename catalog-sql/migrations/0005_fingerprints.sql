-- What a scene was read from is told by a fingerprint, so that it need not be read again to see
-- that nothing changed.

CREATE TABLE scene_fingerprints (
    scene_id bigint NOT NULL,
    fingerprint uuid NOT NULL,
    CONSTRAINT scene_fingerprint_key PRIMARY KEY (scene_id),
    CONSTRAINT scene_fingerprint_scene
    FOREIGN KEY (scene_id) REFERENCES scenes ON DELETE CASCADE
);

COMMENT ON TABLE scene_fingerprints IS
'What the row of a scene was read from. A scene that lacked something has none: it is read again.';
COMMENT ON COLUMN scene_fingerprints.fingerprint IS
'Differs wherever the product, its address or the format of what is kept of it does.';

CREATE INDEX scene_fingerprints_fingerprint ON scene_fingerprints (fingerprint);
