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
	'a request''s JSON text as jsonb; refuses an object that names a key twice, and more values than its length lets expect';
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
