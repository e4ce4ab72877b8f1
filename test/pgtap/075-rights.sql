-- Who may do what: one table of all that the extension has. What is not in it, nobody but nachet_owner may.
\ir pictures.psql
SELECT plan(8);

CREATE TEMP TABLE member AS SELECT classid, objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'nachet_datastore';

-- Roles by their first letters: r reader, i importer, a app, d admin.
CREATE TEMP TABLE expected (what text, privilege text, roles text);
INSERT INTO expected VALUES
	('schema nachet', 'USAGE', 'riad'),

	('table users', 'SELECT', 'a'), ('table users', 'INSERT', 'a'), ('table users', 'UPDATE', 'a'), ('table users', 'DELETE', 'a'),
	('table seed', 'SELECT', 'ra'), ('table seed', 'INSERT', 'a'), ('table seed', 'UPDATE', 'a'), ('table seed', 'DELETE', 'a'),
	('table object_type', 'SELECT', 'ra'),
	('table picture_set', 'SELECT', 'ra'), ('table picture_set', 'DELETE', 'a'),
	('table picture', 'SELECT', 'ra'), ('table picture', 'DELETE', 'a'),
	('table picture_seed', 'SELECT', 'ra'), ('table picture_seed', 'INSERT', 'a'), ('table picture_seed', 'UPDATE', 'a'), ('table picture_seed', 'DELETE', 'a'),
	('table content', 'SELECT', 'r'),
	('table storage', 'SELECT', 'd'),
	('table verify_run', 'SELECT', 'd'),
	('table verify_finding', 'SELECT', 'd'),
	('table verify_progress', 'SELECT', 'd'),

	('column content_chunk.chunk_no', 'INSERT', 'i'), ('column content_chunk.data', 'INSERT', 'i'),
	('column picture_set.id', 'INSERT', 'a'), ('column picture_set.id', 'UPDATE', 'a'),
	('column picture_set.picture_set', 'INSERT', 'a'), ('column picture_set.picture_set', 'UPDATE', 'a'),
	('column picture_set.owner_id', 'INSERT', 'a'), ('column picture_set.owner_id', 'UPDATE', 'a'),
	('column picture_set.upload_date', 'INSERT', 'a'), ('column picture_set.upload_date', 'UPDATE', 'a'),
	('column picture_set.name', 'INSERT', 'a'), ('column picture_set.name', 'UPDATE', 'a'),
	('column picture.id', 'INSERT', 'a'), ('column picture.id', 'UPDATE', 'a'),
	('column picture.picture', 'INSERT', 'a'), ('column picture.picture', 'UPDATE', 'a'),
	('column picture.picture_set_id', 'INSERT', 'a'), ('column picture.picture_set_id', 'UPDATE', 'a'),
	('column picture.nb_obj', 'INSERT', 'a'), ('column picture.nb_obj', 'UPDATE', 'a'),
	('column picture.verified', 'INSERT', 'a'), ('column picture.verified', 'UPDATE', 'a'),
	('column picture.upload_date', 'INSERT', 'a'), ('column picture.upload_date', 'UPDATE', 'a'),

	('function uuidv7()', 'EXECUTE', 'a'),
	('function get_all_seeds_names()', 'EXECUTE', 'riad'),
	('function is_user_registered(text)', 'EXECUTE', 'iad'),
	('function chunk_size()', 'EXECUTE', 'rid'),
	('function picture_content(uuid)', 'EXECUTE', 'r'),
	('function content_read(bytea,bigint,bigint)', 'EXECUTE', 'r'),
	('function missing_contents(bytea[])', 'EXECUTE', 'i'),
	('function hold_contents(bytea[])', 'EXECUTE', 'i'),
	('function content_facts(bytea[])', 'EXECUTE', 'i'),
	('function upload_picture_set(bytea[],uuid,jsonb)', 'EXECUTE', 'i'),
	('function upload_picture_set(text[],bytea[],uuid,jsonb)', 'EXECUTE', 'i'),
	('function request_json(text)', 'EXECUTE', 'i'),
	('function request_user(jsonb,text)', 'EXECUTE', 'i'),
	('function picture_form(jsonb,text)', 'EXECUTE', 'i'),
	('function batch_import(jsonb,text)', 'EXECUTE', 'i'),
	('function picture_errors(jsonb)', 'EXECUTE', 'i'),
	('function register_user(text)', 'EXECUTE', 'd'),
	('function register_seed(text)', 'EXECUTE', 'd'),
	('function delete_picture_set(uuid)', 'EXECUTE', 'd'),
	('function sweep_contents(interval)', 'EXECUTE', 'd'),
	('function sweep_next(timestamp with time zone,bigint)', 'EXECUTE', 'd'),
	('function sweep_all(interval,bigint,bigint)', 'EXECUTE', 'd'),
	('function offload_contents(bigint,bigint)', 'EXECUTE', 'd'),
	('function restore_contents(bigint,bigint,uuid)', 'EXECUTE', 'd'),
	('function adopt_object_store()', 'EXECUTE', 'd'),
	('function renew_object_store_prefix()', 'EXECUTE', 'd'),
	('function verify_contents(bigint,bigint)', 'EXECUTE', 'd'),
	('function verify_begin()', 'EXECUTE', 'd'),
	('function verify_next(bigint,bigint)', 'EXECUTE', 'd'),
	('function verify_all(bigint,bigint)', 'EXECUTE', 'd');

SET search_path = nachet, public, pg_temp;
-- PostgreSQL 18 has an uuidv7 of its own, and so shows ours with its schema.
CREATE TEMP TABLE granted AS SELECT replace(what, ' nachet.', ' ') AS what, privilege_type AS privilege, grantee, is_grantable FROM (
	SELECT relowner AS owner, CASE relkind WHEN 'S' THEN 'sequence ' ELSE 'table ' END || oid::regclass AS what,
		relacl AS acl
	FROM pg_class JOIN member ON classid = 'pg_class'::regclass AND objid = oid
	UNION ALL SELECT relowner, format('column %s.%s', c.oid::regclass, attname), attacl
	FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN member ON classid = 'pg_class'::regclass AND objid = c.oid
	UNION ALL SELECT proowner, 'function ' || oid::regprocedure, coalesce(proacl, acldefault('f', proowner))
	FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
	UNION ALL SELECT nspowner, 'schema nachet', coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace WHERE nspname = 'nachet'
) AS t, aclexplode(acl) WHERE grantee <> owner;
-- The schema is its maker's; functions and tables are to be found in it by their owner.
DELETE FROM granted WHERE what = 'schema nachet' AND grantee = 'nachet_owner'::regrole;

SELECT set_eq($$SELECT what, privilege, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END FROM granted$$,
	$$SELECT what, privilege, role FROM expected JOIN (VALUES ('r', 'nachet_reader'), ('i', 'nachet_importer'), ('a', 'nachet_app'),
		('d', 'nachet_admin')) AS r (letter, role) ON strpos(roles, letter) > 0$$, 'everybody may what the table says, and no more');
SELECT is_empty('SELECT * FROM granted WHERE is_grantable', 'nobody may hand a right on');
SELECT is_empty($$SELECT DISTINCT what FROM expected WHERE what NOT IN (SELECT what FROM granted)$$, 'the table speaks of what there is');
-- The row types of tables, which PostgreSQL 18 makes members too, are in nobody's way.
SELECT set_eq($$SELECT DISTINCT classid::regclass::text FROM member LEFT JOIN pg_type t ON classid = 'pg_type'::regclass AND objid = t.oid
		WHERE t.oid IS NULL OR NOT EXISTS (SELECT FROM pg_type r WHERE r.oid IN (t.oid, t.typelem) AND r.typrelid <> 0)$$, ARRAY['pg_class', 'pg_proc', 'pg_event_trigger'],
	'no object is of a kind that this test does not look at');

SELECT is_empty($$SELECT objid::regclass FROM member JOIN pg_class ON oid = objid WHERE classid = 'pg_class'::regclass AND relowner <> 'nachet_owner'::regrole$$,
	'every table, view and sequence is nachet_owner''s');
SELECT is_empty($$SELECT objid::regprocedure FROM member JOIN pg_proc ON oid = objid WHERE classid = 'pg_proc'::regclass AND proowner <> 'nachet_owner'::regrole$$,
	'every function is nachet_owner''s');
-- A table, view or sequence that somebody may write, and a function that acts with its owner's rights: looked at in review.
SELECT set_eq($$SELECT replace(oid::regprocedure::text, 'nachet.', '') FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
		WHERE NOT prosecdef AND EXISTS (SELECT FROM granted WHERE what = 'function ' || replace(oid::regprocedure::text, 'nachet.', ''))$$,
	ARRAY['uuidv7()', 'chunk_size()', 'request_json(text)', 'picture_content(uuid)', 'content_read(bytea,bigint,bigint)', 'verify_all(bigint,bigint)',
		'sweep_all(interval,bigint,bigint)'],
	'all other functions act with their owner''s rights');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc JOIN member ON classid = 'pg_proc'::regclass AND objid = oid
		WHERE prosecdef AND proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']$$, 'and each of those has a search_path of its own');
SET search_path = public, pg_temp;
SELECT * FROM finish();
ROLLBACK;
