-- nachet_datastore: from 1.0.0 to 1.1.0.
--
-- Rule: what this makes of 1.0.0 is, object for object, what the numbered parts make from nothing.

\echo Use "ALTER EXTENSION nachet_datastore UPDATE TO '1.1.0'" to load this file. \quit

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
