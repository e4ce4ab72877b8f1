-- Row-level security on our tables: readers see what its policies let them see, imports see everything.
\ir pictures.psql
SELECT plan(29);

CREATE ROLE tap_reader IN ROLE nachet_reader;
CREATE ROLE tap_importer IN ROLE nachet_importer;
CREATE ROLE tap_app IN ROLE nachet_app;
CREATE TEMP TABLE made AS SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(2, 'b')], pg_temp.uid(), pg_temp.data()) AS id;
CREATE TEMP TABLE p AS SELECT p.name, p.id, c.sha256, c.id AS content_id FROM nachet.picture p JOIN nachet.content c ON c.id = content_id;
CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(2, 'b')] AS pictures, pg_temp.uid() AS who, pg_temp.data() AS data;
GRANT SELECT ON made, p, t TO PUBLIC;
DO $$ BEGIN EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA %s TO PUBLIC', pg_my_temp_schema()::regnamespace);
	EXECUTE format('GRANT ALL ON ALL SEQUENCES IN SCHEMA %s TO PUBLIC', pg_my_temp_schema()::regnamespace);
	EXECUTE format('GRANT ALL ON SCHEMA %s TO PUBLIC', pg_my_temp_schema()::regnamespace); END $$;
CREATE FUNCTION pg_temp.seen() RETURNS text LANGUAGE sql AS $$
	SELECT format('pictures %s, contents %s', string_agg(CASE WHEN nachet.picture_content(id) IS NULL THEN '-' ELSE name END, ' ' ORDER BY name),
		string_agg(CASE WHEN nachet.content_read(sha256, 0, 1) IS NULL THEN '-' ELSE name END, ' ' ORDER BY name)) FROM p $$;

SET SESSION AUTHORIZATION tap_reader;
SELECT is(pg_temp.seen(), 'pictures 1 2, contents 1 2', 'without row-level security all is read');
RESET SESSION AUTHORIZATION;

ALTER TABLE nachet.picture ENABLE ROW LEVEL SECURITY;
SET SESSION AUTHORIZATION tap_reader;
SELECT is(pg_temp.seen(), 'pictures - -, contents 1 2', 'a table without a policy shows no picture');
RESET SESSION AUTHORIZATION;
CREATE POLICY one ON nachet.picture FOR SELECT TO tap_reader USING (name = '1');
SET SESSION AUTHORIZATION tap_reader;
SELECT is(pg_temp.seen(), 'pictures 1 -, contents 1 2', 'a policy decides which pictures are read');
SET search_path = pg_temp, public, pg_catalog;
CREATE FUNCTION pg_temp.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR pg_temp.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = pg_temp.same);
SELECT is(nachet.picture_content(id), NULL, 'operators of the reader''s own open nothing') FROM p WHERE name = '2';
DROP OPERATOR pg_temp.= (uuid, uuid);
SET search_path = public, pg_temp;
SET row_security = off;
SELECT throws_ok('SELECT nachet.picture_content(id) FROM p', '42501', NULL, 'row_security = off is an error where policies apply');
SELECT lives_ok('SELECT nachet.content_read(sha256, 0, 1) FROM p', 'and none where they do not');
RESET row_security;
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.seen(), 'pictures 1 2, contents 1 2', 'a superuser reads all');
DROP POLICY one ON nachet.picture;
ALTER TABLE nachet.picture DISABLE ROW LEVEL SECURITY;

ALTER TABLE nachet.content ENABLE ROW LEVEL SECURITY;
CREATE POLICY two ON nachet.content FOR SELECT TO tap_reader USING (id = (SELECT content_id FROM p WHERE name = '2'));
SET SESSION AUTHORIZATION tap_reader;
SELECT is(pg_temp.seen(), 'pictures - 2, contents - 2', 'a policy on contents holds for both functions');
RESET SESSION AUTHORIZATION;

-- Imports and administration act with the owner's rights, which policies do not narrow.
CREATE FUNCTION pg_temp.on_all(command text) RETURNS void LANGUAGE plpgsql AS $$ DECLARE t regclass; BEGIN
	FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'nachet'::regnamespace AND relkind = 'r' LOOP EXECUTE format('ALTER TABLE %s %s ROW LEVEL SECURITY', t, command); END LOOP; END $$;
SELECT pg_temp.on_all('ENABLE') \g /dev/null
CREATE TEMP TABLE forced (how text);
INSERT INTO forced VALUES ('enabled');
SET SESSION AUTHORIZATION tap_importer;
SELECT is(nachet.upload_picture_set(pictures, who, data), (SELECT id FROM made), 'enabled on all tables: the set is known') FROM t;
SELECT isnt(nachet.upload_picture_set(pictures, who, data || '{"nb_seeds": 6}'), (SELECT id FROM made), '... and another is made') FROM t;
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'x')$$, '42501', NULL, '... but nobody stores chunks without a policy');
RESET SESSION AUTHORIZATION;
CREATE POLICY store ON nachet.content_chunk FOR INSERT TO tap_importer WITH CHECK (true);
SET SESSION AUTHORIZATION tap_importer;
SELECT lives_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'x')$$, '... and with one they do');
RESET SESSION AUTHORIZATION;

SELECT pg_temp.on_all('FORCE') \g /dev/null
SET SESSION AUTHORIZATION tap_importer;
SELECT is(nachet.upload_picture_set(pictures, who, data), (SELECT id FROM made), 'forced on all tables: the set is known') FROM t;
SELECT isnt(nachet.upload_picture_set(pictures, who, data || '{"nb_seeds": 7}'), (SELECT id FROM made), '... and another is made') FROM t;
SELECT lives_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'y')$$, '... chunks are stored');
SELECT is(nachet.is_user_registered('tap@example.org'), (SELECT who FROM t), '... the user is known');
SELECT is((SELECT count(*) FROM nachet.get_all_seeds_names() n WHERE n IN ('Brassica napus', 'Bromus secalinus')), 2::bigint, '... and the seeds are');
SELECT is((SELECT count(*) FROM nachet.missing_contents(ARRAY[sha256('x'), sha256('z')])), 1::bigint, '... nothing stored is called missing');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 IN (sha256('x'), sha256('y'))), 2::bigint, '... what was stored was sealed');
-- A change that a policy allows clears the digest, though no policy lets the owner see the set.
CREATE POLICY change ON nachet.picture TO nachet_app USING (true);
GRANT tap_app TO CURRENT_USER;
SET SESSION AUTHORIZATION tap_app;
SELECT lives_ok('UPDATE nachet.picture SET nb_obj = 99 WHERE picture_set_id = (SELECT id FROM made)', '... a picture is changed');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT digest FROM nachet.picture_set WHERE id = (SELECT id FROM made)), NULL, '... and its set''s digest vouches no more');
CREATE ROLE tap_admin IN ROLE nachet_admin;
SET SESSION AUTHORIZATION tap_admin;
SELECT is((SELECT contents FROM nachet.sweep_contents('-1 day')), 2::bigint, '... a sweep takes what no picture has, and no more');
SELECT is_empty('SELECT * FROM nachet.verify_contents()', '... nothing is damaged');
SELECT isnt(nachet.register_user('forced@example.org'), NULL, '... users are registered');
SELECT is(nachet.register_user('tap@example.org'), (SELECT who FROM t), '... each once');
SELECT isnt(nachet.register_seed('Forced seed'), NULL, '... seeds are registered');
SELECT lives_ok('SELECT nachet.delete_picture_set(id) FROM made', '... and a set is deleted');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM nachet.picture_set WHERE id = (SELECT id FROM made)), 0::bigint, '... which is gone');
SELECT is((SELECT count(*) FROM nachet.picture WHERE nachet.picture_content(id) IS NULL), 0::bigint, '... and every other picture has its bytes');
SELECT * FROM finish();
ROLLBACK;
