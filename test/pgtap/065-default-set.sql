-- A user's default set is guarded as Nachet's foreign key guards it.
\ir pictures.psql
SELECT plan(21);

CREATE TEMP TABLE made AS SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(1, 'a')], pg_temp.uid(), pg_temp.data()) AS id;
INSERT INTO nachet.picture_set (picture_set, owner_id, name) VALUES ('{}', pg_temp.uid(), 'other') RETURNING id AS other \gset
UPDATE nachet.users SET default_set_id = (SELECT id FROM made) WHERE id = pg_temp.uid();

SELECT throws_ok('DELETE FROM nachet.picture_set WHERE id = (SELECT id FROM made)', '23503', NULL, 'a default set can''t be deleted');
SELECT throws_ok('DELETE FROM nachet.picture_set', '23503', NULL, 'not among others either');
SELECT throws_ok('DELETE FROM nachet.users WHERE id = pg_temp.uid()', '23503', NULL, 'nor a user who owns sets');
SELECT throws_ok('UPDATE nachet.users SET default_set_id = nachet.uuidv7()', '23503', NULL, 'a set that does not exist can''t become one');
SELECT lives_ok('UPDATE nachet.picture_set SET name = ''new'' WHERE id = (SELECT id FROM made)', 'it may change otherwise');
SELECT lives_ok('UPDATE nachet.users SET updated_at = now()', 'and so may its user');
SELECT lives_ok(format($$WITH was AS (UPDATE nachet.users SET default_set_id = %L RETURNING id)
	DELETE FROM nachet.picture_set WHERE id = (SELECT id FROM made) AND EXISTS (SELECT FROM was)$$, :'other'), 'one statement may give another and delete it');
SELECT is((SELECT default_set_id FROM nachet.users WHERE id = pg_temp.uid()), :'other'::uuid, 'the other is the default now');
SELECT throws_like($$UPDATE nachet.picture_set SET id = nachet.uuidv7() WHERE name = 'other'$$, '%is the default set of a user', '... whose id must stay');
SELECT lives_ok(format('SELECT nachet.delete_picture_set(%L)', :'other'), 'delete_picture_set deletes a default set');
SELECT is((SELECT default_set_id FROM nachet.users WHERE id = pg_temp.uid()), NULL, '... and then there is none');
-- A restore brings users before sets.
SELECT lives_ok($$INSERT INTO nachet.users (email, default_set_id) VALUES ('restored@example.org', nachet.uuidv7())$$, 'a user may come before his default set');
SELECT throws_ok($$UPDATE nachet.users SET default_set_id = nachet.uuidv7() WHERE email = 'restored@example.org'$$, '23503', NULL, '... and not change to another such');
INSERT INTO nachet.picture_set (picture_set, owner_id, name) VALUES ('{}', pg_temp.uid(), 'third');
-- Whoever may not restore brings no user before his set.
DO $$ BEGIN EXECUTE format('GRANT ALL ON ALL TABLES IN SCHEMA %1$s TO PUBLIC; GRANT ALL ON ALL SEQUENCES IN SCHEMA %1$s TO PUBLIC; GRANT ALL ON SCHEMA %1$s TO PUBLIC',
	pg_my_temp_schema()::regnamespace); END $$;
SET LOCAL ROLE nachet_app;
SELECT throws_ok($$INSERT INTO nachet.users (email, default_set_id) VALUES ('dangling@example.org', nachet.uuidv7())$$, '23503', NULL,
	'Nachet''s own code inserts no user with a set that does not exist');
SELECT lives_ok(format($$INSERT INTO nachet.users (email, default_set_id) SELECT 'chosen@example.org', id FROM nachet.picture_set
	WHERE owner_id = %L ORDER BY id LIMIT 1$$, pg_temp.uid()), 'one with a set that is there');
SELECT isnt((SELECT default_set_id FROM nachet.users WHERE email = 'chosen@example.org'), NULL, 'has it');
SELECT throws_ok('DELETE FROM nachet.picture_set WHERE id IN (SELECT default_set_id FROM nachet.users)', '23503', NULL, 'which then stays');
RESET ROLE;
SELECT throws_ok('TRUNCATE nachet.picture_set CASCADE', '23503', 'picture sets are the default sets of users', 'nor does TRUNCATE remove it');
SELECT is((SELECT count(*) FROM nachet.picture_set WHERE id IN (SELECT default_set_id FROM nachet.users)), 1::bigint, '... it is still there');
SELECT lives_ok('TRUNCATE nachet.users CASCADE', '... but with the users');
SELECT nachet.register_user('tap@example.org') AS uid \gset
INSERT INTO nachet.picture_set (picture_set, owner_id) VALUES ('{}', :'uid');
SELECT lives_ok('TRUNCATE nachet.picture_set CASCADE', '... or if it is the default of no user');
SELECT * FROM finish();
ROLLBACK;
