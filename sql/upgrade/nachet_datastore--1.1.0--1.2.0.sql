-- nachet_datastore: from 1.1.0 to 1.2.0.
--
-- Rule: what this makes of 1.1.0 is, object for object, what the numbered parts make from nothing.

\echo Use "ALTER EXTENSION nachet_datastore UPDATE TO '1.2.0'" to load this file. \quit

-- Scripts of extensions run with the schema's own operators in sight, as a superuser: none but PostgreSQL's may be found here.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

-- Roles (10-roles.sql) ----------------------------------------------------------------------------

-- What is here already keeps the rights that the site has given it (see the end).
SELECT pg_catalog.set_config('nachet_upgrade.members', pg_catalog.string_agg(classid || ' ' || objid, ','), true)
	FROM pg_catalog.pg_depend
	WHERE deptype = 'e' AND refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
		AND refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'nachet_datastore');

-- Roles that were here before may have more rights. Everybody who can be nachet_owner reads and writes everything.
DO $$
DECLARE
	role record;
BEGIN
	FOR role IN
		SELECT name, pg_catalog.string_agg(what, ', ' ORDER BY place, what) AS rights
		FROM (
			SELECT r.rolname::text AS name, a.place, a.what
			FROM pg_catalog.pg_roles r, LATERAL (VALUES (1, 'LOGIN', rolcanlogin), (2, 'SUPERUSER', rolsuper),
				(3, 'CREATEROLE', rolcreaterole), (4, 'CREATEDB', rolcreatedb), (5, 'REPLICATION', rolreplication),
				(6, 'BYPASSRLS', rolbypassrls)) AS a (place, what, has)
			WHERE a.has
			UNION ALL SELECT r.rolname, 7, 'member of ' || g.rolname
			FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member
				JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
			UNION ALL SELECT r.rolname, 8, 'member ' || u.rolname
			FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
				JOIN pg_catalog.pg_roles u ON u.oid = m.member
			WHERE r.rolname = 'nachet_owner' AND NOT u.rolsuper
			UNION ALL SELECT r.rolname, 9, 'owner of ' || pg_catalog.pg_describe_object(o.classid, o.objid, o.objsubid)
			FROM pg_catalog.pg_shdepend o JOIN pg_catalog.pg_roles r ON r.oid = o.refobjid
			WHERE r.rolname = 'nachet_owner' AND o.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND o.deptype = 'o'
				AND o.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
				AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid
					AND d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass)
		) AS t
		WHERE name IN ('nachet_owner', 'nachet_reader', 'nachet_importer', 'nachet_app', 'nachet_admin')
		GROUP BY name ORDER BY name
	LOOP
		RAISE WARNING 'role "%" has more rights than nachet_datastore gives it', role.name
			USING DETAIL = pg_catalog.format('It has: %s.', role.rights),
				HINT = CASE role.name WHEN 'nachet_owner'
					THEN 'Revoke this from nachet_owner, REVOKE nachet_owner FROM each member that is not a superuser, and DROP or REASSIGN what it owns outside the extension: CREATE EXTENSION, and so the restore of a dump, may be refused otherwise.'
					ELSE 'Revoke what is not intended for all members of that role.' END;
	END LOOP;
END
$$;

-- Tables (20-tables.sql) -------------------------------------------------------------------------

COMMENT ON TABLE nachet.content IS
	'stored bytes, identified by their SHA-256; the bytes never change; an import may fill in a NULL format, width and height';
COMMENT ON COLUMN nachet.content.format IS
	'JPEG, PNG, GIF, BMP, TIFF or WebP; NULL if the bytes are not an acceptable picture';

-- A site's own index may have the name that PostgreSQL gives to such an index, which ours has now.
DO $$
DECLARE
	ours text;
BEGIN
	FOREACH ours IN ARRAY ARRAY['users_default_set_id_idx', 'object_deletion_queued_at_idx'] LOOP
		IF pg_catalog.to_regclass('nachet.' || ours) IS NOT NULL THEN
			EXECUTE pg_catalog.format('ALTER INDEX nachet.%I RENAME TO %I', ours, ours || '_site');
			RAISE WARNING 'index "nachet.%" is renamed to "%"', ours, ours || '_site'
				USING DETAIL = 'The extension has an index of its own with this name now.',
					HINT = 'Drop the renamed index if you do not need it any more.';
		END IF;
	END LOOP;
END
$$;

CREATE INDEX users_default_set_id_idx ON nachet.users (default_set_id) WHERE default_set_id IS NOT NULL;
COMMENT ON COLUMN nachet.users.default_set_id IS
	'the user''s default picture set; checked by triggers, because a circular foreign key would make a dump impossible to restore';

-- Chunks are written once. Frozen soon after that, within the same checkpoint, they cost no WAL any more; by default each page is logged
-- again when it is first read, vacuumed and frozen. Each row fills a page: a sample of 30,000 takes 234 MB, and tells nothing.
ALTER TABLE nachet.content_chunk
	SET (autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_threshold = 25000, autovacuum_vacuum_insert_scale_factor = 0),
	ALTER COLUMN content_id SET STATISTICS 10,
	ALTER COLUMN chunk_no SET STATISTICS 10,
	ALTER COLUMN data SET STATISTICS 0;

-- Comments in plainer words.
COMMENT ON FUNCTION nachet.uuidv7() IS
	'returns a new time-ordered id (UUID version 7, RFC 9562), greater than the session''s last one';
COMMENT ON TABLE nachet.users IS
	'registered users, who may import; e-mail addresses are compared without regard to case';
COMMENT ON TABLE nachet.seed IS 'registered seeds: the species that pictures can show';
COMMENT ON TABLE nachet.picture_set IS 'picture sets; an import is atomic';
COMMENT ON COLUMN nachet.picture_set.digest IS
	'SHA-256 of owner, data and pictures as imported; NULL after other SQL has changed the set';
COMMENT ON COLUMN nachet.content.width IS 'width in pixels';
COMMENT ON COLUMN nachet.content.height IS 'height in pixels';
COMMENT ON COLUMN nachet.content.chunk_size IS 'size in bytes of every chunk except the last';
COMMENT ON COLUMN nachet.content.object_url IS
	'URL of the object; NULL if the bytes are in content_chunk';
COMMENT ON COLUMN nachet.content.object_id IS
	'number in the object''s name if it is not the content''s id; set by a restore, so that no object name is used twice';
COMMENT ON COLUMN nachet.content.object_etag IS 'ETag of the object as it was written';
COMMENT ON TABLE nachet.content_chunk IS
	'chunks of contents; COPY nachet.content_chunk (chunk_no, data) FROM STDIN stores new contents';
COMMENT ON TABLE nachet.picture IS 'pictures of the picture sets';
COMMENT ON COLUMN nachet.picture.nb_obj IS 'number of seeds in the picture';
COMMENT ON COLUMN nachet.picture.name IS 'path relative to the imported folder';
COMMENT ON TABLE nachet.picture_seed IS 'the seed that a picture shows';

-- Triggers (30-triggers.sql) ---------------------------------------------------------------------

CREATE OR REPLACE TRIGGER picture_changed AFTER UPDATE ON nachet.picture
	REFERENCING OLD TABLE AS was NEW TABLE AS is_now
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT unnest(ARRAY[w.picture_set_id, n.picture_set_id]) FROM was w FULL JOIN is_now n USING (id)'
		' WHERE (w.picture_set_id, w.nb_obj, w.name, w.content_id, w.picture::text)'
		' IS DISTINCT FROM (n.picture_set_id, n.nb_obj, n.name, n.content_id, n.picture::text)');
-- A restore brings each picture's only seed; a further one is a change. Uploads, which act as nachet_owner, bring one each.
CREATE TRIGGER picture_seed_added AFTER INSERT ON nachet.picture_seed
	REFERENCING NEW TABLE AS is_now
	FOR EACH STATEMENT WHEN (current_user <> 'nachet_owner') EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT (SELECT p.picture_set_id FROM nachet.picture p WHERE p.id = n.picture_id) FROM is_now n'
		' WHERE EXISTS (SELECT FROM nachet.picture_seed s WHERE s.picture_id = n.picture_id AND s.id <> n.id OFFSET 0)');
CREATE OR REPLACE TRIGGER picture_seed_changed AFTER UPDATE ON nachet.picture_seed
	REFERENCING OLD TABLE AS was NEW TABLE AS is_now
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT p.picture_set_id FROM nachet.picture p WHERE p.id IN (SELECT picture_id FROM'
		' ((SELECT picture_id, seed_id FROM was EXCEPT SELECT picture_id, seed_id FROM is_now) UNION ALL'
		' (SELECT picture_id, seed_id FROM is_now EXCEPT SELECT picture_id, seed_id FROM was)) AS changed)');

-- A user's default set, guarded as by a foreign key.
CREATE FUNCTION nachet.default_set_chosen() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_set_chosen' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_set_chosen() IS
	'locks the picture set that becomes a user''s default set; error 23503 if it does not exist';
CREATE FUNCTION nachet.default_set_kept() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_set_kept' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_set_kept() IS 'refuses to delete a set that is the default of a user (23503)';
CREATE FUNCTION nachet.default_sets_kept() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_sets_kept' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_sets_kept() IS
	'refuses to truncate the sets while a user has a default set (23503)';

CREATE TRIGGER default_set_given AFTER INSERT ON nachet.users
	FOR EACH ROW WHEN (NEW.default_set_id IS NOT NULL AND NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.default_set_chosen();
-- Whoever may restore a dump brings users before sets.
CREATE TRIGGER default_set_restored AFTER INSERT ON nachet.users
	FOR EACH ROW WHEN (NEW.default_set_id IS NOT NULL AND pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.default_set_chosen('restored');
CREATE TRIGGER default_set_changed AFTER UPDATE ON nachet.users
	FOR EACH ROW WHEN (NEW.default_set_id IS NOT NULL AND NEW.default_set_id IS DISTINCT FROM OLD.default_set_id)
	EXECUTE FUNCTION nachet.default_set_chosen();
CREATE TRIGGER default_set_deleted AFTER DELETE ON nachet.picture_set
	FOR EACH ROW EXECUTE FUNCTION nachet.default_set_kept();
CREATE TRIGGER default_set_renamed AFTER UPDATE ON nachet.picture_set
	FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id) EXECUTE FUNCTION nachet.default_set_kept();
CREATE TRIGGER default_sets_truncated AFTER TRUNCATE ON nachet.picture_set
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.default_sets_kept();

-- Names and addresses that plain SQL brings. Whoever may restore a dump is not held up: it may be older than these rules.
CREATE FUNCTION nachet.seed_named() RETURNS trigger
	AS 'MODULE_PATHNAME', 'seed_named' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.seed_named() IS
	'refuses a seed name with superfluous blanks or invisible characters or not in normalization form C (23514), and one that is registered in another form (23505)';
CREATE FUNCTION nachet.user_named() RETURNS trigger
	AS 'MODULE_PATHNAME', 'user_named' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.user_named() IS 'refuses an invalid e-mail address (23514)';

CREATE TRIGGER seed_named BEFORE INSERT ON nachet.seed
	FOR EACH ROW WHEN (NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE')) EXECUTE FUNCTION nachet.seed_named();
CREATE TRIGGER seed_renamed BEFORE UPDATE ON nachet.seed
	FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM OLD.name AND NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.seed_named();
CREATE TRIGGER user_named BEFORE INSERT ON nachet.users
	FOR EACH ROW WHEN (NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE')) EXECUTE FUNCTION nachet.user_named();
CREATE TRIGGER user_renamed BEFORE UPDATE ON nachet.users
	FOR EACH ROW WHEN (NEW.email IS DISTINCT FROM OLD.email AND NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.user_named();

-- Replication of all tables brings row 1 of object_type to where the extension has made it already.
CREATE FUNCTION nachet.object_type_present() RETURNS trigger
	AS 'MODULE_PATHNAME', 'object_type_present' LANGUAGE C;
COMMENT ON FUNCTION nachet.object_type_present() IS
	'skips row 1 when replication brings it: every installation has it';
CREATE TRIGGER object_type_present BEFORE INSERT ON nachet.object_type
	FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION nachet.object_type_present();
ALTER TABLE nachet.object_type ENABLE REPLICA TRIGGER object_type_present;

-- Comments in plainer words.
COMMENT ON FUNCTION nachet.content_chunk_store() IS
	'sets a chunk''s content_id, checks its order and size (NC006), and hashes it';
COMMENT ON FUNCTION nachet.content_chunk_seal() IS
	'inserts the content rows for the chunks that a statement stored';
COMMENT ON FUNCTION nachet.picture_set_default_name() IS 'sets a picture set''s name to its id';
COMMENT ON FUNCTION nachet.picture_set_changed() IS 'clears the digest of a changed picture set';
COMMENT ON FUNCTION nachet.pictures_changed() IS
	'clears the digests of the picture sets that its argument, a query, returns';

-- Functions (40-functions.sql) -------------------------------------------------------------------

COMMENT ON FUNCTION nachet.register_seed(text) IS
	'registers a seed and returns its id; if the name is registered already, in any case, spacing or Unicode form, returns the existing id';

COMMENT ON FUNCTION nachet.request_json(text) IS
	'a request''s JSON text as jsonb; refuses repeated keys, and too many values for the length of the text';

-- They only read: tables, and the object store over a connection of the process that runs them.
ALTER FUNCTION nachet.missing_contents(bytea[]) PARALLEL SAFE;
ALTER FUNCTION nachet.picture_content(uuid) PARALLEL SAFE;
ALTER FUNCTION nachet.content_read(bytea, bigint, bigint) PARALLEL SAFE;

CREATE FUNCTION nachet.picture_errors(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_errors' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_errors(jsonb) IS
	'lists for programs why batch_import refuses pictures of a request (NC003): {errors: [{name, reason, code}], errors_left_out}';

-- It has a column more: code.
DROP FUNCTION nachet.content_facts(bytea[]);
CREATE FUNCTION nachet.content_facts(digests bytea[])
	RETURNS TABLE (sha256 bytea, byte_size bigint, format text, width integer, height integer, reason text, code text)
	AS 'MODULE_PATHNAME', 'content_facts' LANGUAGE C STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_facts(bytea[]) IS
	'size, format and dimensions of the stored contents among these SHA-256, without duplicates; reason: why one is not an acceptable picture, or NULL; code: the same for programs';

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

-- Comments in plainer words.
COMMENT ON FUNCTION nachet.is_user_registered(text) IS
	'the id of the user with this e-mail address, compared without regard to case; NULL if there is none';
COMMENT ON FUNCTION nachet.register_user(text) IS
	'registers a user and returns the id; if the user is registered already, returns the existing id';
COMMENT ON FUNCTION nachet.chunk_size() IS
	'size in bytes of every chunk of a content except the last';
COMMENT ON FUNCTION nachet.missing_contents(bytea[]) IS
	'returns those of these SHA-256 that are not stored, without duplicates';
COMMENT ON FUNCTION nachet.hold_contents(bytea[]) IS
	'like missing_contents, but also locks the stored contents so that no sweep removes them before the transaction ends';
COMMENT ON FUNCTION nachet.upload_picture_set(bytea[], uuid, jsonb) IS
	'stores pictures and makes a picture set of them, atomically; returns the id of the existing set if it is identical. data: seed_name, zoom_level, nb_seeds, and optionally name and other keys';
COMMENT ON FUNCTION nachet.upload_picture_set(text[], bytea[], uuid, jsonb) IS
	'makes a picture set of stored contents, given by their SHA-256; otherwise like upload_picture_set(bytea[], uuid, jsonb)';
COMMENT ON FUNCTION nachet.picture_content(uuid) IS
	'all bytes of a picture; NULL if the picture does not exist or has no content';
COMMENT ON FUNCTION nachet.content_read(bytea, bigint, bigint) IS
	'up to length bytes of a stored content, starting at offset (0 is the first byte); NULL if it is not stored';
COMMENT ON FUNCTION nachet.picture_form(jsonb, text) IS
	'response of the route /picture-form: {user_id, email, seed_names, limits}; auth_email is the address of the authenticated user, or NULL';
COMMENT ON FUNCTION nachet.batch_import(jsonb, text) IS
	'imports a manifest and returns the response of the route /batch-import: {result: created, present, missing or checked, ...}; auth_email is the address of the authenticated user, or NULL';
COMMENT ON FUNCTION nachet.delete_picture_set(uuid) IS
	'deletes a picture set, its pictures, and the contents that only it used; returns the number of bytes freed';
COMMENT ON FUNCTION nachet.sweep_contents(interval) IS
	'removes contents that no picture refers to and that were stored more than older_than ago';
COMMENT ON FUNCTION nachet.request_user(jsonb, text) IS
	'the id of the registered user who makes a request: its email, or auth_email, the address of the authenticated user';

-- Object store (50-object-store.sql) -------------------------------------------------------------

-- Earlier versions stored a store's ETags and messages as they came. Some are no text in UTF-8, and a dump that has one cannot be
-- restored. quote_literal takes any bytes, and doubles the backslashes that bytea's input treats as escapes.
UPDATE nachet.content SET object_etag = NULL
	WHERE pg_catalog.encode(pg_catalog.quote_literal(object_etag)::pg_catalog.bytea, 'escape') OPERATOR(pg_catalog.~) '[^]!-[^-~]';
UPDATE nachet.object_deletion
	SET last_error = pg_catalog.btrim(pg_catalog.encode(pg_catalog.quote_literal(last_error)::pg_catalog.bytea, 'escape'), '''')
	WHERE pg_catalog.encode(pg_catalog.quote_literal(last_error)::pg_catalog.bytea, 'escape') OPERATOR(pg_catalog.~) '[^]!-[^-~ ]';

DROP INDEX nachet.object_deletion_next_try_idx;
CREATE INDEX object_deletion_queued_at_idx ON nachet.object_deletion (queued_at) WHERE tries = 0;
CREATE INDEX object_deletion_next_try_idx ON nachet.object_deletion (next_try) WHERE tries > 0;
COMMENT ON TABLE nachet.object_deletion IS
	'objects whose contents were deleted; offload_contents deletes them after nachet.object_store_keep; some may never have been written';
COMMENT ON COLUMN nachet.object_deletion.queued_at IS
	'when the content was deleted; nachet.object_store_keep counts from then';
COMMENT ON COLUMN nachet.object_deletion.tries IS 'number of failed attempts to delete the object';
COMMENT ON COLUMN nachet.object_deletion.next_try IS
	'earliest time of the next attempt after a failure';
COMMENT ON FUNCTION nachet.offload_contents(bigint, bigint) IS
	'moves contents to the object store until max_count or max_bytes is reached; deletes objects whose contents were deleted more than nachet.object_store_keep ago';

-- Comments in plainer words.
COMMENT ON TABLE nachet.object_store IS
	'the prefix of this database''s objects, and the identity of the database, by which a copy of it is recognized';
COMMENT ON COLUMN nachet.object_store.location IS
	'the object store that this database last wrote to';
COMMENT ON FUNCTION nachet.adopt_object_store() IS
	'takes over the objects of the database that this one was restored from; the original must be gone';
COMMENT ON FUNCTION nachet.renew_object_store_prefix() IS
	'starts a new prefix, for a copy whose original is still in use; the original''s objects are read, never deleted';
COMMENT ON FUNCTION nachet.restore_contents(bigint, bigint, uuid) IS
	'moves contents back from the object store, all or those of one picture set, until max_count or max_bytes is reached';
COMMENT ON VIEW nachet.storage IS
	'contents and bytes: all, in the database, in the object store, waiting to be moved there, and orphaned (of no picture, removed by sweep_contents); queued object deletions, and those of them that have failed';

-- Verification (55-verify.sql) -------------------------------------------------------------------

-- It has no key, by which a publication of all tables would tell which row is deleted.
ALTER TABLE nachet.verify_finding REPLICA IDENTITY FULL;

-- Comments in plainer words.
COMMENT ON TABLE nachet.verify_run IS 'runs of verify_all; at most one is unfinished';
COMMENT ON TABLE nachet.verify_range IS
	'the ranges of content ids of the latest run, with the progress of each';
COMMENT ON TABLE nachet.verify_finding IS 'damage found by verify_all';
COMMENT ON COLUMN nachet.verify_finding.content_id IS 'NULL if an index could not be read';
COMMENT ON COLUMN nachet.verify_finding.picture_ids IS
	'the pictures that have this content; NULL if they could not be read';
COMMENT ON VIEW nachet.verify_progress IS 'progress of the latest run of verify_all';
COMMENT ON FUNCTION nachet.verify_contents(bigint, bigint) IS
	'reads the contents from first_id to last_id again (NULL: no bound) and returns the damaged ones, with the pictures that have them';
COMMENT ON FUNCTION nachet.verify_begin() IS
	'used by verify_all: returns the unfinished run, or starts one';
COMMENT ON FUNCTION nachet.verify_next(bigint, bigint) IS
	'used by verify_all: verifies one slice of a run; false if no slice is left';
COMMENT ON PROCEDURE nachet.verify_all(bigint, bigint) IS
	'verifies all contents and commits after each slice of about max_bytes; resumes an unfinished run, and shares it with other sessions';

-- Guards (60-guards.sql) -------------------------------------------------------------------------

-- Also under session_replication_role = replica, which pg_restore -j needs.
ALTER EVENT TRIGGER nachet_drop_guard ENABLE ALWAYS;

-- It looks up tables as the command will: by the search_path of whoever gives it.
CREATE FUNCTION nachet.refuse_reshaping() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'refuse_reshaping' LANGUAGE C;
COMMENT ON FUNCTION nachet.refuse_reshaping() IS
	'refuses to rename the schema and to make the tables partitions, parents or children of others';

CREATE EVENT TRIGGER nachet_shape_guard ON ddl_command_start
	WHEN TAG IN ('ALTER SCHEMA', 'CREATE SCHEMA', 'CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE')
	EXECUTE FUNCTION nachet.refuse_reshaping();
COMMENT ON EVENT TRIGGER nachet_shape_guard IS
	'protects the schema and the tables from changes that would break the functions';
ALTER EVENT TRIGGER nachet_shape_guard ENABLE ALWAYS;

-- Comments in plainer words.
COMMENT ON FUNCTION nachet.refuse_drop() IS
	'refuses to drop the extension, its schema or its owner''s objects while pictures are stored, unless nachet.allow_drop is on';
COMMENT ON EVENT TRIGGER nachet_drop_guard IS
	'prevents stored pictures from being dropped with the extension';

-- Rights (70-rights.sql) -------------------------------------------------------------------------

-- What is new is closed to all but its owner, whatever the default privileges of the installer.
DO $$
DECLARE
	object record;
	role text;
BEGIN
	FOR object IN
		SELECT kind, name, owner, acl FROM (
			SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid,
				CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_catalog.quote_ident(relname), relowner, relacl
			FROM pg_catalog.pg_class c
			UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 'ROUTINE',
				pg_catalog.format('%I(%s)', proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), proowner,
				coalesce(proacl, pg_catalog.acldefault('f', proowner))
			FROM pg_catalog.pg_proc p
		) AS m (catalog, oid, kind, name, owner, acl) JOIN pg_catalog.pg_depend d ON d.classid = catalog AND d.objid = m.oid
		WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
			AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'nachet_datastore')
			AND NOT d.classid || ' ' || d.objid = ANY (pg_catalog.string_to_array(
				pg_catalog.current_setting('nachet_upgrade.members'), ','))
	LOOP
		-- A sequence goes with its table.
		IF object.kind <> 'SEQUENCE' THEN
			EXECUTE pg_catalog.format('ALTER %s nachet.%s OWNER TO nachet_owner', object.kind, object.name);
		END IF;
		FOR role IN SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::pg_catalog.regrole::text END
			FROM pg_catalog.aclexplode(object.acl) WHERE grantee <> object.owner
		LOOP
			EXECUTE pg_catalog.format('REVOKE ALL ON %s nachet.%s FROM %s', object.kind, object.name, role);
		END LOOP;
		IF object.acl IS NOT NULL THEN
			EXECUTE pg_catalog.format('GRANT ALL ON %s nachet.%s TO nachet_owner', object.kind, object.name);
		END IF;
	END LOOP;
END
$$;

GRANT EXECUTE ON FUNCTION
	nachet.content_facts(bytea[]),
	nachet.picture_errors(jsonb)
	TO nachet_importer;
GRANT EXECUTE ON ROUTINE
	nachet.sweep_next(timestamptz, bigint),
	nachet.sweep_all(interval, bigint, bigint)
	TO nachet_admin;

-- What was here before may have been opened by default privileges when the extension was created.
DO $$
DECLARE
	opened text;
BEGIN
	SELECT pg_catalog.string_agg(pg_catalog.format('%s nachet.%s to %s', pg_catalog.lower(kind), name, roles), E'\n' ORDER BY kind, name)
	INTO opened FROM (
		SELECT kind, name, pg_catalog.string_agg(DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::pg_catalog.regrole::text END, ', ') AS roles
		FROM (
			SELECT kind, name, acl FROM (
				SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid,
					CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_catalog.quote_ident(relname), relowner, relacl
				FROM pg_catalog.pg_class c
				UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, 'ROUTINE',
					pg_catalog.format('%I(%s)', proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), proowner,
					coalesce(proacl, pg_catalog.acldefault('f', proowner))
				FROM pg_catalog.pg_proc p
			) AS m (catalog, oid, kind, name, owner, acl) JOIN pg_catalog.pg_depend d ON d.classid = catalog AND d.objid = m.oid
			WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
				AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'nachet_datastore')
		) AS object, pg_catalog.aclexplode(acl) LEFT JOIN pg_catalog.pg_roles r ON r.oid = grantee
		WHERE grantee = 0 OR r.rolname NOT IN ('nachet_owner', 'nachet_reader', 'nachet_importer', 'nachet_app', 'nachet_admin')
		GROUP BY kind, name
	) AS t;
	IF opened IS NOT NULL THEN
		RAISE WARNING 'objects of nachet_datastore are accessible to roles other than its own'
			USING DETAIL = opened,
				HINT = 'Default privileges may have opened them when the extension was created. Revoke what is not intended.';
	END IF;
END
$$;

-- Whoever may put objects into the schema can have callers take them for ours. CREATE EXTENSION refuses or revokes this; an update, which may
-- mend worse, is not held up.
DO $$
DECLARE
	risks text;
BEGIN
	SELECT pg_catalog.string_agg(what, E'\n' ORDER BY place, what) INTO risks FROM (
		SELECT 1, pg_catalog.format('%s is the owner', nspowner::pg_catalog.regrole)
		FROM pg_catalog.pg_namespace JOIN pg_catalog.pg_roles r ON r.oid = nspowner WHERE nspname = 'nachet' AND NOT rolsuper
		UNION ALL SELECT 2, pg_catalog.format('%s may create objects', CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::pg_catalog.regrole::text END)
		FROM pg_catalog.pg_namespace, pg_catalog.aclexplode(nspacl) LEFT JOIN pg_catalog.pg_roles r ON r.oid = grantee
		WHERE nspname = 'nachet' AND privilege_type = 'CREATE' AND grantee <> nspowner AND r.rolsuper IS NOT TRUE
		UNION ALL SELECT 3, pg_catalog.format('%s is not part of the extension', pg_catalog.pg_describe_object(catalog, oid, 0))
		FROM (
			SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, pronamespace FROM pg_catalog.pg_proc p
			UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, oprnamespace FROM pg_catalog.pg_operator o
		) AS object (catalog, oid, schema)
		WHERE schema = 'nachet'::pg_catalog.regnamespace AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid = catalog AND d.objid = object.oid AND d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass)
	) AS risk (place, what);
	IF risks IS NOT NULL THEN
		RAISE WARNING 'schema "nachet" is not controlled by the extension alone'
			USING DETAIL = risks,
				HINT = 'Run ALTER SCHEMA nachet OWNER TO a superuser and REVOKE CREATE ON SCHEMA nachet, and inspect the objects that are not part of the extension: they could run in place of its functions.';
	END IF;
END
$$;
