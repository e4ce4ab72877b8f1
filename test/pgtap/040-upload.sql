-- upload_picture_set: what makes a set, what is refused, and that the same set is one set.
\ir pictures.psql
SELECT plan(67);

CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(5000, 'b'), pg_temp.bmp(1, 'a')] AS p;
CREATE TEMP TABLE made AS SELECT nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data()) AS id FROM t;
SELECT results_eq('SELECT p.name, p.nb_obj, nachet.picture_content(p.id) FROM nachet.picture p JOIN made ON picture_set_id = made.id ORDER BY name',
	'SELECT n::text, 5, p[n] FROM t, generate_series(1, 3) n', 'each picture has its place, its number of seeds and its bytes');
SELECT is((SELECT count(DISTINCT content_id) FROM nachet.picture JOIN made ON picture_set_id = made.id), 2::bigint, 'the same bytes are stored once');
SELECT is((SELECT count(*) FROM nachet.picture_seed s JOIN nachet.picture p ON p.id = picture_id JOIN made ON picture_set_id = made.id
	JOIN nachet.seed ON seed.id = seed_id WHERE seed.name = 'Brassica napus'), 3::bigint, 'each picture shows the seed');
SELECT is((SELECT owner_id FROM nachet.picture_set JOIN made USING (id)), pg_temp.uid(), 'the set has its owner');
SELECT is((SELECT name FROM nachet.picture_set JOIN made USING (id)), (SELECT id::text FROM made), 'a set without a name takes its id''s');
SELECT is((SELECT picture_set -> 'image_data_picture_set' ->> 'number_of_images' FROM nachet.picture_set JOIN made USING (id)), '3', 'its document says how many');
SELECT is((SELECT picture -> 'image_data' ->> 'format' || (picture -> 'image_data' ->> 'width') || (picture -> 'user_data' ->> 'zoom')
	|| (picture -> 'user_data' ->> 'number_of_seeds') || (picture -> 'quality_check' ->> 'image_checksum')
	FROM nachet.picture p JOIN made ON picture_set_id = made.id WHERE p.name = '2'),
	(SELECT 'BMP5000205' || encode(sha256(p[2]), 'hex') FROM t), 'a picture''s document tells the truth');

-- Once more is the same set, however it is said.
CREATE TEMP TABLE counts AS SELECT (SELECT count(*) FROM nachet.picture) AS pictures, (SELECT count(*) FROM nachet.content_chunk) AS chunks;
SELECT is(nachet.upload_picture_set(p, pg_temp.uid(), said::jsonb), made.id, 'the same set: ' || said) FROM t, made, unnest(ARRAY[
	'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}',
	'{"nb_seeds": 5.0, "zoom_level": 20.00, "seed_name": "Brassica napus"}',
	'{"seed_name": "Brassica napus", "zoom_level": "20", "nb_seeds": "5"}',
	'{"seed_name": "Brassica napus", "zoom_level": "2e1", "nb_seeds": "5", "email": "tap@example.org", "name": null}']) AS s (said);
SELECT is(nachet.upload_picture_set(ARRAY['3', '1', '2'], ARRAY[sha256(p[3]), sha256(p[1]), sha256(p[2])], pg_temp.uid(), pg_temp.data()),
	made.id, 'the same set by SHA-256, in another order') FROM t, made;
SELECT results_eq('SELECT (SELECT count(*) FROM nachet.picture), (SELECT count(*) FROM nachet.content_chunk)', 'SELECT * FROM counts', 'nothing was stored again');
SELECT isnt(nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data(more)), made.id, 'another set: ' || more::text) FROM t, made, unnest(ARRAY[
	'{"zoom_level": 20.5}', '{"nb_seeds": 6}', '{"name": "a"}', '{"seed_name": "Bromus secalinus"}', '{"microscope": "B"}']::jsonb[]) AS m (more);
SELECT isnt(nachet.upload_picture_set(p, nachet.register_user('other@example.org'), pg_temp.data()), made.id, 'another owner, another set') FROM t, made;
SELECT isnt(nachet.upload_picture_set(p[1:2], pg_temp.uid(), pg_temp.data()), made.id, 'other pictures, another set') FROM t, made;
SELECT isnt(nachet.upload_picture_set(ARRAY['x', '2', '3'], ARRAY[sha256(p[1]), sha256(p[2]), sha256(p[3])], pg_temp.uid(), pg_temp.data()),
	made.id, 'other names, another set') FROM t, made;
SELECT is((SELECT picture -> 'user_data' ->> 'microscope' FROM nachet.picture WHERE picture_set_id =
	nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data('{"microscope": "B"}')) LIMIT 1), 'B', 'further keys are kept') FROM t;
CREATE TEMP TABLE named AS SELECT nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data('{"name": "Lot 3"}')) AS id FROM t;
SELECT is((SELECT name FROM nachet.picture_set JOIN named USING (id)), 'Lot 3', 'a set takes the name it is given');

-- Data that is missing or wrong, named.
SELECT throws_ok(format('SELECT nachet.upload_picture_set(p, pg_temp.uid(), %L) FROM t', said), 'NC005', message, said) FROM (VALUES
	('[]', 'data is not a JSON object'),
	('{"zoom_level": 20, "nb_seeds": 5}', 'data has no "seed_name"'),
	('{"seed_name": 7, "zoom_level": 20, "nb_seeds": 5}', 'data has an invalid "seed_name": 7'),
	('{"seed_name": "Brassica napus", "nb_seeds": 5}', 'data has no "zoom_level"'),
	('{"seed_name": "Brassica napus", "zoom_level": null, "nb_seeds": 5}', 'data has no "zoom_level"'),
	('{"seed_name": "Brassica napus", "zoom_level": 0, "nb_seeds": 5}', 'data has an invalid "zoom_level": 0'),
	('{"seed_name": "Brassica napus", "zoom_level": "NaN", "nb_seeds": 5}', 'data has an invalid "zoom_level": "NaN"'),
	('{"seed_name": "Brassica napus", "zoom_level": "Infinity", "nb_seeds": 5}', 'data has an invalid "zoom_level": "Infinity"'),
	('{"seed_name": "Brassica napus", "zoom_level": 1e400, "nb_seeds": 5}', NULL),
	('{"seed_name": "Brassica napus", "zoom_level": 1e-400, "nb_seeds": 5}', NULL),
	('{"seed_name": "Brassica napus", "zoom_level": "1e999999", "nb_seeds": 5}', 'data has an invalid "zoom_level": "1e999999"'),
	('{"seed_name": "Brassica napus", "zoom_level": "twenty", "nb_seeds": 5}', 'data has an invalid "zoom_level": "twenty"'),
	('{"seed_name": "Brassica napus", "zoom_level": [20], "nb_seeds": 5}', 'data has an invalid "zoom_level": an array'),
	('{"seed_name": "Brassica napus", "zoom_level": 20}', 'data has no "nb_seeds"'),
	('{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 0}', 'data has an invalid "nb_seeds": 0'),
	('{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 1.5}', 'data has an invalid "nb_seeds": 1.5'),
	('{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 2147483648}', 'data has an invalid "nb_seeds": 2147483648'),
	('{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5, "name": ""}', 'data has an invalid "name": ""'),
	('{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5, "name": "a\nb"}', 'data has an invalid "name": "a\nb"')) AS b (said, message);
SELECT throws_ok('SELECT nachet.upload_picture_set(p, nachet.uuidv7(), pg_temp.data()) FROM t', 'NC001', NULL, 'a user who is not registered');
SELECT throws_ok($$SELECT nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data('{"seed_name": "Brasica nappus"}')) FROM t$$, 'NC002',
	'seed "Brasica nappus" is not registered', 'a seed that is not registered');
SELECT throws_ok($$SELECT nachet.upload_picture_set(p || 'text'::bytea || ''::bytea, pg_temp.uid(), pg_temp.data()) FROM t$$, 'NC003',
	'2 pictures are not acceptable', 'what is no picture');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY[substring(p[2] FOR 10000)], pg_temp.uid(), pg_temp.data()) FROM t$$, 'NC003', NULL, 'a truncated picture');
SELECT throws_ok($$SELECT nachet.upload_picture_set('{}'::bytea[], pg_temp.uid(), pg_temp.data())$$, 'NC003', NULL, 'no picture at all');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY[NULL]::bytea[], pg_temp.uid(), pg_temp.data())$$, '22004', NULL, 'a null among the pictures');
SELECT throws_ok($$SELECT nachet.upload_picture_set(NULL::bytea[], pg_temp.uid(), pg_temp.data())$$, '22004', NULL, 'null for pictures');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY[[p[1]], [p[2]]], pg_temp.uid(), pg_temp.data()) FROM t$$, '2202E', NULL, 'two dimensions');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY['a', 'b'], ARRAY[sha256('x'), sha256(p[1])], pg_temp.uid(), pg_temp.data()) FROM t$$, 'NC004',
	'1 content is missing', 'bytes that are not stored');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY['a', 'b'], ARRAY[sha256(p[1])], pg_temp.uid(), pg_temp.data()) FROM t$$, '22023', NULL, 'more names than contents');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY['a'], ARRAY['short'::bytea], pg_temp.uid(), pg_temp.data())$$, '22023', NULL, 'no SHA-256');
SELECT pg_temp.store('just text') \g /dev/null
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY['a'], ARRAY[sha256('just text')], pg_temp.uid(), pg_temp.data())$$, 'NC003', NULL, 'stored bytes that are no picture');
SELECT throws_ok(format('SELECT nachet.upload_picture_set(ARRAY[%L, ''ok''], ARRAY[sha256(p[1]), sha256(p[2])], pg_temp.uid(), pg_temp.data()) FROM t', name),
	'NC003', NULL, 'a name that may not stand: ' || left(name, 20)) FROM unnest(ARRAY['', '/a', 'a/', 'a//b', '../a', 'ok', repeat('n', 1025)]) AS n (name);
SELECT lives_ok(format('SELECT nachet.upload_picture_set(ARRAY[%L, ''ok''], ARRAY[sha256(p[1]), sha256(p[2])], pg_temp.uid(), pg_temp.data()) FROM t', repeat('n', 1024)),
	'a name of 1,024 bytes');

-- Bytes that an earlier version refused, and today's rules accept: judged again when a set is made of them.
SELECT pg_temp.store(pg_temp.bmp(3000, 'refused once')) \g /dev/null
CREATE TEMPORARY TABLE refused AS SELECT sha256(pg_temp.bmp(3000, 'refused once')) AS digest;
CREATE TEMPORARY TABLE judged AS SELECT format, width, height FROM nachet.content, refused WHERE sha256 = digest;
UPDATE nachet.content SET (format, width, height) = (NULL, NULL, NULL) FROM refused WHERE sha256 = digest;
SELECT results_eq('SELECT f.format, f.width, f.height, f.reason FROM refused, nachet.content_facts(ARRAY[digest]) f',
	'SELECT format, width, height, NULL::text FROM judged', 'content_facts judges bytes again that an earlier version refused');
SELECT is_empty('SELECT v.* FROM nachet.verify_contents() v JOIN nachet.content c ON c.id = v.content_id JOIN refused r ON r.digest = c.sha256',
	'... verify_contents finds no fault with them');
SELECT lives_ok('SELECT nachet.upload_picture_set(ARRAY[''a''], ARRAY[digest], pg_temp.uid(), pg_temp.data()) FROM refused', '... a set is made of them');
SELECT results_eq('SELECT format, width, height FROM nachet.content, refused WHERE sha256 = digest', 'SELECT * FROM judged', '... and what they are is written down');
SET nachet.max_array_size = 64;
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(30000, 'big')], pg_temp.uid(), pg_temp.data())$$, '54000', NULL, 'more than nachet.max_array_size');
SELECT * FROM finish();
ROLLBACK;
