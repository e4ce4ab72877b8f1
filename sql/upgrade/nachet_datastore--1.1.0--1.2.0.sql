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
		) AS t
		WHERE name IN ('nachet_owner', 'nachet_reader', 'nachet_importer', 'nachet_app', 'nachet_admin')
		GROUP BY name ORDER BY name
	LOOP
		RAISE WARNING 'role "%" has more rights than nachet_datastore gives it', role.name
			USING DETAIL = pg_catalog.format('It has: %s.', role.rights),
				HINT = 'Take away what is not meant; nachet_owner must have no members but superusers.';
	END LOOP;
END
$$;

-- Tables (20-tables.sql) -------------------------------------------------------------------------

COMMENT ON TABLE nachet.content IS
	'stored bytes, under their SHA-256; written once: an import updates only what says that they were no acceptable picture';
COMMENT ON COLUMN nachet.content.format IS
	'the picture''s format, such as JPEG; NULL if the bytes are no acceptable picture';

CREATE INDEX users_default_set_id_idx ON nachet.users (default_set_id) WHERE default_set_id IS NOT NULL;
COMMENT ON COLUMN nachet.users.default_set_id IS
	'a picture set; a trigger guards it, since a circular foreign key would make a dump impossible to restore';

-- Chunks are written once. Frozen soon after that, within the same checkpoint, they cost no WAL any more; by default each page is logged
-- again when it is first read, vacuumed and frozen. Each row fills a page: a sample of 30,000 takes 234 MB, and tells nothing.
ALTER TABLE nachet.content_chunk
	SET (autovacuum_freeze_min_age = 0, autovacuum_vacuum_insert_threshold = 25000, autovacuum_vacuum_insert_scale_factor = 0),
	ALTER COLUMN content_id SET STATISTICS 10,
	ALTER COLUMN chunk_no SET STATISTICS 10,
	ALTER COLUMN data SET STATISTICS 0;

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
COMMENT ON FUNCTION nachet.default_set_chosen() IS 'holds the set that becomes a user''s default; 23503 if it does not exist';
CREATE FUNCTION nachet.default_set_kept() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_set_kept' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_set_kept() IS 'refuses to delete a set that is the default of a user (23503)';

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

-- Names and addresses that plain SQL brings. Whoever may restore a dump is not held up: it may be older than these rules.
CREATE FUNCTION nachet.seed_named() RETURNS trigger
	AS 'MODULE_PATHNAME', 'seed_named' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.seed_named() IS
	'refuses a seed''s name that has blanks or characters that people do not see, or is not in form C (23514), or is registered in another form (23505)';
CREATE FUNCTION nachet.user_named() RETURNS trigger
	AS 'MODULE_PATHNAME', 'user_named' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.user_named() IS 'refuses what can''t be an e-mail address (23514)';

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
COMMENT ON FUNCTION nachet.object_type_present() IS 'passes over the row that replication brings and every installation has';
CREATE TRIGGER object_type_present BEFORE INSERT ON nachet.object_type
	FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION nachet.object_type_present();
ALTER TABLE nachet.object_type ENABLE REPLICA TRIGGER object_type_present;

-- Functions (40-functions.sql) -------------------------------------------------------------------

COMMENT ON FUNCTION nachet.register_seed(text) IS
	'creates a seed, or returns the one that is there, whatever the case, blanks and Unicode form of its name';

COMMENT ON FUNCTION nachet.request_json(text) IS
	'a request''s JSON text as jsonb; refuses an object that names a key twice, and more values than its length lets expect';

-- They only read: tables, and the object store over a connection of the process that runs them.
ALTER FUNCTION nachet.missing_contents(bytea[]) PARALLEL SAFE;
ALTER FUNCTION nachet.picture_content(uuid) PARALLEL SAFE;
ALTER FUNCTION nachet.content_read(bytea, bigint, bigint) PARALLEL SAFE;

CREATE FUNCTION nachet.picture_errors(request jsonb) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'picture_errors' LANGUAGE C VOLATILE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_errors(jsonb) IS
	'why batch_import refuses pictures of a request (NC003), for programs: {errors: [{name, reason, code}], errors_left_out}';

-- It has a column more: code.
DROP FUNCTION nachet.content_facts(bytea[]);
CREATE FUNCTION nachet.content_facts(digests bytea[])
	RETURNS TABLE (sha256 bytea, byte_size bigint, format text, width integer, height integer, reason text, code text)
	AS 'MODULE_PATHNAME', 'content_facts' LANGUAGE C STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_facts(bytea[]) IS
	'of those of these SHA-256 that are stored, each once, what their bytes are; reason: why they are no acceptable picture, NULL if they are one; code: the same for programs';

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
	'objects whose contents are gone, for offload_contents to delete after nachet.object_store_keep; some may never have been written';
COMMENT ON COLUMN nachet.object_deletion.queued_at IS 'when its content was deleted; nachet.object_store_keep counts from here';
COMMENT ON COLUMN nachet.object_deletion.tries IS 'how often deleting it has failed';
COMMENT ON COLUMN nachet.object_deletion.next_try IS 'when it is tried again after a failure';
COMMENT ON FUNCTION nachet.offload_contents(bigint, bigint) IS
	'moves contents to the object store, until as many or as large as that, and deletes objects whose contents have been gone for nachet.object_store_keep';

-- Verification (55-verify.sql) -------------------------------------------------------------------

-- It has no key, by which a publication of all tables would tell which row is deleted.
ALTER TABLE nachet.verify_finding REPLICA IDENTITY FULL;

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
COMMENT ON EVENT TRIGGER nachet_shape_guard IS 'keeps the schema and the tables as the functions need them';
ALTER EVENT TRIGGER nachet_shape_guard ENABLE ALWAYS;

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
		RAISE WARNING 'objects of nachet_datastore are open to roles other than its own'
			USING DETAIL = opened,
				HINT = 'Default privileges may have opened them when the extension was created. REVOKE what is not meant.';
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
		UNION ALL SELECT 3, pg_catalog.format('%s is no part of the extension', pg_catalog.pg_describe_object(catalog, oid, 0))
		FROM (
			SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, pronamespace FROM pg_catalog.pg_proc p
			UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, oprnamespace FROM pg_catalog.pg_operator o
		) AS object (catalog, oid, schema)
		WHERE schema = 'nachet'::pg_catalog.regnamespace AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
			WHERE d.classid = catalog AND d.objid = object.oid AND d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass)
	) AS risk (place, what);
	IF risks IS NOT NULL THEN
		RAISE WARNING 'schema nachet is not the extension''s alone'
			USING DETAIL = risks,
				HINT = 'ALTER SCHEMA nachet OWNER TO a superuser, REVOKE CREATE ON SCHEMA nachet, and look at what is no part of the extension: look-alikes could run in place of its functions.';
	END IF;
END
$$;
