-- Bytes back: whole pictures and ranges, and what happens where they are damaged.
\ir pictures.psql
SELECT plan(24);

CREATE TEMP TABLE t AS SELECT pg_temp.bmp(nachet.chunk_size(), 'long') AS b;
CREATE TEMP TABLE made AS SELECT nachet.upload_picture_set(ARRAY[b], pg_temp.uid(), pg_temp.data()) AS id FROM t;
SELECT is((SELECT nachet.picture_content(p.id) FROM nachet.picture p JOIN made ON made.id = picture_set_id), b, 'a picture''s bytes') FROM t;
SELECT is(nachet.picture_content(nachet.uuidv7()), NULL, 'no such picture');
SELECT is(nachet.picture_content(NULL), NULL, 'NULL is no picture');
SELECT is(nachet.content_read(sha256(b), o, n), substring(b FROM (o + 1)::int FOR n::int), format('%s bytes from %s', n, o)) FROM t, (VALUES
	(0::bigint, 1::bigint), (0, 0), (0, 8120), (0, 8121), (8119, 2), (8120, 8120), (1, 20000), (24000, 414), (24413, 1), (24414, 1), (24400, 100)) AS r (o, n);
SELECT is(nachet.content_read(sha256(b), 9223372036854775807, 10), '', 'beyond the end is nothing') FROM t;
SELECT is(nachet.content_read(sha256(b), 0, 9223372036854775807), b, 'no more than there is') FROM t;
SELECT is(nachet.content_read(sha256('nothing'), 0, 1), NULL, 'no such content');
SELECT throws_ok('SELECT nachet.content_read(sha256(b), -1, 1) FROM t', '22023', NULL, 'a negative offset');
SELECT throws_ok('SELECT nachet.content_read(sha256(b), 0, -1) FROM t', '22023', NULL, 'a negative length');
SELECT throws_ok($$SELECT nachet.content_read('short', 0, 1)$$, '22023', NULL, 'no SHA-256');

-- Each call may fetch an object from another machine: conditions that are cheaper come first.
SET LOCAL track_functions = 'all';
SELECT is((SELECT count(*) FROM nachet.picture WHERE sha256(nachet.picture_content(id)) = 'none' AND name || nb_obj::text || id::text = 'none'), 0::bigint, 'a condition on the bytes, and a cheaper one');
SELECT is(pg_stat_get_xact_function_calls('nachet.picture_content(uuid)'::regprocedure), NULL, 'no bytes are read where a cheaper condition does');

DELETE FROM nachet.content_chunk WHERE chunk_no = 1 AND content_id = (SELECT c.id FROM nachet.content c, t WHERE sha256 = sha256(b));
SELECT throws_ok('SELECT nachet.content_read(sha256(b), 0, 20000) FROM t', 'XX001', NULL, 'a missing chunk is an error');
UPDATE nachet.content_chunk SET data = substring(data FOR 100) WHERE chunk_no = 0 AND content_id = (SELECT c.id FROM nachet.content c, t WHERE sha256 = sha256(b));
SELECT throws_ok('SELECT nachet.content_read(sha256(b), 0, 200) FROM t', 'XX001', NULL, 'a short chunk is an error');
SELECT * FROM finish();
ROLLBACK;
