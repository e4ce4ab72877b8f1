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

