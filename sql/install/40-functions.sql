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
	'the id of the user with this e-mail address, compared without regard to case; NULL if there is none';

CREATE FUNCTION nachet.register_user(email text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'register_user' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.register_user(text) IS
	'registers a user and returns the id; if the user is registered already, returns the existing id';

CREATE FUNCTION nachet.register_seed(name text) RETURNS uuid
	AS 'MODULE_PATHNAME', 'register_seed' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.register_seed(text) IS
	'registers a seed and returns its id; if the name is registered already, in any case, spacing or Unicode form, returns the existing id';

CREATE FUNCTION nachet.chunk_size() RETURNS integer
	AS 'MODULE_PATHNAME', 'chunk_size' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nachet.chunk_size() IS
	'size in bytes of every chunk of a content except the last';

CREATE FUNCTION nachet.missing_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'missing_contents' LANGUAGE C STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.missing_contents(bytea[]) IS
	'returns those of these SHA-256 that are not stored, without duplicates';

CREATE FUNCTION nachet.hold_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'hold_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.hold_contents(bytea[]) IS
	'like missing_contents, but also locks the stored contents so that no sweep removes them before the transaction ends';

CREATE FUNCTION nachet.upload_picture_set(pictures bytea[], user_id uuid, data jsonb) RETURNS uuid
	AS 'MODULE_PATHNAME', 'upload_picture_set' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) IS
	'stores pictures and makes a picture set of them, atomically; returns the id of the existing set if it is identical. data: seed_name, zoom_level, nb_seeds, and optionally name and other keys';

CREATE FUNCTION nachet.upload_picture_set(names text[], contents bytea[], user_id uuid, data jsonb) RETURNS uuid
	AS 'MODULE_PATHNAME', 'upload_picture_set_by_digest' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) IS
	'makes a picture set of stored contents, given by their SHA-256; otherwise like upload_picture_set(bytea[], uuid, jsonb)';

CREATE FUNCTION nachet.picture_content(picture_id uuid) RETURNS bytea
	AS 'MODULE_PATHNAME', 'picture_content' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION nachet.picture_content(uuid) IS
	'all bytes of a picture; NULL if the picture does not exist or has no content';

CREATE FUNCTION nachet.content_read(sha256 bytea, "offset" bigint, length bigint) RETURNS bytea
	AS 'MODULE_PATHNAME', 'content_read' LANGUAGE C STABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION nachet.content_read(bytea, bigint, bigint) IS
	'up to length bytes of a stored content, starting at offset (0 is the first byte); NULL if it is not stored';

CREATE FUNCTION nachet.picture_form(request jsonb, auth_email text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_form' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_form(jsonb, text) IS
	'response of the route /picture-form: {user_id, email, seed_names, limits}; auth_email is the address of the authenticated user, or NULL';

CREATE FUNCTION nachet.batch_import(request jsonb, auth_email text DEFAULT NULL) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'batch_import' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.batch_import(jsonb, text) IS
	'imports a manifest and returns the response of the route /batch-import: {result: created, present, missing or checked, ...}; auth_email is the address of the authenticated user, or NULL';

CREATE FUNCTION nachet.picture_errors(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_errors' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_errors(jsonb) IS
	'lists for programs why batch_import refuses pictures of a request (NC003): {errors: [{name, reason, code}], errors_left_out}';

CREATE FUNCTION nachet.delete_picture_set(picture_set_id uuid) RETURNS bigint
	AS 'MODULE_PATHNAME', 'delete_picture_set' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.delete_picture_set(uuid) IS
	'deletes a picture set, its pictures, and the contents that only it used; returns the number of bytes freed';

CREATE FUNCTION nachet.sweep_contents(older_than interval, OUT contents bigint, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'sweep_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.sweep_contents(interval) IS
	'removes contents that no picture refers to and that were stored more than older_than ago';

CREATE FUNCTION nachet.sweep_next(before timestamptz, after_id bigint, OUT contents bigint, OUT bytes bigint, OUT last_id bigint)
	AS 'MODULE_PATHNAME', 'sweep_next' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.sweep_next(timestamptz, bigint) IS
	'used by sweep_all: removes one batch; the next batch starts after last_id, which is 9223372036854775807 if there is none';

-- It commits, which a procedure with rights or a search_path of its own cannot.
CREATE PROCEDURE nachet.sweep_all(older_than interval, INOUT contents bigint DEFAULT NULL, INOUT bytes bigint DEFAULT NULL)
	AS 'MODULE_PATHNAME', 'sweep_all' LANGUAGE C;
COMMENT ON PROCEDURE nachet.sweep_all(interval, bigint, bigint) IS
	'like sweep_contents, but commits after each batch, so that a session that stores the same bytes waits for one batch at most';

CREATE FUNCTION nachet.request_json(request text) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'request_json' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nachet.request_json(text) IS
	'a request''s JSON text as jsonb; refuses repeated keys, and too many values for the length of the text';

CREATE FUNCTION nachet.request_user(request jsonb, auth_email text DEFAULT NULL) RETURNS uuid
	AS 'MODULE_PATHNAME', 'request_user' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.request_user(jsonb, text) IS
	'the id of the registered user who makes a request: its email, or auth_email, the address of the authenticated user';

CREATE FUNCTION nachet.content_facts(digests bytea[])
	RETURNS TABLE (sha256 bytea, byte_size bigint, format text, width integer, height integer, reason text, code text)
	AS 'MODULE_PATHNAME', 'content_facts' LANGUAGE C STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_facts(bytea[]) IS
	'size, format and dimensions of the stored contents among these SHA-256, without duplicates; reason: why one is not an acceptable picture, or NULL; code: the same for programs';
