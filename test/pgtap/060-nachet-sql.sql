-- The SQL of Nachet's schema 0.0.11, as its own code sends it: search_path is this schema alone.
\ir pictures.psql
SELECT plan(22);
CREATE SCHEMA tap_seen;
GRANT USAGE ON SCHEMA tap_seen TO nachet_app;
CREATE TABLE tap_seen.row (what text, id uuid);
GRANT ALL ON tap_seen.row TO nachet_app;

SET ROLE nachet_app;
SET search_path = nachet;
INSERT INTO seed (name) VALUES ('Sinapis arvensis') RETURNING id AS seed_id \gset
INSERT INTO users (email) VALUES ('nachet@example.org') RETURNING id AS user_id \gset
INSERT INTO picture_set (picture_set, owner_id, name) VALUES ('{"a": 1}', :'user_id', 'one') RETURNING id AS set_id \gset
INSERT INTO picture_set (picture_set, owner_id, name) VALUES ('{}', :'user_id', 'one') RETURNING id AS twin_id \gset
INSERT INTO picture_set (picture_set, owner_id) VALUES ('{}', :'user_id') RETURNING id AS nameless_id, name AS nameless \gset
INSERT INTO picture (picture, picture_set_id, nb_obj) VALUES ('{"b": 2}', :'set_id', 4) RETURNING id AS picture_id \gset
INSERT INTO picture_seed (seed_id, picture_id) VALUES (:'seed_id', :'picture_id');
UPDATE picture SET picture = '{"c": 3}', nb_obj = 5 WHERE id = :'picture_id';
UPDATE users SET default_set_id = :'set_id' WHERE id = :'user_id';
SELECT name AS seed_name FROM seed WHERE id = :'seed_id' \gset
SELECT picture ->> 'c' AS c, nb_obj, verified FROM picture WHERE id = :'picture_id' \gset
SELECT is_user_registered('NACHET@example.org') = :'user_id' AS registered \gset
SELECT count(*) AS names FROM get_all_seeds_names() AS n WHERE n = 'Sinapis arvensis' \gset
\set ON_ERROR_STOP 0
DELETE FROM picture_set WHERE id = :'set_id';
\set default_delete :SQLSTATE
UPDATE picture_set SET id = uuidv7() WHERE id = :'twin_id' OR id = :'set_id';
\set default_rename :SQLSTATE
UPDATE users SET default_set_id = uuidv7() WHERE id = :'user_id';
\set default_unknown :SQLSTATE
\set ON_ERROR_STOP 1
UPDATE users SET default_set_id = NULL WHERE id = :'user_id';
DELETE FROM picture_set WHERE id = :'set_id';
SELECT count(*) AS pictures FROM picture WHERE id = :'picture_id' \gset
SELECT count(*) AS picture_seeds FROM picture_seed WHERE picture_id = :'picture_id' \gset
RESET search_path;
RESET ROLE;
SET search_path = public, pg_temp;

SELECT is(:'seed_name'::text, 'Sinapis arvensis', 'a seed is inserted and read');
SELECT isnt(:'twin_id'::text, :'set_id'::text, 'two sets of one owner may share a name');
SELECT is(:'nameless'::text, :'nameless_id'::text, 'a set without a name takes its id''s text');
SELECT is(:'c'::text, '3', 'a picture is updated');
SELECT is(:'nb_obj'::text, '5', 'and its number of objects');
SELECT is(:'verified'::text, 'f', 'and is not verified by default');
SELECT is(:'registered'::text, 't', 'a user inserted by SQL is registered');
SELECT is(:'names'::text, '1', 'a seed inserted by SQL has its name listed');
SELECT is(:'default_delete'::text, '23503', 'a user''s default set can''t be deleted');
SELECT is(:'default_rename'::text, '23503', '... nor take another id');
SELECT is(:'default_unknown'::text, '23503', '... and must exist');
SELECT is((SELECT count(*) FROM nachet.picture_set WHERE id = :'set_id'), 0::bigint, '... once it is no default it is deleted');
SELECT is(:'pictures'::text, '0', 'deleting a set takes its pictures along');
SELECT is(:'picture_seeds'::text, '0', 'and their seeds');

SELECT columns_are('nachet', t, c, t || ' has its columns') FROM (VALUES
	('users', ARRAY['id', 'email', 'registration_date', 'updated_at', 'default_set_id']),
	('seed', ARRAY['id', 'name', 'object_type_id']),
	('picture_seed', ARRAY['id', 'picture_id', 'seed_id', 'upload_date'])) AS x (t, c);
SELECT is((SELECT attname FROM pg_attribute WHERE attrelid = ('nachet.' || t)::regclass AND attnum = 1), 'id', t || '.id stands first')
	FROM unnest(ARRAY['users', 'seed', 'picture_set', 'picture', 'picture_seed']::name[]) AS x (t);
SELECT * FROM finish();
ROLLBACK;
