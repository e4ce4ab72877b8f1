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
	'the prefix of this database''s objects, and the identity of the database, by which a copy of it is recognized';
COMMENT ON COLUMN nachet.object_store.location IS
	'the object store that this database last wrote to';
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
	'objects whose contents were deleted; offload_contents deletes them after nachet.object_store_keep; some may never have been written';
COMMENT ON COLUMN nachet.object_deletion.queued_at IS
	'when the content was deleted; nachet.object_store_keep counts from then';
COMMENT ON COLUMN nachet.object_deletion.tries IS 'number of failed attempts to delete the object';
COMMENT ON COLUMN nachet.object_deletion.next_try IS
	'earliest time of the next attempt after a failure';
SELECT pg_catalog.pg_extension_config_dump('nachet.object_deletion', '');

CREATE FUNCTION nachet.offload_contents(max_count bigint DEFAULT 1000, max_bytes bigint DEFAULT 10737418240,
		OUT contents bigint, OUT bytes bigint, OUT failed bigint, OUT deleted bigint)
	AS 'MODULE_PATHNAME', 'offload_contents' LANGUAGE C VOLATILE STRICT
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.offload_contents(bigint, bigint) IS
	'moves contents to the object store until max_count or max_bytes is reached; deletes objects whose contents were deleted more than nachet.object_store_keep ago';

CREATE FUNCTION nachet.adopt_object_store() RETURNS text
	AS 'MODULE_PATHNAME', 'adopt_object_store' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.adopt_object_store() IS
	'takes over the objects of the database that this one was restored from; the original must be gone';

CREATE FUNCTION nachet.renew_object_store_prefix() RETURNS text
	AS 'MODULE_PATHNAME', 'renew_object_store_prefix' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.renew_object_store_prefix() IS
	'starts a new prefix, for a copy whose original is still in use; the original''s objects are read, never deleted';

CREATE FUNCTION nachet.restore_contents(max_count bigint DEFAULT 1000, max_bytes bigint DEFAULT 10737418240,
		picture_set_id uuid DEFAULT NULL, OUT contents bigint, OUT bytes bigint, OUT failed bigint)
	AS 'MODULE_PATHNAME', 'restore_contents' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.restore_contents(bigint, bigint, uuid) IS
	'moves contents back from the object store, all or those of one picture set, until max_count or max_bytes is reached';

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
	'contents and bytes: all, in the database, in the object store, waiting to be moved there, and orphaned (of no picture, removed by sweep_contents); queued object deletions, and those of them that have failed';
