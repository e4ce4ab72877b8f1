-- nachet_datastore: install script, joined from the numbered parts of sql/ at build.

\echo Use "CREATE EXTENSION nachet_datastore" to load this file. \quit

-- The rules for names and JSON are about UTF-8.
DO $$
BEGIN
	IF pg_catalog.getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'nachet_datastore needs a database whose encoding is UTF8, not %',
			pg_catalog.getdatabaseencoding()
			USING ERRCODE = 'feature_not_supported',
				HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0.';
	END IF;
END
$$;

-- Who owns a schema can put look-alikes into it and drop what is in it. It is made here, unless somebody was quicker.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
		WHERE n.nspname = 'nachet' AND (r.rolsuper OR r.rolname = current_user))
	THEN
		RAISE EXCEPTION 'schema nachet belongs to a role that is no superuser'
			USING ERRCODE = 'insufficient_privilege',
				HINT = 'Look at what is in it, then drop it or ALTER SCHEMA nachet OWNER TO the user who installs.';
	END IF;
	IF EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace = 'nachet'::pg_catalog.regnamespace)
		OR EXISTS (SELECT FROM pg_catalog.pg_operator WHERE oprnamespace = 'nachet'::pg_catalog.regnamespace)
	THEN
		RAISE EXCEPTION 'schema nachet holds functions or operators that could pass for ours'
			USING ERRCODE = 'duplicate_object',
				HINT = 'Drop them first: DROP SCHEMA nachet CASCADE.';
	END IF;
END
$$;

-- Roles belong to the whole cluster: they are created where they are not there yet, and stay when the
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

GRANT USAGE ON SCHEMA nachet TO nachet_owner, nachet_reader, nachet_importer, nachet_app, nachet_admin;

