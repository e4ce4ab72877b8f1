-- nachet_datastore: install script, joined from the numbered parts of sql/install/ at build.

\echo Use "CREATE EXTENSION nachet_datastore" to load this file. \quit

-- Scripts of extensions run with the schema's own operators in sight, as a superuser: none but PostgreSQL's may be found here.
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

-- The rules for names and JSON are about UTF-8.
DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'nachet_datastore requires a database with encoding UTF8, not %',
			pg_catalog.getdatabaseencoding()
			USING ERRCODE = 'feature_not_supported',
				HINT = 'Create the database with ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

-- Who owns a schema can put look-alikes into it and drop what is in it. It is made here, unless somebody was quicker.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
		WHERE n.nspname = 'nachet' AND (r.rolsuper OR r.rolname = current_user))
	THEN
		RAISE EXCEPTION 'schema "nachet" is owned by a role that is not a superuser'
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Inspect its contents, then drop it, or run ALTER SCHEMA nachet OWNER TO the installing user.';
	END IF;
	-- Those of superusers are no danger, and a dump may bring them first: a trusted extension in this schema, whose objects a superuser owns
	-- whoever creates it.
	IF EXISTS (
		SELECT FROM (
			SELECT pronamespace, proowner FROM pg_catalog.pg_proc
			UNION ALL SELECT oprnamespace, oprowner FROM pg_catalog.pg_operator
		) AS object (schema, owner) JOIN pg_catalog.pg_roles r ON r.oid = owner
		WHERE schema = 'nachet'::pg_catalog.regnamespace AND NOT r.rolsuper)
	THEN
		RAISE EXCEPTION 'schema "nachet" contains functions or operators that are not part of the extension'
			USING ERRCODE = 'duplicate_object',
				HINT = 'Drop them first, for example with DROP SCHEMA nachet CASCADE.';
	END IF;
END
$$;

-- Roles belong to the whole cluster: they are created if they are missing, and stay when the
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

-- Roles that were here before may have more rights. Everybody who can be nachet_owner reads and writes everything.
DO $$
DECLARE
	role record;
BEGIN
	FOR role IN
		SELECT name, pg_catalog.string_agg(what, ', ' ORDER BY place, what) AS rights, pg_catalog.bool_or(danger) AS danger
		FROM (
			SELECT r.rolname::text AS name, a.place, a.what, r.rolname = 'nachet_owner' AS danger
			FROM pg_catalog.pg_roles r, LATERAL (VALUES (1, 'LOGIN', rolcanlogin), (2, 'SUPERUSER', rolsuper),
				(3, 'CREATEROLE', rolcreaterole), (4, 'CREATEDB', rolcreatedb), (5, 'REPLICATION', rolreplication),
				(6, 'BYPASSRLS', rolbypassrls)) AS a (place, what, has)
			WHERE a.has
			UNION ALL SELECT r.rolname, 7, 'member of ' || g.rolname, false
			FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member
				JOIN pg_catalog.pg_roles g ON g.oid = m.roleid
			UNION ALL SELECT r.rolname, 8, 'member ' || u.rolname, true
			FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid
				JOIN pg_catalog.pg_roles u ON u.oid = m.member
			WHERE r.rolname = 'nachet_owner' AND NOT u.rolsuper
			-- A function of its own, say, that others may run with its rights.
			UNION ALL SELECT r.rolname, 9, 'owner of ' || pg_catalog.pg_describe_object(o.classid, o.objid, o.objsubid), true
			FROM pg_catalog.pg_shdepend o JOIN pg_catalog.pg_roles r ON r.oid = o.refobjid
			WHERE r.rolname = 'nachet_owner' AND o.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND o.deptype = 'o'
				AND o.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
		) AS t
		WHERE name IN ('nachet_owner', 'nachet_reader', 'nachet_importer', 'nachet_app', 'nachet_admin')
		GROUP BY name ORDER BY name
	LOOP
		IF role.danger THEN
			RAISE EXCEPTION 'role "nachet_owner" has more rights than it may have'
				USING ERRCODE = 'object_not_in_prerequisite_state',
					DETAIL = pg_catalog.format('It has: %s.', role.rights),
					HINT = 'Run ALTER ROLE nachet_owner NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS, REVOKE nachet_owner FROM each member, and DROP or REASSIGN what it owns.';
		END IF;
		RAISE WARNING 'role "%" has more rights than nachet_datastore gives it', role.name
			USING DETAIL = pg_catalog.format('It has: %s.', role.rights),
				HINT = 'Revoke what is not intended for all members of that role.';
	END LOOP;
END
$$;

