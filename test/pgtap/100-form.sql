-- What the two routes answer.
\ir pictures.psql
SELECT no_plan();

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
	(SELECT jsonb_agg(encode(sha256(p[n]), 'hex') ORDER BY n) FROM t, generate_series(1, 2) n)), 'nothing is there yet');
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
SELECT is(nachet.batch_import(pg_temp.manifest('{"pictures": [], "dry_run": true}')) ->> 'result', 'checked',
	'a dry run of no picture asks whether user, seed and data are right');
SELECT throws_ok($$SELECT nachet.batch_import(pg_temp.manifest(), 'other@example.org')$$, 'NC007', NULL, 'nobody imports for another');

-- Nothing is dropped in silence: a member that nothing is done with is refused, dry run or not.
SELECT throws_ok(format('SELECT nachet.batch_import(pg_temp.manifest(%L))', jsonb_build_object('dry_run', dry_run, 'pictures',
	jsonb_build_array(ok, ok || '{"name": "b"}' || json))), 'NC005', 'entry 2 of "pictures" has an unknown member "' || shown || '"', 'an entry with ' || shown)
FROM (VALUES ('{"seed_name": "Zea mays"}', 'seed_name'), ('{"Name": "x"}', 'Name'), ('{"": 1}', ''), ('{"name ": null}', 'name '), ('{"a\tb": [1]}', 'a?b'),
		(jsonb_build_object(repeat('k', 300), 1)::text, repeat('k', 200) || '...')) AS m (more, shown),
	(VALUES (true), (false)) AS d (dry_run), (SELECT jsonb_build_object('name', 'a', 'sha256', repeat('0', 64))) AS o (ok),
	LATERAL (SELECT more::jsonb) AS j (json);

-- What is missing is named in the manifest's order, each once.
SELECT is(nachet.batch_import(pg_temp.manifest(jsonb_build_object('pictures', (SELECT jsonb_agg(jsonb_build_object('name', n::text, 'sha256',
	encode(sha256((n % 50)::text::bytea), 'hex')) ORDER BY n) FROM generate_series(1, 200) n)))) -> 'missing',
	(SELECT jsonb_agg(encode(sha256((n % 50)::text::bytea), 'hex') ORDER BY n) FROM generate_series(1, 50) n), 'in the manifest''s order');

-- Stored bytes that are no picture are refused whether or not all else is there, also by a dry run.
CREATE TEMP TABLE bad AS SELECT pg_temp.store('no picture') AS text, pg_temp.store(substring(pg_temp.bmp(9, 'cut') FOR 60)) AS cut;
CREATE FUNCTION pg_temp.with_bad(more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT pg_temp.manifest(jsonb_build_object('pictures', jsonb_build_array(
		jsonb_build_object('name', 'new.bmp', 'sha256', encode(sha256('not stored'), 'hex')),
		jsonb_build_object('name', 'text.bmp', 'sha256', encode(text, 'hex')),
		jsonb_build_object('name', 'cut.bmp', 'sha256', encode(cut, 'hex'))))) || more FROM bad
$$;
CREATE FUNCTION pg_temp.detail_of(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	PERFORM nachet.batch_import(request);
	RETURN NULL;
EXCEPTION WHEN SQLSTATE 'NC003' THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN detail;
END $$;
SELECT matches(pg_temp.detail_of(pg_temp.with_bad()), '(?=.*text\.bmp: )(?=.*cut\.bmp: truncated)', 'stored bytes that are no picture');
SELECT is(pg_temp.detail_of(pg_temp.with_bad('{"dry_run": true}')), pg_temp.detail_of(pg_temp.with_bad()), 'a dry run refuses them alike');
SELECT is(pg_temp.detail_of(pg_temp.with_bad(jsonb_build_object('pictures', (pg_temp.with_bad() -> 'pictures') - 0))),
	pg_temp.detail_of(pg_temp.with_bad()), 'and so does the import');
SELECT unalike(pg_temp.detail_of(pg_temp.with_bad()), '%new.bmp%', 'what is not stored is not judged');

-- The same for programs.
SELECT is(nachet.picture_errors(pg_temp.with_bad()) - 'errors', '{}', 'all errors are listed, if they are few');
SELECT is((SELECT jsonb_agg(e - 'reason' ORDER BY e ->> 'name') FROM jsonb_array_elements(nachet.picture_errors(pg_temp.with_bad()) -> 'errors') e),
	'[{"name": "cut.bmp", "code": "truncated"}, {"name": "text.bmp", "code": "not_a_picture"}]', 'with names and codes');
SELECT is((SELECT string_agg((e ->> 'name') || ': ' || (e ->> 'reason'), E'\n' ORDER BY place) FROM jsonb_array_elements(nachet.picture_errors(pg_temp.with_bad()) -> 'errors')
	WITH ORDINALITY AS l (e, place)), pg_temp.detail_of(pg_temp.with_bad()), 'and the reasons of the refusal');
CREATE FUNCTION pg_temp.named(VARIADIC names text[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('pictures', jsonb_agg(jsonb_build_object('name', n, 'sha256', repeat('0', 64)))) FROM unnest(names) n
$$;
CREATE FUNCTION pg_temp.codes(request jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg((e ->> 'name') || ' ' || (e ->> 'code'), ', ' ORDER BY e ->> 'name' COLLATE "C") FROM jsonb_array_elements(nachet.picture_errors(request) -> 'errors') e
$$;
SELECT is(pg_temp.codes(pg_temp.named('b', 'a//b', 'c', '', E'new\nline', 'c', '../d')),
	E' name_empty, ../d name_component, a//b name_component, c name_repeated, new\nline name_control_character', 'names have codes too');
SELECT is(pg_temp.codes(pg_temp.named(repeat('é', 512) || 'x')), repeat('é', 512) || '... name_too_long', 'one that is too long is cut between characters');
SELECT is(pg_temp.codes(pg_temp.named(repeat('é', 400) || E'\n')), repeat('é', 400) || E'\n name_control_character', 'a long one is whole');
SELECT is(nachet.picture_errors(pg_temp.named('a', 'b')), '{"errors": []}', 'nothing is wrong with what is not stored');
SELECT is(nachet.picture_errors('{"pictures": []}'), '{"errors": []}', 'nor with nothing');
SELECT throws_ok($$SELECT nachet.picture_errors('{"pictures": [{"name": "a"}]}')$$, 'NC005', NULL, 'a list that is none');
SELECT throws_ok('SELECT nachet.picture_errors(NULL)', '22004', NULL, 'no request');
CREATE FUNCTION pg_temp.counts(request jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' and ', jsonb_array_length(r -> 'errors'), r ->> 'errors_left_out') FROM nachet.picture_errors(request) r
$$;
SELECT is(pg_temp.counts(pg_temp.named(VARIADIC ARRAY(SELECT '/' || n FROM generate_series(1, 100) n))), '100', '100 names');
SELECT is(pg_temp.counts(pg_temp.named(VARIADIC ARRAY(SELECT '/' || n FROM generate_series(1, 130) n))), '100 and 30', 'more are counted');
SELECT is(pg_temp.counts((SELECT jsonb_build_object('pictures', jsonb_agg(jsonb_build_object('name', n::text, 'sha256', encode(text, 'hex')))) FROM bad, generate_series(1, 130) n)),
	'100 and 30', 'so are pictures of one content');
SELECT is(pg_temp.counts((SELECT jsonb_build_object('pictures', jsonb_agg(jsonb_build_object('name', n::text, 'sha256', encode(stored, 'hex'))))
	FROM (SELECT n, pg_temp.store(('text ' || (n + 1) / 2)::bytea) AS stored FROM generate_series(1, 260) n) s)), '100 and 160', 'and of many contents');

SELECT throws_ok(format('SELECT nachet.batch_import(pg_temp.manifest(%L))', more), code, NULL, 'dry run: ' || left(more, 80)) FROM (VALUES
	('{"dry_run": true, "zoom_level": 0}', 'NC005'),
	('{"dry_run": true, "zoom_level": 1e400}', 'NC005'),
	('{"dry_run": true, "note": "' || repeat('x', 65536) || '"}', '54000'),
	('{"dry_run": true, "note": 1e100000}', 'NC005'),
	('{"dry_run": true, "seed_name": "Brassica"}', 'NC002'),
	('{"dry_run": true, "email": "stranger@example.org"}', 'NC001'),
	('{"dry_run": true, "pictures": [{"name": "a//b", "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}]}', 'NC003')) AS b (more, code);

-- Every picture keeps a copy of the data.
CREATE FUNCTION pg_temp.copies(bytes int, pictures int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN nachet.batch_import(r || jsonb_build_object('note', repeat('x', bytes - octet_length((r - ARRAY['email', 'pictures', 'dry_run'] || '{"note": ""}')::text)),
		'pictures', (SELECT jsonb_agg(jsonb_build_object('name', n::text, 'sha256', repeat('0', 64))) FROM generate_series(1, pictures) n))) ->> 'result'
	FROM pg_temp.manifest('{"dry_run": true}') r;
EXCEPTION WHEN program_limit_exceeded THEN
	RETURN SQLERRM;
END $$;
SELECT is(pg_temp.copies(60000, 1118), 'checked', 'data of 60,000 bytes for 1,118 pictures');
SELECT is(pg_temp.copies(60000, 1119), 'data of 60000 bytes is too large for 1119 pictures', '... and for no more: copies are bounded');
SELECT is(pg_temp.copies(1025, 65500), 'data of 1025 bytes is too large for 65500 pictures', 'so are those of little more than 1 kB');
SELECT throws_ok($$SELECT nachet.upload_picture_set(array_agg(n::text), array_agg(sha256(p[1])), pg_temp.uid(), pg_temp.data(jsonb_build_object('note', repeat('x', 60000))))
	FROM t, generate_series(1, 1200) n$$, '54000', NULL, 'whoever makes the set');
SELECT is(pg_temp.copies(1024, 70000), 'checked', 'and 1 kB may go with any number');

-- The facts of stored bytes.
SELECT results_eq($$SELECT f.byte_size, f.format, f.width, f.height, f.reason, f.code FROM t, nachet.content_facts(ARRAY[sha256(p[2]), sha256(p[1]), sha256(p[2])]) f ORDER BY f.width$$,
	$$SELECT length(p[n])::bigint, 'BMP', n, 1, NULL::text, NULL::text FROM t, generate_series(1, 2) n$$, 'the facts of pictures, each once');
SELECT results_eq('SELECT f.sha256, f.byte_size, f.format, f.width, f.height FROM bad, nachet.content_facts(ARRAY[text]) f',
	'SELECT text, 10::bigint, NULL::text, NULL::int, NULL::int FROM bad', 'and of bytes that are none');
SELECT is((SELECT string_agg(n || f.reason, '; ' ORDER BY n) FROM bad, LATERAL (VALUES ('text.bmp: ', text), ('cut.bmp: ', cut)) AS b (n, d), nachet.content_facts(ARRAY[d]) f),
	replace(pg_temp.detail_of(pg_temp.with_bad()), E'\n', '; '), 'with the words of the refusal');
SELECT is((SELECT string_agg(f.code, ' ' ORDER BY f.code) FROM bad, nachet.content_facts(ARRAY[text, cut]) f), 'not_a_picture truncated', 'and with its codes');
SELECT is(f::text, ROW(sha256(''), 0, NULL, NULL, NULL, 'is empty', 'empty')::text, 'no bytes are known without being stored') FROM nachet.content_facts(ARRAY[sha256('')]) f;
SELECT is_empty($$SELECT nachet.content_facts(ARRAY[sha256('not stored')])$$, 'what is not stored has none');
SELECT throws_ok($$SELECT nachet.content_facts('{a}')$$, '22023', NULL, 'a list of something else');

-- Requests as text.
SELECT is(nachet.request_json(E' {"a\\":": [1, {"a": ":", "b": {"a": "\\\\"}}], "b": {}} '), E'{"a\\":": [1, {"a": ":", "b": {"a": "\\\\"}}], "b": {}}', 'JSON as it came');
SELECT is(jsonb_array_length(nachet.request_json('[' || repeat('{},', 4000) || repeat('0,', 50000) || '0]')), 54001, 'many values');
SELECT throws_ok(format('SELECT nachet.request_json(%L)', request), code, NULL, left(request, 40)) FROM (VALUES
	('{"a": 1, "a": 1}', '22030'),
	('{"a": [{"b": 1, "\u0062": 2}]}', '22030'),
	('{"a": 1', '22P02'),
	('', '22P02'),
	('{"a": "\u0000"}', '22P05'),
	('{"a": 1e1000000}', '22003'),
	(repeat('[', 1000000), '54000'),
	('[' || repeat('{},', 5000) || '0]', '54000'),
	('[' || repeat('0,', 80000) || '0]', '54000'),
	(repeat('[', 20000) || '"' || repeat('x', 1100000), '54001')) AS r (request, code);
SELECT is(nachet.request_user('{"email": "TAP@example.org"}'), pg_temp.uid(), 'who asks');
SELECT is(nachet.request_user('{}', 'tap@example.org'), pg_temp.uid(), 'who was authenticated');
SELECT throws_ok($$SELECT nachet.request_user('{}')$$, 'NC005', NULL, 'nobody asks');
SELECT throws_ok($$SELECT nachet.request_user('{}', 'stranger@example.org')$$, 'NC001', NULL, 'a stranger asks');
SELECT throws_ok($$SELECT nachet.request_user('{"email": "other@example.org"}', 'tap@example.org')$$, 'NC007', NULL, 'somebody asks for another');
SELECT * FROM finish();
ROLLBACK;
