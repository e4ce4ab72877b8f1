-- Registering and finding users and seeds.
\ir pictures.psql
SELECT plan(19);

SELECT is(nachet.is_user_registered('Tap@Example.ORG'), nachet.register_user('tap@example.org'),
	'a user is found without regard to case');
SELECT is(nachet.is_user_registered('stranger@example.org'), NULL, 'a stranger is NULL');
SELECT is(nachet.is_user_registered(NULL), NULL, 'NULL is nobody');
SELECT is(nachet.register_user('TAP@example.org'), pg_temp.uid(), 'registering twice gives the same id');
SELECT is((SELECT email FROM nachet.users WHERE id = pg_temp.uid()), 'tap@example.org', 'the address stays as first given');
SELECT throws_ok($$INSERT INTO nachet.users (email) VALUES ('tAp@example.org')$$, '23505', NULL,
	'plain SQL can''t register an address twice either');
SELECT throws_ok(format('SELECT nachet.register_user(%L)', bad), '22023', NULL, format('no e-mail address: %L', left(bad, 30)))
	FROM unnest(ARRAY['', 'nobody', '@example.org', 'a@', 'a b@example.org', 'a@b@c', repeat('a', 250) || '@b.org']) AS b (bad);

SELECT is(nachet.register_seed('Brassica napus'), (SELECT id FROM nachet.seed WHERE name = 'Brassica napus'),
	'registering a seed twice gives the same id');
SELECT throws_ok($$SELECT nachet.register_seed('')$$, '22023', NULL, 'a seed needs a name');
SELECT throws_ok($$SELECT nachet.register_seed(E'a\nb')$$, '22023', NULL, 'a seed''s name is one line');
DELETE FROM nachet.seed;
INSERT INTO nachet.seed (name) VALUES ('b'), ('B'), ('a'), ('é');
SELECT results_eq('SELECT nachet.get_all_seeds_names()', $$VALUES ('B'), ('a'), ('b'), ('é')$$, 'names come sorted');

SELECT is_empty($$SELECT FROM generate_series(1, 100) WHERE nachet.uuidv7()::text !~
	'^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'$$, 'ids are UUIDs of version 7');
SELECT is_empty($$SELECT FROM (SELECT id, lag(id) OVER (ORDER BY n) AS before FROM
	(SELECT n, nachet.uuidv7() AS id FROM generate_series(1, 10000) n) AS made) AS pairs WHERE id <= before$$,
	'each id is greater than the one before');
SELECT * FROM finish();
ROLLBACK;
