-- Chunks: what the database makes of a COPY or an INSERT, and what it refuses.
\ir pictures.psql
SELECT plan(30);

SELECT is(nachet.chunk_size(), (current_setting('block_size')::int - 72), 'a chunk fills a page');
CREATE TEMP TABLE sample AS SELECT pg_temp.bmp(20000, 'x') AS bytes;
SELECT pg_temp.store(bytes) FROM sample \g /dev/null
SELECT results_eq($$SELECT byte_size, chunk_size, format, width, height FROM nachet.content c, sample
	WHERE c.sha256 = sha256(bytes)$$, $$VALUES (60054::bigint, nachet.chunk_size(), 'BMP', 20000, 1)$$, 'a content is sealed');
SELECT results_eq($$SELECT chunk_no, length(data) FROM nachet.content_chunk k JOIN nachet.content c ON c.id = content_id,
	sample WHERE c.sha256 = sha256(bytes) ORDER BY 1$$,
	$$SELECT n, least(nachet.chunk_size(), 60054 - n * nachet.chunk_size()) FROM generate_series(0, 60053 / nachet.chunk_size()) n$$,
	'its chunks are full but for the last');
SELECT is(nachet.content_read(sha256(bytes), 0, 100000), bytes, 'and its bytes are right') FROM sample;

SELECT pg_temp.store(bytes) FROM sample \g /dev/null
SELECT is((SELECT count(*) FROM nachet.content c, sample WHERE c.sha256 = sha256(bytes)), 1::bigint, 'the same bytes are stored once');
SELECT is_empty('SELECT FROM nachet.content_chunk WHERE content_id NOT IN (SELECT id FROM nachet.content)',
	'the second copy''s chunks are gone');

INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'abc'), (0, 'def'), (0, 'abc');
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 IN (sha256('abc'), sha256('def')) AND byte_size = 3 AND format IS NULL),
	2::bigint, 'one statement may store many, some of them the same');

CREATE TEMP TABLE compressed (data bytea);
INSERT INTO compressed VALUES (repeat('z', nachet.chunk_size())::bytea);
INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, data FROM compressed;
SELECT is((SELECT pg_column_size(data) FROM nachet.content_chunk WHERE length(data) = nachet.chunk_size() AND
	data = repeat('z', nachet.chunk_size())::bytea), nachet.chunk_size() + 4, 'a compressed value is stored plain');
SELECT ok(nachet.chunk_size() + 4 < (SELECT pg_column_size(data) FROM compressed) * 10 + nachet.chunk_size(), 'it was compressed');

CREATE TEMP TABLE before AS SELECT (SELECT count(*) FROM nachet.content) AS contents, (SELECT count(*) FROM nachet.content_chunk) AS chunks;
CREATE TEMP TABLE full_chunk AS SELECT repeat('f', nachet.chunk_size())::bytea AS f;

SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (1, 'a')$$, 'NC006', NULL, 'no chunk 0');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (-1, 'a')$$, 'NC006', NULL, 'a negative number');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) SELECT n, f FROM full_chunk, (VALUES (0), (2)) AS v (n)$$, 'NC006', NULL, 'a gap');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) SELECT n, f FROM full_chunk, (VALUES (0), (1), (1)) AS v (n)$$, 'NC006', NULL, 'a number twice');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'a'), (1, 'b')$$, 'NC006', NULL, 'a short chunk in the middle');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, '')$$, 'NC006', NULL, 'an empty chunk');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, f || 'x'::bytea FROM full_chunk$$, 'NC006', NULL, 'a chunk too large');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, convert_to(repeat('x', 100000000), 'UTF8')$$, 'NC006', NULL, 'a chunk far too large');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (NULL, 'a')$$, '23502', NULL, 'no number');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, NULL)$$, '23502', NULL, 'no data');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no) VALUES (0)$$, '23502', NULL, 'data left out');
SELECT throws_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'fine'), (1, 'b')$$, 'NC006', NULL, 'a bad row takes its whole statement along');
SELECT results_eq($$SELECT (SELECT count(*) FROM nachet.content), (SELECT count(*) FROM nachet.content_chunk)$$,
	'SELECT contents, chunks FROM before', 'nothing of all that was stored');

-- Statements within statements have streams of their own.
CREATE FUNCTION pg_temp.nested(bytes bytea) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, bytes);
	BEGIN
		INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'lost'), (5, 'x');
	EXCEPTION WHEN SQLSTATE 'NC006' THEN NULL;
	END;
	RETURN 0;
END $$;
INSERT INTO nachet.content_chunk (chunk_no, data)
	SELECT CASE n WHEN 0 THEN 0 ELSE n + pg_temp.nested(('inner' || n)::bytea) END,
		CASE WHEN n < 3 THEN f ELSE 'tail'::bytea END
	FROM full_chunk, generate_series(0, 3) n;
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 IN (sha256('inner1'), sha256('inner2'), sha256('inner3'),
	sha256((SELECT f || f || f || 'tail'::bytea FROM full_chunk)))), 4::bigint, 'inner and outer contents are both right');
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 = sha256('lost')), 0::bigint, 'what failed inside left nothing');

-- Two writing CTEs feed one stream; whatever comes of their order, each content's bytes have its hash.
WITH a AS (INSERT INTO nachet.content_chunk (chunk_no, data) SELECT n, f FROM full_chunk, generate_series(0, 1) n RETURNING 1),
	b AS (INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'cte b'), (0, 'cte c') RETURNING 1)
INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, 'cte main') ON CONFLICT DO NOTHING;
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 IN (sha256('cte b'), sha256('cte c'), sha256('cte main'),
	sha256((SELECT f || f FROM full_chunk)))), 4::bigint, 'writing CTEs store what they say');
SELECT is_empty($$SELECT c.id FROM nachet.content c WHERE sha256(nachet.content_read(c.sha256, 0, c.byte_size)) <> c.sha256$$,
	'every stored content has its own hash');
SELECT is_empty('SELECT FROM nachet.content_chunk WHERE content_id NOT IN (SELECT id FROM nachet.content)', 'no chunk is left over');

SAVEPOINT before_rollback;
SELECT pg_temp.store('rolled back') \g /dev/null
ROLLBACK TO before_rollback;
SELECT is((SELECT count(*) FROM nachet.content WHERE sha256 = sha256('rolled back')), 0::bigint, 'a savepoint takes a content back');
SELECT lives_ok($$INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, 'x' WHERE false$$, 'no row is no error');

CREATE TABLE other (content_id bigint, chunk_no int, data bytea);
CREATE TRIGGER t BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store();
SELECT throws_ok($$INSERT INTO other (chunk_no, data) VALUES (0, 'a')$$, '39P01', NULL, 'the trigger serves its own table only');
SELECT * FROM finish();
ROLLBACK;
