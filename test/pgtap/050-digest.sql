-- A digest vouches for a set as it was uploaded, and no longer once anything about it was changed.
\ir pictures.psql
SELECT plan(13);

CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(2, 'b')] AS p;
CREATE FUNCTION pg_temp.again() RETURNS uuid LANGUAGE sql AS $$ SELECT nachet.upload_picture_set(p, pg_temp.uid(), pg_temp.data()) FROM t $$;
CREATE TEMP TABLE made AS SELECT pg_temp.again() AS id;
-- Each change is undone before the next; the test itself must survive that.
CREATE FUNCTION pg_temp.digest_after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE answer text;
BEGIN
	BEGIN
		EXECUTE replace(change, ':set', quote_literal((SELECT id FROM made)));
		answer := CASE WHEN pg_temp.again() = (SELECT id FROM made) THEN 'same' ELSE 'new' END;
		RAISE EXCEPTION 'undo' USING ERRCODE = 'TAP00';
	EXCEPTION WHEN SQLSTATE 'TAP00' THEN NULL;
	END;
	RETURN answer;
END $$;

SELECT is(pg_temp.digest_after(change), expected, change) FROM (VALUES
	('SELECT 1', 'same'),
	('UPDATE nachet.picture SET nb_obj = 7 WHERE picture_set_id = :set', 'new'),
	('DELETE FROM nachet.picture WHERE picture_set_id = :set AND name = ''1''', 'new'),
	('INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) VALUES (''{}'', :set, 1)', 'new'),
	('UPDATE nachet.picture_set SET name = ''other'' WHERE id = :set', 'new'),
	('UPDATE nachet.picture_set SET picture_set = ''{}'' WHERE id = :set', 'new'),
	('UPDATE nachet.picture_set SET name = name WHERE id = :set', 'same'),
	('UPDATE nachet.picture_seed SET seed_id = (SELECT id FROM nachet.seed WHERE name = ''Bromus secalinus'')', 'new'),
	('DELETE FROM nachet.picture_seed WHERE picture_id IN (SELECT id FROM nachet.picture WHERE picture_set_id = :set)', 'new'),
	('DELETE FROM nachet.picture_set WHERE id = :set', 'new'),
	('TRUNCATE nachet.picture_seed', 'new'),
	('SELECT nachet.delete_picture_set(:set)', 'new')) AS c (change, expected);
-- A seed that takes another's name is another seed.
SELECT is(pg_temp.digest_after($$DO 'BEGIN UPDATE nachet.seed SET name = ''old'' WHERE name = ''Brassica napus'';
	PERFORM nachet.register_seed(''Brassica napus''); END'$$), 'new', 'the seed was exchanged for another of its name');
SELECT * FROM finish();
ROLLBACK;
