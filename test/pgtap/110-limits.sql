-- Limits, and what is said beyond them.
\ir pictures.psql
SELECT no_plan();

CREATE TEMP TABLE t AS SELECT pg_temp.bmp(1, 'limits') AS p;
SELECT nachet.upload_picture_set(ARRAY[p], pg_temp.uid(), pg_temp.data()) FROM t \g /dev/null
-- The detail of the error that a statement ends with.
CREATE FUNCTION pg_temp.detail(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE said text;
BEGIN
	EXECUTE statement;
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	RETURN said;
END $$;

-- Lists in messages are bounded.
CREATE FUNCTION pg_temp.bad_names(count int) RETURNS text LANGUAGE sql AS $$
	SELECT pg_temp.detail(format('SELECT nachet.upload_picture_set((SELECT array_agg(''/'' || n) FROM generate_series(1, %1$s) n),'
		' (SELECT array_agg(sha256(p)) FROM t, generate_series(1, %1$s)), pg_temp.uid(), pg_temp.data())', count))
$$;
SELECT is(array_length(string_to_array(pg_temp.bad_names(100), E'\n'), 1), 100, 'a hundred bad names are listed');
SELECT matches(pg_temp.bad_names(103), E'\nand 3 more$', '... and further ones counted');
SELECT pg_temp.store(convert_to('no picture ' || n, 'UTF8')) FROM generate_series(1, 102) n \g /dev/null
SELECT throws_ok($$SELECT nachet.upload_picture_set(array_agg(n::text), array_agg(sha256(convert_to('no picture ' || n, 'UTF8'))), pg_temp.uid(), pg_temp.data())
	FROM generate_series(1, 102) n$$, 'NC003', 'at least 100 pictures are not acceptable', 'contents that are no pictures are listed up to a hundred, the others may be pictures');
SELECT throws_ok($$SELECT nachet.upload_picture_set(array_agg(n::text), array_agg(sha256(convert_to('no picture ' || (n + 1) / 2, 'UTF8'))), pg_temp.uid(), pg_temp.data())
	FROM generate_series(1, 204) n$$, 'NC003', 'at least 100 pictures are not acceptable', '... and so are pictures of the same contents');
SELECT throws_ok($$SELECT nachet.upload_picture_set(array_agg(n::text), array_agg(sha256(convert_to('no picture ' || n, 'UTF8'))), pg_temp.uid(), pg_temp.data())
	FROM generate_series(1, 100) n$$, 'NC003', '100 pictures are not acceptable', 'a hundred are counted exactly');
SELECT matches(pg_temp.detail($$SELECT nachet.upload_picture_set(ARRAY[repeat('/', 300)], ARRAY[sha256(p)], pg_temp.uid(), pg_temp.data()) FROM t$$),
	'^/{200}\.\.\.: ', 'a long name is shortened');

-- Arrays.
SELECT throws_ok($$SELECT nachet.missing_contents(ARRAY[[sha256('a')], [sha256('b')]])$$, '2202E', NULL, 'a list of two dimensions');
SELECT throws_ok($$SELECT nachet.hold_contents(ARRAY[NULL::bytea])$$, '22004', NULL, 'a null in a list');
SELECT throws_ok($$SELECT nachet.upload_picture_set(ARRAY['a', NULL], ARRAY[sha256('a'), sha256('b')], pg_temp.uid(), pg_temp.data())$$, '22004', NULL, 'a null among names');
SELECT throws_ok(format('SELECT nachet.upload_picture_set(%s)', arguments), '22004', NULL, 'null for an argument: ' || arguments) FROM unnest(ARRAY[
	'NULL::text[], ARRAY[sha256(''a'')], pg_temp.uid(), pg_temp.data()', 'ARRAY[''a''], NULL, pg_temp.uid(), pg_temp.data()',
	'ARRAY[''a''], ARRAY[sha256(''a'')], NULL, pg_temp.data()', 'ARRAY[''a''], ARRAY[sha256(''a'')], pg_temp.uid(), NULL']) AS a (arguments);

-- Ranges. The row of a content of 2 GB is enough to be refused by.
INSERT INTO nachet.content (id, sha256, byte_size, chunk_size, format, width, height)
	VALUES (9000000, sha256('large'), 2147483648, nachet.chunk_size(), 'TIFF', 1, 1);
CREATE TEMP TABLE large AS SELECT nachet.upload_picture_set(ARRAY['large.tiff'], ARRAY[sha256('large')], pg_temp.uid(), pg_temp.data()) AS id;
SELECT throws_ok('SELECT nachet.picture_content(p.id) FROM nachet.picture p JOIN large ON picture_set_id = large.id', '54000', 'content of 2147483648 bytes does not fit into one value', 'a picture of 2 GB');
SELECT throws_ok($$SELECT nachet.content_read(sha256('large'), 0, 2147483648)$$, '54000', NULL, 'a range of 2 GB');
SELECT throws_ok($$SELECT nachet.content_read(sha256('large'), 2147480000, 10)$$, 'XX001', NULL, 'a range whose chunks are missing');
SELECT is(nachet.content_read(sha256('large'), 2147483648, 10), '', 'a range at the end');
SELECT is(nachet.content_read(sha256('large'), 9223372036854775807, 9223372036854775807), '', 'a range far behind it');
SELECT is(nachet.content_read(sha256('large'), 5, 0), '', 'a range of nothing');
SELECT throws_ok($$SELECT nachet.content_read(sha256('large'), 0, -1)$$, '22023', NULL, 'a length below 0');
SELECT is(nachet.content_read(sha256('not stored'), 0, 1), NULL, 'a content that is not stored');
SELECT is(nachet.picture_content(nachet.uuidv7()), NULL, 'a picture that is not there');

-- Chunks that are damaged.
SELECT is(length(nachet.content_read(sha256(p), 0, 1000)), length(p), 'a whole content') FROM t;
UPDATE nachet.content_chunk SET data = data || '\x00' WHERE content_id = (SELECT id FROM nachet.content, t WHERE sha256 = sha256(p));
SELECT throws_ok('SELECT nachet.content_read(sha256(p), 0, 1000) FROM t', 'XX001', NULL, 'a chunk that is too long');
DELETE FROM nachet.content_chunk WHERE content_id = (SELECT id FROM nachet.content, t WHERE sha256 = sha256(p));
SELECT throws_ok('SELECT nachet.content_read(sha256(p), 0, 1000) FROM t', 'XX001', NULL, 'a chunk that is missing');

-- Trigger functions serve the events that they are made for.
CREATE TEMP TABLE other (content_id bigint, chunk_no integer, data bytea);
INSERT INTO other VALUES (1, 0, 'x');
CREATE FUNCTION pg_temp.fires(trigger text, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER t %s', trigger);
	RETURN NEXT throws_ok(statement, '39P01', NULL, 'refused: ' || trigger);
	EXECUTE format('DROP TRIGGER t ON %s', (SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 't'));
END $$;
SELECT pg_temp.fires(trigger, statement) FROM (VALUES
	('BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()', 'INSERT INTO other (chunk_no) VALUES (0)'),
	('AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()', 'INSERT INTO other VALUES (1)'),
	('BEFORE INSERT ON other FOR EACH STATEMENT EXECUTE FUNCTION nachet.content_chunk_store()', 'INSERT INTO other VALUES (1)'),
	('BEFORE UPDATE ON other FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()', 'UPDATE other SET chunk_no = 1'),
	('AFTER INSERT ON other FOR EACH STATEMENT EXECUTE FUNCTION nachet.content_chunk_seal()', 'INSERT INTO other VALUES (1)'),
	('AFTER DELETE ON other FOR EACH STATEMENT EXECUTE FUNCTION nachet.content_chunk_seal()', 'DELETE FROM other'),
	('BEFORE UPDATE ON nachet.content_chunk FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store()', 'UPDATE nachet.content_chunk SET chunk_no = 7'),
	('AFTER UPDATE ON nachet.picture FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed()', 'UPDATE nachet.picture SET nb_obj = 7')) AS v (trigger, statement);
-- Each of the others, at its time and at every other, on a table that is not its own.
SELECT pg_temp.fires(format('%s INSERT ON other FOR EACH %s EXECUTE FUNCTION nachet.%s()', time, level, name), 'INSERT INTO other VALUES (1)')
FROM unnest(ARRAY['picture_set_default_name', 'picture_set_changed', 'picture_added', 'pictures_changed', 'default_set_chosen', 'default_set_kept', 'default_sets_kept',
	'seed_named', 'user_named', 'object_type_present']) AS f (name), unnest(ARRAY['BEFORE', 'AFTER']) AS t (time), unnest(ARRAY['ROW', 'STATEMENT']) AS l (level);

-- As a restore with --disable-triggers leaves it.
ALTER TABLE nachet.object_type ENABLE TRIGGER ALL;
SELECT throws_ok($$INSERT INTO nachet.object_type (id, name) VALUES (1, 'fruit')$$, '23505', NULL, 'row 1 is skipped in no ordinary session');
SET LOCAL session_replication_role = replica;
ALTER TABLE nachet.object_type ENABLE REPLICA TRIGGER object_type_present;
SELECT lives_ok($$INSERT INTO nachet.object_type (id, name) VALUES (1, 'fruit')$$, '... but by replication');
SET LOCAL session_replication_role = origin;

SELECT throws_ok('SELECT nachet.verify_next(1, 0)', '22023', NULL, 'a slice of no bytes');
SELECT is((SELECT count(*) FROM nachet.verify_contents(2, 1)), 0::bigint, 'no ids to verify');
SELECT * FROM finish();
ROLLBACK;
