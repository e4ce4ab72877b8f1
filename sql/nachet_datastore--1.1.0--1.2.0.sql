-- nachet_datastore: from 1.1.0 to 1.2.0.
--
-- Rule: what this makes of 1.1.0 is, object for object, what the numbered parts make from nothing.

\echo Use "ALTER EXTENSION nachet_datastore UPDATE TO '1.2.0'" to load this file. \quit

-- Roles and rights (10-roles.sql) ----------------------------------------------------------------

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

-- Triggers (30-triggers.sql) ---------------------------------------------------------------------

-- Functions (40-functions.sql) -------------------------------------------------------------------

COMMENT ON FUNCTION nachet.request_json(text) IS
	'a request''s JSON text as jsonb; refuses an object that names a key twice, and more values than its length lets expect';

-- Object store (50-object-store.sql) -------------------------------------------------------------

-- Verification (55-verify.sql) -------------------------------------------------------------------

-- Drop guard (60-drop-guard.sql) -----------------------------------------------------------------

-- Also under session_replication_role = replica, which pg_restore -j needs.
ALTER EVENT TRIGGER nachet_drop_guard ENABLE ALWAYS;
