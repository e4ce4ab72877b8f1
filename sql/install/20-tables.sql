-- Tables. Columns stand in the order of the existing Nachet database (schema 0.0.11), ours after its own.

CREATE FUNCTION nachet.uuidv7() RETURNS uuid
	AS 'MODULE_PATHNAME', 'uuidv7' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION nachet.uuidv7() IS
	'returns a new time-ordered id (UUID version 7, RFC 9562), greater than the session''s last one';

CREATE TABLE nachet.users (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	email varchar(255) NOT NULL,
	registration_date timestamp NOT NULL DEFAULT current_timestamp,
	updated_at timestamp NOT NULL DEFAULT current_timestamp,
	default_set_id uuid
);
CREATE UNIQUE INDEX users_email_key ON nachet.users (pg_catalog.lower(email COLLATE "C"));
CREATE INDEX users_default_set_id_idx ON nachet.users (default_set_id) WHERE default_set_id IS NOT NULL;
COMMENT ON TABLE nachet.users IS
	'registered users, who may import; e-mail addresses are compared without regard to case';
COMMENT ON COLUMN nachet.users.default_set_id IS
	'the user''s default picture set; checked by triggers, because a circular foreign key would make a dump impossible to restore';

CREATE TABLE nachet.object_type (
	id integer NOT NULL PRIMARY KEY,
	name text NOT NULL
);
COMMENT ON TABLE nachet.object_type IS 'kinds of things that pictures show; row 1 is ''seed''';
INSERT INTO nachet.object_type (id, name) VALUES (1, 'seed');

CREATE TABLE nachet.seed (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	name text NOT NULL UNIQUE,
	object_type_id integer GENERATED ALWAYS AS (1) STORED REFERENCES nachet.object_type (id)
);
COMMENT ON TABLE nachet.seed IS 'registered seeds: the species that pictures can show';

CREATE TABLE nachet.picture_set (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	picture_set json NOT NULL,
	owner_id uuid NOT NULL REFERENCES nachet.users (id),
	upload_date date NOT NULL DEFAULT current_timestamp,
	name text NOT NULL,
	digest bytea UNIQUE CHECK (octet_length(digest) = 32)
);
CREATE INDEX picture_set_owner_id_idx ON nachet.picture_set (owner_id);
COMMENT ON TABLE nachet.picture_set IS 'picture sets; an import is atomic';
COMMENT ON COLUMN nachet.picture_set.digest IS
	'SHA-256 of owner, data and pictures as imported; NULL after other SQL has changed the set';

-- No foreign key leads from content_chunk to content: sealing writes the content row last, and a
-- restore brings both in any order.
CREATE SEQUENCE nachet.content_id_seq AS bigint;
CREATE TABLE nachet.content (
	id bigint NOT NULL PRIMARY KEY,
	sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
	byte_size bigint NOT NULL CHECK (byte_size > 0),
	chunk_size integer NOT NULL CHECK (chunk_size > 0),
	format text,
	width integer,
	height integer,
	stored_at timestamptz NOT NULL DEFAULT now(),
	object_url text,
	object_id bigint,
	object_etag text
);
CREATE INDEX content_in_database_idx ON nachet.content (id) WHERE object_url IS NULL;
ALTER SEQUENCE nachet.content_id_seq OWNED BY nachet.content.id;
COMMENT ON TABLE nachet.content IS
	'stored bytes, identified by their SHA-256; the bytes never change; an import may fill in a NULL format, width and height';
COMMENT ON COLUMN nachet.content.format IS
	'JPEG, PNG, GIF, BMP, TIFF or WebP; NULL if the bytes are not an acceptable picture';
COMMENT ON COLUMN nachet.content.width IS 'width in pixels';
COMMENT ON COLUMN nachet.content.height IS 'height in pixels';
COMMENT ON COLUMN nachet.content.chunk_size IS 'size in bytes of every chunk except the last';
COMMENT ON COLUMN nachet.content.object_url IS
	'URL of the object; NULL if the bytes are in content_chunk';
COMMENT ON COLUMN nachet.content.object_id IS
	'number in the object''s name if it is not the content''s id; set by a restore, so that no object name is used twice';
COMMENT ON COLUMN nachet.content.object_etag IS 'ETag of the object as it was written';

-- STORAGE PLAIN keeps each chunk whole in its heap page; added in one ALTER, the column brings no TOAST table.
CREATE TABLE nachet.content_chunk (
	content_id bigint NOT NULL,
	chunk_no integer NOT NULL
);
ALTER TABLE nachet.content_chunk
	ADD COLUMN data bytea NOT NULL,
	ALTER COLUMN data SET STORAGE PLAIN,
	ADD PRIMARY KEY (content_id, chunk_no);
-- Chunks are written once. Frozen soon after that, within the same checkpoint, they cost no WAL any more; by default each page is logged
-- again when it is first read, vacuumed and frozen. Each row fills a page: a sample of 30,000 takes 234 MB, and tells nothing.
ALTER TABLE nachet.content_chunk
	SET (autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_threshold = 25000, autovacuum_vacuum_insert_scale_factor = 0),
	ALTER COLUMN content_id SET STATISTICS 10,
	ALTER COLUMN chunk_no SET STATISTICS 10,
	ALTER COLUMN data SET STATISTICS 0;
COMMENT ON TABLE nachet.content_chunk IS
	'chunks of contents; COPY nachet.content_chunk (chunk_no, data) FROM STDIN stores new contents';

CREATE TABLE nachet.picture (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	picture json NOT NULL,
	picture_set_id uuid NOT NULL REFERENCES nachet.picture_set (id) ON DELETE CASCADE,
	nb_obj integer NOT NULL,
	verified boolean NOT NULL DEFAULT false,
	upload_date timestamp NOT NULL DEFAULT current_timestamp,
	name text,
	content_id bigint REFERENCES nachet.content (id)
);
CREATE INDEX picture_picture_set_id_idx ON nachet.picture (picture_set_id);
CREATE INDEX picture_content_id_idx ON nachet.picture (content_id);
COMMENT ON TABLE nachet.picture IS 'pictures of the picture sets';
COMMENT ON COLUMN nachet.picture.nb_obj IS 'number of seeds in the picture';
COMMENT ON COLUMN nachet.picture.name IS 'path relative to the imported folder';

CREATE TABLE nachet.picture_seed (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	picture_id uuid NOT NULL REFERENCES nachet.picture (id) ON DELETE CASCADE,
	seed_id uuid NOT NULL REFERENCES nachet.seed (id),
	upload_date timestamp NOT NULL DEFAULT current_timestamp
);
CREATE INDEX picture_seed_picture_id_idx ON nachet.picture_seed (picture_id);
CREATE INDEX picture_seed_seed_id_idx ON nachet.picture_seed (seed_id);
COMMENT ON TABLE nachet.picture_seed IS 'the seed that a picture shows';

-- What users have put in is theirs: pg_dump dumps it, though the tables belong to the extension.
SELECT pg_catalog.pg_extension_config_dump('nachet.users', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.object_type', 'WHERE id <> 1');
SELECT pg_catalog.pg_extension_config_dump('nachet.seed', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.picture_set', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.content', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.content_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.content_chunk', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.picture', '');
SELECT pg_catalog.pg_extension_config_dump('nachet.picture_seed', '');

