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
SELECT pg_catalog.pg_extension_config_dump('nachet.object_store', '');

CREATE TABLE nachet.object_deletion (
	object_url text NOT NULL PRIMARY KEY,
	queued_at timestamptz NOT NULL DEFAULT now(),
	tries integer NOT NULL DEFAULT 0,
	next_try timestamptz NOT NULL DEFAULT now(),
	last_error text
);
CREATE INDEX object_deletion_queued_at_idx ON nachet.object_deletion (queued_at) WHERE tries = 0;
CREATE INDEX object_deletion_next_try_idx ON nachet.object_deletion (next_try) WHERE tries > 0;
COMMENT ON TABLE nachet.object_deletion IS
	'objects whose contents are gone, for offload_contents to delete after nachet.object_store_keep; some may never have been written';
COMMENT ON COLUMN nachet.object_deletion.queued_at IS 'when its content was deleted; nachet.object_store_keep counts from here';
COMMENT ON COLUMN nachet.object_deletion.tries IS 'how often deleting it has failed';
COMMENT ON COLUMN nachet.object_deletion.next_try IS 'when it is tried again after a failure';
SELECT pg_catalog.pg_extension_config_dump('nachet.object_deletion', '');

CREATE FUNCTION nachet.offload_contents(max_count bigint DEFAULT 1000, max_bytes bigint DEFAULT 10737418240,
		OUT contents bigint, OUT bytes bigint, OUT failed bigint, OUT deleted bigint)
	AS 'MODULE_PATHNAME', 'offload_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.offload_contents(bigint, bigint) IS
	'moves contents to the object store, until as many or as large as that, and deletes objects whose contents have been gone for nachet.object_store_keep';

CREATE FUNCTION nachet.adopt_object_store() RETURNS text
	AS 'MODULE_PATHNAME', 'adopt_object_store' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.adopt_object_store() IS
	'says that this database has become what it is a copy of, which is gone: its objects are now this one''s';

CREATE FUNCTION nachet.renew_object_store_prefix() RETURNS text
	AS 'MODULE_PATHNAME', 'renew_object_store_prefix' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.renew_object_store_prefix() IS
	'gives this database a prefix of its own, for where what it is a copy of lives on; it reads the other''s objects and deletes none';

CREATE FUNCTION nachet.restore_contents(max_count bigint DEFAULT 1000, max_bytes bigint DEFAULT 10737418240,
		picture_set_id uuid DEFAULT NULL, OUT contents bigint, OUT bytes bigint, OUT failed bigint)
	AS 'MODULE_PATHNAME', 'restore_contents' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.restore_contents(bigint, bigint, uuid) IS
	'brings contents back from the object store, all or those of one set, until as many or as large as that';

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
