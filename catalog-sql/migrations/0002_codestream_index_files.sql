-- A codestream index is of one state of a file, and a file that cannot have one is not tried again.

-- What was stored so far does not say which state of its file it is of; it is made anew.
TRUNCATE codestream_indexes;

ALTER TABLE codestream_indexes
ADD COLUMN file_size bigint NOT NULL,
ADD COLUMN file_stamp text NOT NULL,
ADD COLUMN unfit text,
ALTER COLUMN packets DROP NOT NULL,
ADD CONSTRAINT codestream_index_is_made_or_unfit CHECK ((packets IS NULL) <> (unfit IS NULL)),
ADD CONSTRAINT codestream_index_unfit_has_a_reason CHECK (unfit <> '');

COMMENT ON TABLE codestream_indexes IS
'Where each packet of a JPEG 2000 file lies. Gone when the scene lists another file in its place.';
COMMENT ON COLUMN codestream_indexes.file_size IS 'Bytes of the file that was indexed.';
COMMENT ON COLUMN codestream_indexes.file_stamp IS
'What changes when the file is replaced: its time of modification or its ETag.';
COMMENT ON COLUMN codestream_indexes.packets IS 'The index; null where the file does not fit one.';
COMMENT ON COLUMN codestream_indexes.unfit IS 'Why the file cannot be read packet by packet.';
