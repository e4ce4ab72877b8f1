-- How sets and contents go.
\ir pictures.psql
SELECT plan(22);

CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(2, 'b'), pg_temp.bmp(3, 'c')] AS p;
CREATE TEMP TABLE one AS SELECT nachet.upload_picture_set(p[1:2], pg_temp.uid(), pg_temp.data()) AS id FROM t;
CREATE TEMP TABLE two AS SELECT nachet.upload_picture_set(p[2:3], pg_temp.uid(), pg_temp.data()) AS id FROM t;
UPDATE nachet.users SET default_set_id = one.id FROM one;
SELECT is(nachet.delete_picture_set(one.id), length(p[1])::bigint, 'a set''s own bytes are freed') FROM one, t;
SELECT is((SELECT count(*) FROM nachet.picture JOIN one ON picture_set_id = one.id), 0::bigint, 'its pictures are gone');
SELECT is((SELECT count(*) FROM nachet.users JOIN one ON default_set_id = one.id), 0::bigint, 'nobody''s default is a set that is gone');
SELECT results_eq('SELECT sha256 FROM nachet.content, t WHERE sha256 IN (sha256(p[1]), sha256(p[2]), sha256(p[3])) ORDER BY byte_size',
	'SELECT sha256(p[n]) FROM t, (VALUES (2), (3)) AS v (n)', 'what another set uses stays');
SELECT throws_ok('SELECT nachet.delete_picture_set(id) FROM one', 'P0002', NULL, 'a set that is not there');
SELECT is(nachet.delete_picture_set(NULL), NULL, 'NULL is no set');

SELECT pg_temp.store('unreferenced') \g /dev/null
SELECT pg_temp.store('unreferenced as well') \g /dev/null
SELECT results_eq($$SELECT nachet.hold_contents(ARRAY[sha256('not there'), sha256('unreferenced'), sha256('not there')])$$, $$VALUES (sha256('not there'))$$,
	'holding tells what is missing, each once');
SELECT is_empty($$SELECT nachet.hold_contents('{}')$$, 'nothing holds nothing');
SELECT is_empty('SELECT nachet.hold_contents(NULL)', 'nor does NULL');
SELECT throws_ok($$SELECT nachet.hold_contents(ARRAY['short'::bytea])$$, '22023', NULL, 'what is no SHA-256 is refused');
SELECT is((SELECT contents FROM nachet.sweep_contents('1 hour')), 0::bigint, 'what is young is not swept');
SELECT throws_ok($$CALL nachet.sweep_all('0 s')$$, '25001', 'sweep_all cannot run inside a transaction block', 'sweeping in slices needs transactions of its own');
SELECT results_eq($$SELECT * FROM nachet.sweep_next(now() - interval '1 hour', 0)$$, $$VALUES (0::bigint, 0::bigint, 9223372036854775807)$$, 'a slice of nothing is the last');
SELECT is_empty($$SELECT * FROM nachet.sweep_next(NULL, 0) WHERE contents IS NOT NULL$$, 'NULL sweeps nothing');
SELECT is((SELECT contents FROM nachet.sweep_next('infinity', 9223372036854775806)), 0::bigint, 'nor does a slice behind all');
UPDATE nachet.content SET stored_at = now() - interval '2 hours';
SELECT results_eq($$SELECT contents, bytes FROM nachet.sweep_contents('1 hour')$$, $$VALUES (2::bigint, 32::bigint)$$, 'what nothing refers to is swept');
SELECT is_empty('SELECT FROM nachet.content_chunk WHERE content_id NOT IN (SELECT id FROM nachet.content)', 'with its chunks');
SELECT is((SELECT count(*) FROM nachet.picture p JOIN two ON picture_set_id = two.id WHERE nachet.picture_content(p.id) IS NOT NULL), 2::bigint, 'what a picture refers to stays');

DELETE FROM nachet.picture_set USING two WHERE picture_set.id = two.id;
SELECT is((SELECT count(*) FROM nachet.content, t WHERE sha256 = sha256(p[3])), 1::bigint, 'plain SQL deletes no bytes');
UPDATE nachet.content SET stored_at = now() - interval '2 hours';
SELECT is((SELECT contents FROM nachet.sweep_contents('1 hour')), 2::bigint, 'a sweep does');
SELECT is((SELECT count(*) FROM nachet.content_chunk), 0::bigint, 'nothing is left');
SELECT ok((SELECT nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data()) FROM t) IS NOT NULL, 'and all can be imported again');
SELECT * FROM finish();
ROLLBACK;
