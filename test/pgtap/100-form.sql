-- What the two routes answer.
\ir pictures.psql
SELECT plan(31);

CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(2, 'b')] AS p;
SELECT is(nachet.picture_form('{"email": "TAP@example.org"}') - 'limits' - 'seed_names',
	jsonb_build_object('user_id', pg_temp.uid(), 'email', 'tap@example.org'), 'the form knows the user');
SELECT is(nachet.picture_form('{"email": "tap@example.org"}') -> 'seed_names', (SELECT jsonb_agg(n) FROM nachet.get_all_seeds_names() n), 'and the seeds');
SELECT is(nachet.picture_form('{"email": "tap@example.org"}') -> 'limits' ->> 'name_bytes', '1024', 'and the limits');
SELECT is(nachet.picture_form('{}', 'Tap@example.org') ->> 'user_id', pg_temp.uid()::text, 'who is authenticated need not say who');
SELECT is(nachet.picture_form('{"email": "TAP@EXAMPLE.org"}', 'tap@example.org') ->> 'user_id', pg_temp.uid()::text, 'but may');
SELECT throws_ok($$SELECT nachet.picture_form('{"email": "other@example.org"}', 'tap@example.org')$$, 'NC007', NULL, 'and is nobody else');
SELECT throws_ok($$SELECT nachet.picture_form('{"email": "stranger@example.org"}')$$, 'NC001', NULL, 'a stranger');
SELECT throws_ok($$SELECT nachet.picture_form('{}', 'stranger@example.org')$$, 'NC001', NULL, 'an authenticated stranger');
SELECT throws_ok($$SELECT nachet.picture_form('{}')$$, 'NC005', NULL, 'nobody');
SELECT throws_ok($$SELECT nachet.picture_form('{"email": 5}')$$, 'NC005', NULL, 'an address that is no string');
SELECT throws_ok($$SELECT nachet.picture_form('[]')$$, 'NC005', NULL, 'no object');
SELECT throws_ok($$SELECT nachet.picture_form(NULL)$$, '22004', NULL, 'no request');

CREATE FUNCTION pg_temp.manifest(more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.data() || jsonb_build_object('email', 'tap@example.org', 'pictures', (SELECT jsonb_agg(jsonb_build_object(
		'name', 'f/' || n, 'sha256', encode(sha256(p[n]), 'hex'))) FROM t, generate_series(1, 2) n)) || more
$$;
SELECT is(nachet.batch_import(pg_temp.manifest()) - 'user_id', jsonb_build_object('result', 'missing', 'missing',
	(SELECT jsonb_agg(h ORDER BY h) FROM (SELECT encode(sha256(p[n]), 'hex') FROM t, generate_series(1, 2) n) AS x (h))), 'nothing is there yet');
SELECT is((SELECT count(*) FROM nachet.picture_set), 0::bigint, 'and no set was made');
SELECT pg_temp.store(p[1]) FROM t \g /dev/null
SELECT is(nachet.batch_import(pg_temp.manifest('{"dry_run": true}')) -> 'missing', (SELECT to_jsonb(ARRAY[encode(sha256(p[2]), 'hex')]) FROM t), 'a dry run tells what is missing');
SELECT pg_temp.store(p[2]) FROM t \g /dev/null
SELECT is(nachet.batch_import(pg_temp.manifest('{"dry_run": true}')), jsonb_build_object('result', 'checked', 'missing', '[]'::jsonb, 'user_id', pg_temp.uid()), 'a dry run finds all well');
SELECT is((SELECT count(*) FROM nachet.picture_set), 0::bigint, 'and makes no set');
CREATE TEMP TABLE answer AS SELECT nachet.batch_import(pg_temp.manifest()) AS a;
SELECT is(a - 'picture_set_id', (SELECT jsonb_build_object('result', 'created', 'pictures', 2, 'bytes', length(p[1]) + length(p[2])) FROM t), 'the set is made') FROM answer;
SELECT is(nachet.batch_import(pg_temp.manifest()), a || '{"result": "present"}', 'once') FROM answer;
SELECT is(nachet.batch_import(pg_temp.manifest() - 'email', 'tap@example.org') ->> 'picture_set_id', a ->> 'picture_set_id', 'the same, authenticated') FROM answer;
SELECT throws_ok(format('SELECT nachet.batch_import(pg_temp.manifest(%L))', more), code, NULL, more) FROM (VALUES
	('{"pictures": 5}', 'NC005'),
	('{"pictures": [1]}', 'NC005'),
	('{"pictures": [{"sha256": "00"}]}', 'NC005'),
	('{"pictures": [{"name": "a", "sha256": "00"}]}', 'NC005'),
	('{"pictures": [{"name": "a", "sha256": "zz5b1a1d"}]}', 'NC005'),
	('{"pictures": [{"name": "../a", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}]}', 'NC003'),
	('{"pictures": []}', 'NC003'),
	('{"dry_run": "yes"}', 'NC005'),
	('{"seed_name": "Brassica"}', 'NC002'),
	('{"email": "stranger@example.org"}', 'NC001')) AS b (more, code);
SELECT throws_ok($$SELECT nachet.batch_import(pg_temp.manifest(), 'other@example.org')$$, 'NC007', NULL, 'nobody imports for another');
SELECT * FROM finish();
ROLLBACK;
