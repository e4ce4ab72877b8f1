-- nachet_datastore: install script, joined from the numbered parts of sql/ at build.

\echo Use "CREATE EXTENSION nachet_datastore" to load this file. \quit

-- The rules for names and JSON are about UTF-8.
DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'nachet_datastore needs a database whose encoding is UTF8, not %',
			pg_catalog.getdatabaseencoding()
			USING ERRCODE = 'feature_not_supported',
				HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

-- Who owns a schema can put look-alikes into it and drop what is in it. It is made here, unless somebody was quicker.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
		WHERE n.nspname = 'nachet' AND (r.rolsuper OR r.rolname = current_user))
	THEN
		RAISE EXCEPTION 'schema nachet belongs to a role that is no superuser'
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Look at what is in it, then drop it or ALTER SCHEMA nachet OWNER TO the user who installs.';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = 'nachet'::pg_catalog.regnamespace)
		OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oprnamespace = 'nachet'::pg_catalog.regnamespace)
	THEN
		RAISE EXCEPTION 'schema nachet holds functions or operators that could pass for ours'
			USING ERRCODE = 'duplicate_object',
				HINT = 'Drop them first: DROP SCHEMA nachet CASCADE.';
	END IF;
END
$$;

-- Roles belong to the whole cluster: they are created where they are not there yet, and stay when the
-- extension goes. nachet_owner owns tables and functions, so that no function runs as a superuser.
DO $$
DECLARE
	wanted text;
BEGIN
	FOREACH wanted IN ARRAY ARRAY['nachet_owner', 'nachet_reader', 'nachet_importer', 'nachet_app', 'nachet_admin']
	LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
			BEGIN
				EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
			EXCEPTION WHEN duplicate_object OR unique_violation THEN
				NULL; -- another database of the cluster was quicker
			END;
		END IF;
	END LOOP;
END
$$;

GRANT USAGE ON SCHEMA nachet TO nachet_owner, nachet_reader, nachet_importer, nachet_app, nachet_admin;

-- Tables. Columns stand in the order of the existing Nachet database (schema 0.0.11), ours after its own.

CREATE FUNCTION nachet.uuidv7() RETURNS uuid
	AS 'MODULE_PATHNAME', 'uuidv7' LANGUAGE C VOLATILE PARALLEL SAFE;
COMMENT ON FUNCTION nachet.uuidv7() IS
	'a new time-ordered id (RFC 9562, version 7), greater than the session''s last';
ALTER FUNCTION nachet.uuidv7() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.uuidv7() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.uuidv7() TO nachet_app;

CREATE TABLE nachet.users (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	email varchar(255) NOT NULL,
	registration_date timestamp NOT NULL DEFAULT current_timestamp,
	updated_at timestamp NOT NULL DEFAULT current_timestamp,
	default_set_id uuid
);
CREATE UNIQUE INDEX users_email_key ON nachet.users (pg_catalog.lower(email COLLATE "C"));
COMMENT ON TABLE nachet.users IS 'who may import; the e-mail address is compared without case';
COMMENT ON COLUMN nachet.users.default_set_id IS
	'a picture set; no foreign key, since a circular one would make a dump impossible to restore';

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
COMMENT ON TABLE nachet.seed IS 'the species that pictures may show';

CREATE TABLE nachet.picture_set (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	picture_set json NOT NULL,
	owner_id uuid NOT NULL REFERENCES nachet.users (id),
	upload_date date NOT NULL DEFAULT current_timestamp,
	name text NOT NULL,
	digest bytea UNIQUE CHECK (octet_length(digest) = 32)
);
CREATE INDEX picture_set_owner_id_idx ON nachet.picture_set (owner_id);
COMMENT ON TABLE nachet.picture_set IS 'sets of pictures, whole or not there at all';
COMMENT ON COLUMN nachet.picture_set.digest IS
	'SHA-256 over owner, data and pictures as uploaded; NULL once other SQL has changed the set';

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
COMMENT ON TABLE nachet.content IS 'stored bytes, under their SHA-256; written once, never updated by an import';
COMMENT ON COLUMN nachet.content.format IS
	'JPEG, PNG, GIF, BMP, TIFF or WebP; NULL where the bytes are no acceptable picture';
COMMENT ON COLUMN nachet.content.width IS 'pixels';
COMMENT ON COLUMN nachet.content.height IS 'pixels';
COMMENT ON COLUMN nachet.content.chunk_size IS 'bytes of each chunk but the last';
COMMENT ON COLUMN nachet.content.object_url IS 'where the bytes are once they have left content_chunk';
COMMENT ON COLUMN nachet.content.object_id IS
	'the number in its object''s name, where that is not its id: after a restore, so that no name is used twice';
COMMENT ON COLUMN nachet.content.object_etag IS 'the version of the object that was written, as the store names it';

-- STORAGE PLAIN keeps each chunk whole in its heap page; added in one ALTER, the column brings no TOAST table.
CREATE TABLE nachet.content_chunk (
	content_id bigint NOT NULL,
	chunk_no integer NOT NULL
);
ALTER TABLE nachet.content_chunk
	ADD COLUMN data bytea NOT NULL,
	ALTER COLUMN data SET STORAGE PLAIN,
	ADD PRIMARY KEY (content_id, chunk_no);
COMMENT ON TABLE nachet.content_chunk IS
	'the bytes of contents; COPY nachet.content_chunk (chunk_no, data) FROM STDIN stores new ones';

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
COMMENT ON TABLE nachet.picture IS 'the pictures of the sets';
COMMENT ON COLUMN nachet.picture.nb_obj IS 'how many seeds it shows';
COMMENT ON COLUMN nachet.picture.name IS 'its path relative to the imported folder';

CREATE TABLE nachet.picture_seed (
	id uuid NOT NULL DEFAULT nachet.uuidv7() PRIMARY KEY,
	picture_id uuid NOT NULL REFERENCES nachet.picture (id) ON DELETE CASCADE,
	seed_id uuid NOT NULL REFERENCES nachet.seed (id),
	upload_date timestamp NOT NULL DEFAULT current_timestamp
);
CREATE INDEX picture_seed_picture_id_idx ON nachet.picture_seed (picture_id);
CREATE INDEX picture_seed_seed_id_idx ON nachet.picture_seed (seed_id);
COMMENT ON TABLE nachet.picture_seed IS 'which seed a picture shows';

ALTER TABLE nachet.users OWNER TO nachet_owner;
ALTER TABLE nachet.object_type OWNER TO nachet_owner;
ALTER TABLE nachet.seed OWNER TO nachet_owner;
ALTER TABLE nachet.picture_set OWNER TO nachet_owner;
ALTER TABLE nachet.content OWNER TO nachet_owner;
ALTER TABLE nachet.content_chunk OWNER TO nachet_owner;
ALTER TABLE nachet.picture OWNER TO nachet_owner;
ALTER TABLE nachet.picture_seed OWNER TO nachet_owner;

-- Least privilege. No column that a digest or a restore depends on is anybody's but the owner's.
GRANT SELECT ON nachet.seed, nachet.object_type, nachet.picture_set, nachet.picture, nachet.picture_seed,
	nachet.content TO nachet_reader;

GRANT INSERT (chunk_no, data) ON nachet.content_chunk TO nachet_importer;

GRANT SELECT, DELETE ON nachet.users, nachet.seed, nachet.picture_set, nachet.picture, nachet.picture_seed
	TO nachet_app;
GRANT SELECT ON nachet.object_type TO nachet_app;
GRANT INSERT, UPDATE ON nachet.users, nachet.seed, nachet.picture_seed TO nachet_app;
GRANT INSERT (id, picture_set, owner_id, upload_date, name), UPDATE (id, picture_set, owner_id, upload_date, name)
	ON nachet.picture_set TO nachet_app;
GRANT INSERT (id, picture, picture_set_id, nb_obj, verified, upload_date),
	UPDATE (id, picture, picture_set_id, nb_obj, verified, upload_date)
	ON nachet.picture TO nachet_app;

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

-- Triggers. Their functions serve these tables alone; nobody else may put them on a table.

CREATE FUNCTION nachet.content_chunk_store() RETURNS trigger
	AS 'MODULE_PATHNAME', 'content_chunk_store' LANGUAGE C;
COMMENT ON FUNCTION nachet.content_chunk_store() IS
	'gives a chunk its content''s id, checks its order and size (NC006), hashes it';
ALTER FUNCTION nachet.content_chunk_store() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.content_chunk_store() FROM PUBLIC;

CREATE FUNCTION nachet.content_chunk_seal() RETURNS trigger
	AS 'MODULE_PATHNAME', 'content_chunk_seal' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_chunk_seal() IS
	'writes the content rows of the chunks that a statement has stored';
ALTER FUNCTION nachet.content_chunk_seal() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.content_chunk_seal() FROM PUBLIC;

CREATE TRIGGER content_chunk_store BEFORE INSERT ON nachet.content_chunk
	FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store();
CREATE TRIGGER content_chunk_seal AFTER INSERT ON nachet.content_chunk
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.content_chunk_seal();

CREATE FUNCTION nachet.picture_set_default_name() RETURNS trigger
	AS 'MODULE_PATHNAME', 'picture_set_default_name' LANGUAGE C;
COMMENT ON FUNCTION nachet.picture_set_default_name() IS 'names a picture set after its id';
ALTER FUNCTION nachet.picture_set_default_name() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.picture_set_default_name() FROM PUBLIC;

CREATE TRIGGER picture_set_default_name BEFORE INSERT ON nachet.picture_set
	FOR EACH ROW WHEN (NEW.name IS NULL) EXECUTE FUNCTION nachet.picture_set_default_name();

CREATE FUNCTION nachet.picture_set_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'picture_set_changed' LANGUAGE C;
COMMENT ON FUNCTION nachet.picture_set_changed() IS 'clears the digest of a picture set that is changed';
ALTER FUNCTION nachet.picture_set_changed() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.picture_set_changed() FROM PUBLIC;

CREATE TRIGGER picture_set_changed BEFORE UPDATE ON nachet.picture_set
	FOR EACH ROW
	WHEN ((OLD.id, OLD.owner_id, OLD.name, OLD.picture_set::text)
		IS DISTINCT FROM (NEW.id, NEW.owner_id, NEW.name, NEW.picture_set::text))
	EXECUTE FUNCTION nachet.picture_set_changed();

CREATE FUNCTION nachet.pictures_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'pictures_changed' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.pictures_changed() IS
	'clears the digests of the picture sets that its argument, a query, names';
ALTER FUNCTION nachet.pictures_changed() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.pictures_changed() FROM PUBLIC;

CREATE FUNCTION nachet.picture_added() RETURNS trigger
	AS 'MODULE_PATHNAME', 'picture_added' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_added() IS 'clears the digest of the picture set that a picture is added to';
ALTER FUNCTION nachet.picture_added() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.picture_added() FROM PUBLIC;

-- Uploads and restores alone write a content_id; what comes without one is a change to its set.
CREATE TRIGGER picture_added AFTER INSERT ON nachet.picture
	FOR EACH ROW WHEN (NEW.content_id IS NULL) EXECUTE FUNCTION nachet.picture_added();
CREATE TRIGGER picture_changed AFTER UPDATE ON nachet.picture
	REFERENCING OLD TABLE AS was NEW TABLE AS is_now
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT picture_set_id FROM was UNION SELECT picture_set_id FROM is_now');
CREATE TRIGGER picture_deleted AFTER DELETE ON nachet.picture
	REFERENCING OLD TABLE AS was
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT picture_set_id FROM was');
CREATE TRIGGER picture_truncated AFTER TRUNCATE ON nachet.picture
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT id FROM nachet.picture_set');
CREATE TRIGGER picture_seed_changed AFTER UPDATE ON nachet.picture_seed
	REFERENCING OLD TABLE AS was NEW TABLE AS is_now
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT p.picture_set_id FROM nachet.picture p WHERE p.id IN'
		' (SELECT picture_id FROM was UNION SELECT picture_id FROM is_now)');
CREATE TRIGGER picture_seed_deleted AFTER DELETE ON nachet.picture_seed
	REFERENCING OLD TABLE AS was
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT p.picture_set_id FROM nachet.picture p WHERE p.id IN (SELECT picture_id FROM was)');
CREATE TRIGGER picture_seed_truncated AFTER TRUNCATE ON nachet.picture_seed
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT id FROM nachet.picture_set');

-- Functions, each with its comment and its privileges.

CREATE FUNCTION nachet.get_all_seeds_names() RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'get_all_seeds_names' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.get_all_seeds_names() IS
	'the names of the registered seeds, sorted by code point';
ALTER FUNCTION nachet.get_all_seeds_names() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.get_all_seeds_names() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.get_all_seeds_names() TO nachet_importer, nachet_reader, nachet_app, nachet_admin;

CREATE FUNCTION nachet.is_user_registered(email text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'is_user_registered' LANGUAGE C STABLE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.is_user_registered(text) IS
	'the id of the user with this e-mail address, compared without case; NULL where there is none';
ALTER FUNCTION nachet.is_user_registered(text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.is_user_registered(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.is_user_registered(text) TO nachet_importer, nachet_app, nachet_admin;

CREATE FUNCTION nachet.register_user(email text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'register_user' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.register_user(text) IS
	'creates a user, or returns the one that is there';
ALTER FUNCTION nachet.register_user(text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.register_user(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.register_user(text) TO nachet_admin;

CREATE FUNCTION nachet.register_seed(name text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'register_seed' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.register_seed(text) IS
	'creates a seed, or returns the one that is there';
ALTER FUNCTION nachet.register_seed(text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.register_seed(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.register_seed(text) TO nachet_admin;

CREATE FUNCTION nachet.chunk_size() RETURNS integer
	AS 'MODULE_PATHNAME', 'chunk_size' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nachet.chunk_size() IS
	'the bytes of each chunk of a content but its last';
ALTER FUNCTION nachet.chunk_size() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.chunk_size() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.chunk_size() TO nachet_importer, nachet_reader, nachet_admin;

CREATE FUNCTION nachet.missing_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'missing_contents' LANGUAGE C STABLE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.missing_contents(bytea[]) IS
	'which of these SHA-256 are not stored yet, each once';
ALTER FUNCTION nachet.missing_contents(bytea[]) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.missing_contents(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.missing_contents(bytea[]) TO nachet_importer;

CREATE FUNCTION nachet.hold_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'hold_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.hold_contents(bytea[]) IS
	'which of these SHA-256 are not stored yet, each once; those that are, no sweep takes before the transaction ends';
ALTER FUNCTION nachet.hold_contents(bytea[]) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.hold_contents(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.hold_contents(bytea[]) TO nachet_importer;

CREATE FUNCTION nachet.upload_picture_set(pictures bytea[], user_id uuid, data jsonb) RETURNS uuid
	AS 'MODULE_PATHNAME', 'upload_picture_set' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) IS
	'stores pictures and makes a set of them, whole or not at all; the same set again is the one that is there. data: seed_name, zoom_level, nb_seeds, and optionally name and more';
ALTER FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) TO nachet_importer;

CREATE FUNCTION nachet.upload_picture_set(names text[], contents bytea[], user_id uuid, data jsonb) RETURNS uuid
	AS 'MODULE_PATHNAME', 'upload_picture_set_by_digest' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) IS
	'makes a set of contents that are stored already, given by SHA-256; else as upload_picture_set(bytea[], uuid, jsonb)';
ALTER FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) TO nachet_importer;

CREATE FUNCTION nachet.picture_content(picture_id uuid) RETURNS bytea
	AS 'MODULE_PATHNAME', 'picture_content' LANGUAGE C STABLE STRICT COST 1000;
COMMENT ON FUNCTION nachet.picture_content(uuid) IS
	'all bytes of a picture; NULL where there is no such picture or it has no bytes';
ALTER FUNCTION nachet.picture_content(uuid) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.picture_content(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.picture_content(uuid) TO nachet_reader;

CREATE FUNCTION nachet.content_read(sha256 bytea, "offset" bigint, length bigint) RETURNS bytea
	AS 'MODULE_PATHNAME', 'content_read' LANGUAGE C STABLE STRICT COST 1000;
COMMENT ON FUNCTION nachet.content_read(bytea, bigint, bigint) IS
	'at most length bytes of a stored content, from offset (from 0); NULL where it is not stored';
ALTER FUNCTION nachet.content_read(bytea, bigint, bigint) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.content_read(bytea, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.content_read(bytea, bigint, bigint) TO nachet_reader;

CREATE FUNCTION nachet.picture_form(request jsonb, auth_email text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_form' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_form(jsonb, text) IS
	'what the route /picture-form answers: {user_id, email, seed_names, limits}; auth_email is who the service has authenticated, or NULL';
ALTER FUNCTION nachet.picture_form(jsonb, text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.picture_form(jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.picture_form(jsonb, text) TO nachet_importer;

CREATE FUNCTION nachet.batch_import(request jsonb, auth_email text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'batch_import' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.batch_import(jsonb, text) IS
	'what the route /batch-import answers to a manifest: {result: created, present, missing or checked, ...}; auth_email is who the service has authenticated, or NULL';
ALTER FUNCTION nachet.batch_import(jsonb, text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.batch_import(jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.batch_import(jsonb, text) TO nachet_importer;

CREATE FUNCTION nachet.delete_picture_set(picture_set_id uuid) RETURNS bigint
	AS 'MODULE_PATHNAME', 'delete_picture_set' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.delete_picture_set(uuid) IS
	'removes a set, its pictures, and the contents that only it used; returns the bytes freed';
ALTER FUNCTION nachet.delete_picture_set(uuid) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.delete_picture_set(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.delete_picture_set(uuid) TO nachet_admin;

CREATE FUNCTION nachet.sweep_contents(older_than interval, OUT contents bigint, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'sweep_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.sweep_contents(interval) IS
	'removes contents that no picture refers to and that were stored longer ago than that';
ALTER FUNCTION nachet.sweep_contents(interval) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.sweep_contents(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.sweep_contents(interval) TO nachet_admin;

CREATE FUNCTION nachet.request_json(request text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'request_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nachet.request_json(text) IS
	'a request''s JSON text as jsonb; refused where an object names a key twice, of which jsonb would keep the last';
ALTER FUNCTION nachet.request_json(text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.request_json(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.request_json(text) TO nachet_importer;

CREATE FUNCTION nachet.request_user(request jsonb, auth_email text DEFAULT NULL) RETURNS uuid
	AS 'MODULE_PATHNAME', 'request_user' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.request_user(jsonb, text) IS
	'the id of the registered user in whose name a request is made: its email, or auth_email, who the service has authenticated';
ALTER FUNCTION nachet.request_user(jsonb, text) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.request_user(jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.request_user(jsonb, text) TO nachet_importer;

CREATE FUNCTION nachet.content_facts(digests bytea[])
	RETURNS TABLE (sha256 bytea, byte_size bigint, format text, width integer, height integer, reason text)
	AS 'MODULE_PATHNAME', 'content_facts' LANGUAGE C STABLE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_facts(bytea[]) IS
	'of those of these SHA-256 that are stored, each once, what their bytes are; reason: why they are no acceptable picture, NULL where they are one';
ALTER FUNCTION nachet.content_facts(bytea[]) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.content_facts(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.content_facts(bytea[]) TO nachet_importer;
-- The object store: whose objects are whose, what is to be deleted, what is where.

CREATE TABLE nachet.object_store (
	one_row boolean NOT NULL DEFAULT true PRIMARY KEY CHECK (one_row),
	prefix text NOT NULL,
	location text NOT NULL,
	system_identifier bigint NOT NULL,
	database_oid bigint NOT NULL,
	timeline bigint NOT NULL
);
COMMENT ON TABLE nachet.object_store IS
	'the prefix under which this database writes objects, and which database that is: a copy of it differs';
COMMENT ON COLUMN nachet.object_store.location IS 'the store that it last wrote to';
ALTER TABLE nachet.object_store OWNER TO nachet_owner;
SELECT pg_catalog.pg_extension_config_dump('nachet.object_store', '');

CREATE TABLE nachet.object_deletion (
	object_url text NOT NULL PRIMARY KEY,
	queued_at timestamptz NOT NULL DEFAULT now(),
	tries integer NOT NULL DEFAULT 0,
	next_try timestamptz NOT NULL DEFAULT now(),
	last_error text
);
CREATE INDEX object_deletion_next_try_idx ON nachet.object_deletion (next_try);
COMMENT ON TABLE nachet.object_deletion IS
	'objects that the next offload_contents deletes, those whose contents are gone; some may never have been written';
ALTER TABLE nachet.object_deletion OWNER TO nachet_owner;
SELECT pg_catalog.pg_extension_config_dump('nachet.object_deletion', '');

CREATE FUNCTION nachet.offload_contents(max_count bigint DEFAULT 1000, max_bytes bigint DEFAULT 10737418240,
		OUT contents bigint, OUT bytes bigint, OUT failed bigint, OUT deleted bigint)
	AS 'MODULE_PATHNAME', 'offload_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.offload_contents(bigint, bigint) IS
	'moves contents to the object store, until as many or as large as that, and deletes objects whose contents are gone';
ALTER FUNCTION nachet.offload_contents(bigint, bigint) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.offload_contents(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.offload_contents(bigint, bigint) TO nachet_admin;

CREATE FUNCTION nachet.adopt_object_store() RETURNS text
	AS 'MODULE_PATHNAME', 'adopt_object_store' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.adopt_object_store() IS
	'says that this database has become what it is a copy of, which is gone: its objects are now this one''s';
ALTER FUNCTION nachet.adopt_object_store() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.adopt_object_store() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.adopt_object_store() TO nachet_admin;

CREATE FUNCTION nachet.renew_object_store_prefix() RETURNS text
	AS 'MODULE_PATHNAME', 'renew_object_store_prefix' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.renew_object_store_prefix() IS
	'gives this database a prefix of its own, for where what it is a copy of lives on; it reads the other''s objects and deletes none';
ALTER FUNCTION nachet.renew_object_store_prefix() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.renew_object_store_prefix() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.renew_object_store_prefix() TO nachet_admin;

CREATE FUNCTION nachet.restore_contents(max_count bigint DEFAULT 1000, max_bytes bigint DEFAULT 10737418240,
		picture_set_id uuid DEFAULT NULL, OUT contents bigint, OUT bytes bigint, OUT failed bigint)
	AS 'MODULE_PATHNAME', 'restore_contents' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.restore_contents(bigint, bigint, uuid) IS
	'brings contents back from the object store, all or those of one set, until as many or as large as that';
ALTER FUNCTION nachet.restore_contents(bigint, bigint, uuid) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.restore_contents(bigint, bigint, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.restore_contents(bigint, bigint, uuid) TO nachet_admin;

CREATE VIEW nachet.storage AS
	SELECT c.contents, c.bytes,
		c.database_contents, c.database_bytes, c.store_contents, c.store_bytes,
		c.waiting_contents, c.waiting_bytes, c.orphaned_contents, c.orphaned_bytes,
		d.queued_deletions, d.failed_deletions
	FROM (
		SELECT count(*) AS contents, coalesce(sum(byte_size), 0) AS bytes,
			count(*) FILTER (WHERE object_url IS NULL) AS database_contents,
			coalesce(sum(byte_size) FILTER (WHERE object_url IS NULL), 0) AS database_bytes,
			count(*) FILTER (WHERE object_url IS NOT NULL) AS store_contents,
			coalesce(sum(byte_size) FILTER (WHERE object_url IS NOT NULL), 0) AS store_bytes,
			count(*) FILTER (WHERE object_url IS NULL AND format IS NOT NULL AND used) AS waiting_contents,
			coalesce(sum(byte_size) FILTER (WHERE object_url IS NULL AND format IS NOT NULL AND used), 0) AS waiting_bytes,
			count(*) FILTER (WHERE NOT used) AS orphaned_contents,
			coalesce(sum(byte_size) FILTER (WHERE NOT used), 0) AS orphaned_bytes
		FROM (
			SELECT byte_size, object_url, format,
				EXISTS (SELECT FROM nachet.picture p WHERE p.content_id = content.id) AS used
			FROM nachet.content
		) AS u
	) AS c, (
		SELECT count(*) AS queued_deletions, count(*) FILTER (WHERE tries > 0) AS failed_deletions
		FROM nachet.object_deletion
	) AS d;
COMMENT ON VIEW nachet.storage IS
	'where the bytes are: in all, in the database, in the object store; waiting to be moved there; orphaned: of no picture, for sweep_contents; objects that wait for deletion, and those of them that failed before';
ALTER VIEW nachet.storage OWNER TO nachet_owner;
GRANT SELECT ON nachet.storage TO nachet_admin;
-- Verification: stored contents read again. What it notes is about this cluster's files, so no dump takes it along.

CREATE TABLE nachet.verify_run (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at timestamptz
);
CREATE UNIQUE INDEX verify_run_under_way ON nachet.verify_run ((true)) WHERE finished_at IS NULL;
COMMENT ON TABLE nachet.verify_run IS 'runs of verify_all; one at most is under way';

CREATE TABLE nachet.verify_range (
	run_id bigint NOT NULL REFERENCES nachet.verify_run (id) ON DELETE CASCADE,
	last_id bigint NOT NULL,
	next_id bigint NOT NULL,
	done boolean NOT NULL DEFAULT false,
	contents bigint NOT NULL DEFAULT 0,
	bytes bigint NOT NULL DEFAULT 0,
	findings bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (run_id, last_id)
);
COMMENT ON TABLE nachet.verify_range IS 'the ranges of content ids that the latest run is cut into, and how far each has come';

CREATE TABLE nachet.verify_finding (
	run_id bigint NOT NULL REFERENCES nachet.verify_run (id) ON DELETE CASCADE,
	found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	content_id bigint,
	sha256 bytea,
	flaw text NOT NULL,
	detail text NOT NULL,
	picture_ids uuid[]
);
CREATE INDEX verify_finding_run_id_idx ON nachet.verify_finding (run_id);
COMMENT ON TABLE nachet.verify_finding IS 'damage that runs of verify_all have found';
COMMENT ON COLUMN nachet.verify_finding.content_id IS 'NULL where an index could not be read';
COMMENT ON COLUMN nachet.verify_finding.picture_ids IS
	'the pictures that have this content; NULL where they could not be read';

CREATE VIEW nachet.verify_progress AS
	SELECT r.id AS run_id, r.started_at, r.finished_at, sum(p.contents)::bigint AS contents,
		sum(p.bytes)::bigint AS bytes,
		(SELECT count(*) FROM nachet.verify_finding f WHERE f.run_id = r.id) AS findings,
		count(*) FILTER (WHERE p.done) AS ranges_done, count(*) AS ranges
	FROM nachet.verify_run r JOIN nachet.verify_range p ON p.run_id = r.id
	GROUP BY r.id;
COMMENT ON VIEW nachet.verify_progress IS 'how far the latest run of verify_all has come';

ALTER TABLE nachet.verify_run OWNER TO nachet_owner;
ALTER TABLE nachet.verify_range OWNER TO nachet_owner;
ALTER TABLE nachet.verify_finding OWNER TO nachet_owner;
ALTER VIEW nachet.verify_progress OWNER TO nachet_owner;
GRANT SELECT ON nachet.verify_run, nachet.verify_finding, nachet.verify_progress TO nachet_admin;

CREATE FUNCTION nachet.verify_contents(first_id bigint DEFAULT NULL, last_id bigint DEFAULT NULL, OUT content_id bigint,
	OUT sha256 bytea, OUT flaw text, OUT detail text, OUT picture_ids uuid[]) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'verify_contents' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.verify_contents(bigint, bigint) IS
	'reads the contents of these ids again (NULL: no bound) and tells of each that is damaged, with the pictures that have it';
ALTER FUNCTION nachet.verify_contents(bigint, bigint) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.verify_contents(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.verify_contents(bigint, bigint) TO nachet_admin;

CREATE FUNCTION nachet.verify_begin() RETURNS bigint
	AS 'MODULE_PATHNAME', 'verify_begin' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.verify_begin() IS 'a part of verify_all: the run that is under way, or a new one';
ALTER FUNCTION nachet.verify_begin() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.verify_begin() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.verify_begin() TO nachet_admin;

CREATE FUNCTION nachet.verify_next(run_id bigint, max_bytes bigint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'verify_next' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.verify_next(bigint, bigint) IS
	'a part of verify_all: verifies one slice of a run; false where none is left to take';
ALTER FUNCTION nachet.verify_next(bigint, bigint) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.verify_next(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.verify_next(bigint, bigint) TO nachet_admin;

-- It commits, which a procedure with rights or a search_path of its own cannot.
CREATE PROCEDURE nachet.verify_all(max_bytes bigint DEFAULT 1073741824, INOUT findings bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'verify_all' LANGUAGE C;
COMMENT ON PROCEDURE nachet.verify_all(bigint, bigint) IS
	'verifies all contents, committing after each slice of about that many bytes; goes on where a run was broken off, and shares one that is under way';
ALTER PROCEDURE nachet.verify_all(bigint, bigint) OWNER TO nachet_owner;
REVOKE ALL ON PROCEDURE nachet.verify_all(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE nachet.verify_all(bigint, bigint) TO nachet_admin;
-- What keeps a slip of DROP from taking the pictures along.

CREATE FUNCTION nachet.refuse_drop() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'refuse_drop' LANGUAGE C
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.refuse_drop() IS
	'refuses to drop the extension, its schema or what their owner owns while pictures are stored, unless nachet.allow_drop is on';
ALTER FUNCTION nachet.refuse_drop() OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.refuse_drop() FROM PUBLIC;

CREATE EVENT TRIGGER nachet_drop_guard ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION nachet.refuse_drop();
COMMENT ON EVENT TRIGGER nachet_drop_guard IS 'keeps stored pictures from being dropped along with the extension';
