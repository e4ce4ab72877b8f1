-- Least privilege: what each role can do, and that it can do no more.
\ir pictures.psql
SELECT plan(65);

CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a')] AS p;
GRANT SELECT ON t TO PUBLIC;
CREATE TEMP TABLE made AS SELECT nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data()) AS id FROM t;
GRANT SELECT ON made TO PUBLIC;
CREATE TEMP TABLE who AS SELECT pg_temp.uid() AS id;
GRANT SELECT ON who TO PUBLIC;
CREATE ROLE tap_importer IN ROLE nachet_importer;
CREATE ROLE tap_reader IN ROLE nachet_reader;
CREATE ROLE tap_admin IN ROLE nachet_admin;
CREATE ROLE tap_nobody;
GRANT USAGE, CREATE ON SCHEMA public TO tap_importer;
GRANT USAGE ON SCHEMA nachet TO tap_nobody;
-- pgTAP's own functions write to temporary tables of the session's role.
DO $$ BEGIN EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA %s TO PUBLIC', pg_my_temp_schema()::regnamespace);
	EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA %s TO PUBLIC', pg_my_temp_schema()::regnamespace);
	EXECUTE format('GRANT ALL ON SCHEMA %s TO PUBLIC', pg_my_temp_schema()::regnamespace); END $$;

SET SESSION AUTHORIZATION tap_importer;
SELECT lives_ok('SELECT nachet.get_all_seeds_names()', 'importer: reads the seeds');
SELECT lives_ok($$SELECT nachet.is_user_registered('tap@example.org')$$, 'importer: finds a user');
SELECT lives_ok($$SELECT nachet.picture_form('{"email": "tap@example.org"}')$$, 'importer: reads the form');
SELECT lives_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'mine')$$, 'importer: stores chunks');
SELECT lives_ok($$SELECT nachet.missing_contents(ARRAY[sha256('mine')])$$, 'importer: asks what is missing');
SELECT lives_ok($$SELECT nachet.hold_contents(ARRAY[sha256('mine')])$$, 'importer: holds what is stored');
SELECT lives_ok($$SELECT nachet.upload_picture_set(p, who.id, '{"seed_name": "Brassica napus", "zoom_level": 2, "nb_seeds": 5}') FROM t, who$$, 'importer: uploads a set');
SELECT lives_ok($$SELECT nachet.upload_picture_set(ARRAY['x'], ARRAY[sha256(p[1])], who.id, '{"seed_name": "Brassica napus", "zoom_level": 2, "nb_seeds": 5}') FROM t, who$$, 'importer: uploads a set by SHA-256');
SELECT throws_ok(sql, '42501', NULL, 'importer: refused: ' || sql) FROM unnest(ARRAY[
	$$INSERT INTO nachet.content_chunk (content_id, chunk_no, data) VALUES (1, 0, 'a')$$,
	$$INSERT INTO nachet.content_chunk VALUES (1, 0, 'a')$$,
	$$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a') RETURNING content_id$$,
	$$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a') ON CONFLICT (content_id, chunk_no) DO UPDATE SET data = 'x'$$,
	$$INSERT INTO nachet.content (id, sha256, byte_size, chunk_size) VALUES (1, sha256('a'), 1, 1)$$,
	$$UPDATE nachet.content_chunk SET data = 'x'$$,
	$$DELETE FROM nachet.content_chunk$$,
	$$TRUNCATE nachet.content_chunk$$,
	$$SELECT nextval('nachet.content_id_seq')$$,
	$$SELECT setval('nachet.content_id_seq', 1)$$,
	$$SELECT nachet.picture_content(id) FROM made$$,
	$$SELECT nachet.content_read(sha256('mine'), 0, 4)$$,
	$$SELECT nachet.delete_picture_set(id) FROM made$$,
	$$SELECT nachet.sweep_contents('0 s')$$,
	$$SELECT nachet.register_user('me@example.org')$$,
	$$SELECT nachet.register_seed('Me')$$,
	$$CREATE TRIGGER t BEFORE INSERT ON nachet.content_chunk FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()$$,
	$$ALTER TABLE nachet.content_chunk DISABLE TRIGGER ALL$$,
	$$SET ROLE nachet_owner$$,
	$$CREATE FUNCTION nachet.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'$$]) AS s (sql);
SELECT throws_ok(format('SELECT FROM nachet.%I', name), '42501', NULL, 'importer: reads no row of ' || name)
	FROM unnest(ARRAY['users', 'seed', 'object_type', 'picture_set', 'picture', 'picture_seed', 'content', 'content_chunk']) AS n (name);
SELECT throws_ok(format('DELETE FROM nachet.%I', name), '42501', NULL, 'importer: deletes no row of ' || name)
	FROM unnest(ARRAY['users', 'seed', 'picture_set', 'picture', 'picture_seed', 'content']) AS n (name);
CREATE TABLE public.tap_own (content_id bigint, chunk_no int, data bytea);
SELECT throws_ok($$CREATE TRIGGER t BEFORE INSERT ON public.tap_own FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()$$, '42501', NULL,
	'importer: our trigger functions serve none of its tables');

-- Look-alikes in the caller's own schemas have no say.
CREATE TEMP TABLE users (id uuid, email text);
CREATE TEMP TABLE content (id bigint, sha256 bytea, byte_size bigint, chunk_size int, format text);
CREATE FUNCTION public.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'tap@example.org' $$;
SET search_path = pg_temp, public, pg_catalog;
SELECT is(nachet.is_user_registered('stranger@example.org'), NULL, 'importer: a function of its own deceives nobody');
SELECT lives_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'shadow')$$, 'importer: tables of its own shadow nothing');
SET search_path = public, pg_temp;
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 = sha256('shadow')), 1::bigint, 'what it stored is where it belongs');
DROP TABLE pg_temp.users, pg_temp.content;
DROP FUNCTION public.lower(text);

SET SESSION AUTHORIZATION tap_reader;
SELECT lives_ok('SELECT nachet.picture_content(p.id) FROM nachet.picture p JOIN nachet.picture_set s ON s.id = picture_set_id', 'reader: reads pictures and sets');
SELECT lives_ok($$SELECT nachet.content_read(sha256, 0, 1) FROM nachet.content$$, 'reader: reads ranges');
SELECT throws_ok(sql, '42501', NULL, 'reader: refused: ' || sql) FROM unnest(ARRAY[
	'SELECT email FROM nachet.users',
	'SELECT data FROM nachet.content_chunk',
	$$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a')$$,
	'DELETE FROM nachet.picture',
	$$SELECT nachet.upload_picture_set(p, who.id, '{}') FROM t, who$$]) AS s (sql);
RESET SESSION AUTHORIZATION;

SET SESSION AUTHORIZATION nachet_app;
SELECT throws_ok(sql, '42501', NULL, 'app: refused: ' || sql) FROM unnest(ARRAY[
	$$INSERT INTO nachet.picture (picture, picture_set_id, nb_obj, content_id) SELECT '{}', id, 1, 1 FROM made$$,
	$$UPDATE nachet.picture SET content_id = 1$$,
	$$UPDATE nachet.picture_set SET digest = sha256('x')$$,
	'SELECT FROM nachet.content_chunk',
	'SELECT nachet.picture_content(id) FROM made']) AS s (sql);
RESET SESSION AUTHORIZATION;

SET SESSION AUTHORIZATION tap_admin;
SELECT lives_ok($$SELECT nachet.register_user('new@example.org')$$, 'admin: registers users');
SELECT lives_ok($$SELECT nachet.register_seed('Newseed')$$, 'admin: registers seeds');
SELECT lives_ok('SELECT nachet.delete_picture_set(id) FROM made', 'admin: deletes a set');
SELECT lives_ok($$SELECT nachet.sweep_contents('1 day')$$, 'admin: sweeps');
SELECT throws_ok('SELECT FROM nachet.users', '42501', NULL, 'admin: reads no table');
RESET SESSION AUTHORIZATION;

SET SESSION AUTHORIZATION tap_nobody;
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'nachet'::regnamespace
	AND has_function_privilege(p.oid, 'EXECUTE')$$, 'nobody: runs no function');
SELECT is_empty($$SELECT c.oid::regclass FROM pg_class c WHERE relnamespace = 'nachet'::regnamespace AND relkind = 'r'
	AND has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE')$$, 'nobody: touches no table');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
ROLLBACK;
