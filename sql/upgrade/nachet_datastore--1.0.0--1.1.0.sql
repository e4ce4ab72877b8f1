-- nachet_datastore: from 1.0.0 to 1.1.0.
--
-- Rule: what this makes of 1.0.0 is, object for object, what the numbered parts make from nothing.

\echo Use "ALTER EXTENSION nachet_datastore UPDATE TO '1.1.0'" to load this file. \quit

-- Scripts of extensions run with the schema's own operators in sight, as a superuser: none but PostgreSQL's may be found here.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

ALTER FUNCTION nachet.picture_content(uuid) COST 1000;
ALTER FUNCTION nachet.content_read(bytea, bigint, bigint) COST 1000;

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

CREATE FUNCTION nachet.hold_contents(digests bytea[]) RETURNS SETOF bytea
	AS 'MODULE_PATHNAME', 'hold_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.hold_contents(bytea[]) IS
	'which of these SHA-256 are not stored yet, each once; those that are, no sweep takes before the transaction ends';
ALTER FUNCTION nachet.hold_contents(bytea[]) OWNER TO nachet_owner;
REVOKE ALL ON FUNCTION nachet.hold_contents(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION nachet.hold_contents(bytea[]) TO nachet_importer;

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

-- Contents in an object store.
ALTER TABLE nachet.content ADD COLUMN object_id bigint, ADD COLUMN object_etag text;
CREATE INDEX content_in_database_idx ON nachet.content (id) WHERE object_url IS NULL;
COMMENT ON COLUMN nachet.content.object_id IS
	'the number in its object''s name, where that is not its id: after a restore, so that no name is used twice';
COMMENT ON COLUMN nachet.content.object_etag IS 'the version of the object that was written, as the store names it';

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
