-- Functions, each with its comment. Who may run them: 70-rights.sql.

CREATE FUNCTION nachet.get_all_seeds_names() RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'get_all_seeds_names' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.get_all_seeds_names() IS
	'the names of the registered seeds, sorted by code point';

CREATE FUNCTION nachet.is_user_registered(email text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'is_user_registered' LANGUAGE C STABLE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.is_user_registered(text) IS
	'the id of the user with this e-mail address, compared without case; NULL where there is none';

CREATE FUNCTION nachet.register_user(email text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'register_user' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.register_user(text) IS
	'creates a user, or returns the one that is there';

CREATE FUNCTION nachet.register_seed(name text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'register_seed' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.register_seed(text) IS
	'creates a seed, or returns the one that is there, whatever the case, blanks and Unicode form of its name';

CREATE FUNCTION nachet.chunk_size() RETURNS integer
	AS 'MODULE_PATHNAME', 'chunk_size' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nachet.chunk_size() IS
	'the bytes of each chunk of a content but its last';

CREATE FUNCTION nachet.missing_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'missing_contents' LANGUAGE C STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.missing_contents(bytea[]) IS
	'which of these SHA-256 are not stored yet, each once';

CREATE FUNCTION nachet.hold_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'hold_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.hold_contents(bytea[]) IS
	'which of these SHA-256 are not stored yet, each once; those that are, no sweep takes before the transaction ends';

CREATE FUNCTION nachet.upload_picture_set(pictures bytea[], user_id uuid, data jsonb) RETURNS uuid
	AS 'MODULE_PATHNAME', 'upload_picture_set' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) IS
	'stores pictures and makes a set of them, whole or not at all; the same set again is the one that is there. data: seed_name, zoom_level, nb_seeds, and optionally name and more';

CREATE FUNCTION nachet.upload_picture_set(names text[], contents bytea[], user_id uuid, data jsonb) RETURNS uuid
	AS 'MODULE_PATHNAME', 'upload_picture_set_by_digest' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) IS
	'makes a set of contents that are stored already, given by SHA-256; else as upload_picture_set(bytea[], uuid, jsonb)';

CREATE FUNCTION nachet.picture_content(picture_id uuid) RETURNS bytea
	AS 'MODULE_PATHNAME', 'picture_content' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION nachet.picture_content(uuid) IS
	'all bytes of a picture; NULL where there is no such picture or it has no bytes';

CREATE FUNCTION nachet.content_read(sha256 bytea, "offset" bigint, length bigint) RETURNS bytea
	AS 'MODULE_PATHNAME', 'content_read' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION nachet.content_read(bytea, bigint, bigint) IS
	'at most length bytes of a stored content, from offset (from 0); NULL where it is not stored';

CREATE FUNCTION nachet.picture_form(request jsonb, auth_email text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_form' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_form(jsonb, text) IS
	'what the route /picture-form answers: {user_id, email, seed_names, limits}; auth_email is who the service has authenticated, or NULL';

CREATE FUNCTION nachet.batch_import(request jsonb, auth_email text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'batch_import' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.batch_import(jsonb, text) IS
	'what the route /batch-import answers to a manifest: {result: created, present, missing or checked, ...}; auth_email is who the service has authenticated, or NULL';

CREATE FUNCTION nachet.picture_errors(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_errors' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_errors(jsonb) IS
	'why batch_import refuses pictures of a request (NC003), for programs: {errors: [{name, reason, code}], errors_left_out}';

CREATE FUNCTION nachet.delete_picture_set(picture_set_id uuid) RETURNS bigint
	AS 'MODULE_PATHNAME', 'delete_picture_set' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.delete_picture_set(uuid) IS
	'removes a set, its pictures, and the contents that only it used; returns the bytes freed';

CREATE FUNCTION nachet.sweep_contents(older_than interval, OUT contents bigint, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'sweep_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.sweep_contents(interval) IS
	'removes contents that no picture refers to and that were stored longer ago than that';

CREATE FUNCTION nachet.sweep_next(before timestamptz, after_id bigint, OUT contents bigint, OUT bytes bigint, OUT last_id bigint)
	AS 'MODULE_PATHNAME', 'sweep_next' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.sweep_next(timestamptz, bigint) IS
	'a part of sweep_all: removes one batch; the next begins after last_id, which is 9223372036854775807 if there is none';

-- It commits, which a procedure with rights or a search_path of its own cannot.
CREATE PROCEDURE nachet.sweep_all(older_than interval, INOUT contents bigint DEFAULT NULL, INOUT bytes bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'sweep_all' LANGUAGE C;
COMMENT ON PROCEDURE nachet.sweep_all(interval, bigint, bigint) IS
	'removes what sweep_contents removes, committing after each batch: whoever stores the same bytes waits for one batch at most';

CREATE FUNCTION nachet.request_json(request text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'request_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nachet.request_json(text) IS
	'a request''s JSON text as jsonb; refuses an object that names a key twice, and more values than its length lets expect';

CREATE FUNCTION nachet.request_user(request jsonb, auth_email text DEFAULT NULL) RETURNS uuid
	AS 'MODULE_PATHNAME', 'request_user' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.request_user(jsonb, text) IS
	'the id of the registered user in whose name a request is made: its email, or auth_email, who the service has authenticated';

CREATE FUNCTION nachet.content_facts(digests bytea[])
	RETURNS TABLE (sha256 bytea, byte_size bigint, format text, width integer, height integer, reason text, code text)
	AS 'MODULE_PATHNAME', 'content_facts' LANGUAGE C STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_facts(bytea[]) IS
	'of those of these SHA-256 that are stored, each once, what their bytes are; reason: why they are no acceptable picture, NULL if they are one; code: the same for programs';
