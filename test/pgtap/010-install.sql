-- What CREATE EXTENSION leaves behind: objects, comments, owners, and what a dump takes along.
\ir pictures.psql
SELECT plan(15);

SELECT has_extension('nachet_datastore');
SELECT is(extversion, (SELECT default_version FROM pg_available_extensions WHERE name = 'nachet_datastore'),
	'the installed version is the default one') FROM pg_extension WHERE extname = 'nachet_datastore';
SELECT is((SELECT count(*) FROM nachet.seed WHERE name = 'Cirsium arvense'), 0::bigint,
	'CREATE EXTENSION registers no seeds of its own');
SELECT results_eq($$SELECT id, name FROM nachet.object_type$$, $$VALUES (1, 'seed')$$, 'object type 1 is seed');

SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace
	AND obj_description(p.oid, 'pg_proc') IS NULL$$, 'every function has a comment');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	WHERE pronamespace = 'nachet'::regnamespace AND lanname <> 'c'$$, 'every function is written in C');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'nachet'::regnamespace AND relkind = 'r'
	AND obj_description(c.oid, 'pg_class') IS NULL$$, 'every table has a comment');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace
	AND proowner <> 'nachet_owner'::regrole$$, 'no function belongs to a superuser');
SELECT is_empty($$SELECT rolname FROM pg_roles WHERE rolname LIKE 'nachet\_%' AND
	(rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls)$$, 'the roles can neither log in nor rule');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace
	AND prosecdef AND NOT proconfig @> ARRAY['search_path=pg_catalog, pg_temp']$$,
	'every SECURITY DEFINER function has a fixed search_path');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner)))
	WHERE pronamespace = 'nachet'::regnamespace AND grantee = 0$$, 'no function is open to PUBLIC');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c, aclexplode(relacl)
	WHERE relnamespace = 'nachet'::regnamespace AND grantee = 0$$, 'no table is open to PUBLIC');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'nachet'::regnamespace
	AND relkind IN ('r', 'S') AND relname NOT LIKE 'verify\_%' AND NOT c.oid = ANY ((SELECT extconfig FROM pg_extension
	WHERE extname = 'nachet_datastore')::oid[])$$, 'pg_dump takes every table and sequence along, but what was found in this cluster''s files');
SELECT is((SELECT reltoastrelid FROM pg_class WHERE oid = 'nachet.content_chunk'::regclass), 0::oid,
	'chunks have no TOAST table to be cut up for');
-- An index whose first columns are the key's: deleting a picture looks there.
SELECT is_empty($$SELECT conrelid::regclass, conname FROM pg_constraint k WHERE contype = 'f'
	AND connamespace = 'nachet'::regnamespace AND confrelid <> 'nachet.object_type'::regclass AND NOT EXISTS (SELECT FROM pg_index i
	WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1])$$, 'every referencing column has an index');

SELECT * FROM finish();
ROLLBACK;
