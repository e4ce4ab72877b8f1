-- A digest vouches for a set as it was uploaded, and no longer once anything that it covers was changed.
\ir pictures.psql
SELECT plan(71);

CREATE TEMP TABLE t AS SELECT ARRAY[pg_temp.bmp(1, 'a'), pg_temp.bmp(2, 'b')] AS p, pg_temp.uid() AS uid;
CREATE FUNCTION pg_temp.again() RETURNS uuid LANGUAGE sql AS $$ SELECT nachet.upload_picture_set(p, uid, pg_temp.data()) FROM t $$;
CREATE TEMP TABLE made AS SELECT pg_temp.again() AS id;
INSERT INTO nachet.users (email) VALUES ('other@example.org') RETURNING id AS other_user \gset
INSERT INTO nachet.picture_set (picture_set, owner_id, name) VALUES ('{}', pg_temp.uid(), 'other') RETURNING id AS other_set \gset
INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) VALUES ('{}', :'other_set', 1) RETURNING id AS other_picture \gset
SELECT pg_temp.store('other content') \g /dev/null
CREATE TEMP TABLE names AS SELECT :'other_user'::uuid AS other_user, :'other_set'::uuid AS other_set, :'other_picture'::uuid AS other_picture;

-- What an import of the same folder finds after a change, which is undone before the next: the same set, a new one, or
-- that the change is refused.
CREATE FUNCTION pg_temp.after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	BEGIN
		EXECUTE replace(replace(replace(replace(change, ':set', quote_literal((SELECT id FROM made))), ':other_user', quote_literal((SELECT other_user FROM names))),
			':other_set', quote_literal((SELECT other_set FROM names))), ':other_picture', quote_literal((SELECT other_picture FROM names)));
		answer := CASE WHEN pg_temp.again() = (SELECT id FROM made) THEN 'same' ELSE 'new' END;
		RAISE EXCEPTION 'undo' USING ERRCODE = 'TAP00';
	EXCEPTION WHEN SQLSTATE 'TAP00' THEN NULL;
		WHEN foreign_key_violation OR generated_always THEN answer := 'refused';
		WHEN SQLSTATE 'NC002' THEN answer := 'no such seed';
	END;
	RETURN answer;
END $$;
SELECT is(pg_temp.after('SELECT 1'), 'same', 'nothing was changed');

-- Every column of the tables that a set leans on: what it is changed to, and whether the digest still vouches then.
-- picture_set.digest, content and its columns, name and content_id are the owner's alone; bytes under a wrong SHA-256 are
-- what verify_contents finds.
CREATE TEMP TABLE decided (place text, value text, expected text);
INSERT INTO decided VALUES
	('users.id', 'nachet.uuidv7()', 'refused'),
	('users.email', '''new@example.org''', 'same'),
	('users.registration_date', '''2000-01-01''', 'same'),
	('users.updated_at', '''2000-01-01''', 'same'),
	('users.default_set_id', ':set', 'same'),
	('seed.id', 'nachet.uuidv7()', 'refused'),
	('seed.name', '''Other''', 'no such seed'),
	('seed.object_type_id', '1', 'refused'),
	('picture_set.id', 'nachet.uuidv7()', 'refused'),
	('picture_set.picture_set', '''{}''', 'new'),
	('picture_set.owner_id', ':other_user', 'new'),
	('picture_set.upload_date', '''2000-01-01''', 'same'),
	('picture_set.name', '''other''', 'new'),
	('picture_set.digest', 'NULL', 'new'),
	('picture.id', 'nachet.uuidv7()', 'refused'),
	('picture.picture', '''{}''', 'new'),
	('picture.picture_set_id', ':other_set', 'new'),
	('picture.nb_obj', '7', 'new'),
	('picture.verified', 'true', 'same'),
	('picture.upload_date', '''2000-01-01''', 'same'),
	('picture.name', '''other''', 'new'),
	('picture.content_id', '(SELECT id FROM nachet.content WHERE sha256 = sha256(''other content''))', 'new'),
	('picture_seed.id', 'nachet.uuidv7()', 'same'),
	('picture_seed.picture_id', ':other_picture', 'new'),
	('picture_seed.seed_id', '(SELECT id FROM nachet.seed WHERE name = ''Bromus secalinus'')', 'new'),
	('picture_seed.upload_date', '''2000-01-01''', 'same'),
	('content.id', '-1', 'refused'),
	('content.sha256', 'sha256(''forged'')', 'same'),
	('content.byte_size', '1', 'same'),
	('content.chunk_size', '1', 'same'),
	('content.format', '''PNG''', 'same'),
	('content.width', '9', 'same'),
	('content.height', '9', 'same'),
	('content.stored_at', '''2000-01-01''', 'same'),
	('content.object_url', 'NULL', 'same'),
	('content.object_id', 'NULL', 'same'),
	('content.object_etag', 'NULL', 'same');
SELECT set_eq($$SELECT c.relname || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
		WHERE relnamespace = 'nachet'::regnamespace AND relname IN ('users', 'seed', 'picture_set', 'picture', 'picture_seed', 'content') AND attnum > 0 AND NOT attisdropped$$,
	'SELECT place FROM decided', 'every column is decided');
-- One picture of the set, one set, one seed, one user.
CREATE TEMP TABLE one (relation text, chosen text);
INSERT INTO one VALUES ('users', 'id = pg_temp.uid()'), ('seed', 'name = ''Brassica napus'''), ('picture_set', 'id = :set'), ('picture', 'picture_set_id = :set AND name = ''1'''),
	('picture_seed', 'picture_id = (SELECT id FROM nachet.picture WHERE picture_set_id = :set AND name = ''1'')'),
	('content', 'id = (SELECT content_id FROM nachet.picture WHERE picture_set_id = :set AND name = ''1'')');
SELECT is(pg_temp.after(format('UPDATE nachet.%s SET %s = %s WHERE %s', relation, split_part(place, '.', 2), value, chosen)), expected, 'UPDATE of ' || place || ': ' || expected)
	FROM decided JOIN one ON relation = split_part(place, '.', 1);
SELECT is(pg_temp.after(format('UPDATE nachet.%s SET %s = %2$s WHERE %s', relation, split_part(place, '.', 2), chosen)), 'same', 'UPDATE of ' || relation || ' to what it is')
	FROM decided JOIN one ON relation = split_part(place, '.', 1) WHERE place IN ('users.email', 'seed.name', 'picture_set.picture_set', 'picture.picture', 'picture_seed.seed_id');

SELECT is(pg_temp.after(change), expected, change) FROM (VALUES
	('INSERT INTO nachet.users (email) VALUES (''third@example.org'')', 'same'),
	('INSERT INTO nachet.seed (name) VALUES (''Third'')', 'same'),
	('INSERT INTO nachet.picture_set (picture_set, owner_id) SELECT picture_set, owner_id FROM nachet.picture_set WHERE id = :set', 'same'),
	('INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) VALUES (''{}'', :set, 1)', 'new'),
	('INSERT INTO nachet.picture (picture, picture_set_id, nb_obj) VALUES (''{}'', :other_set, 1)', 'same'),
	('INSERT INTO nachet.picture_seed (picture_id, seed_id) SELECT p.id, s.id FROM nachet.picture p, nachet.seed s WHERE picture_set_id = :set AND p.name = ''1'' AND s.name = ''Bromus secalinus''', 'new'),
	('INSERT INTO nachet.picture_seed (picture_id, seed_id) SELECT picture_id, seed_id FROM nachet.picture_seed', 'new'),
	('INSERT INTO nachet.picture_seed (picture_id, seed_id) SELECT :other_picture, id FROM nachet.seed', 'same'),
	('INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (0, ''third'')', 'same'),
	('DELETE FROM nachet.users WHERE id = pg_temp.uid()', 'refused'),
	('DELETE FROM nachet.seed WHERE name = ''Brassica napus''', 'refused'),
	('DELETE FROM nachet.picture_set WHERE id = :set', 'new'),
	('DELETE FROM nachet.picture WHERE picture_set_id = :set AND name = ''1''', 'new'),
	('DELETE FROM nachet.picture WHERE picture_set_id = :other_set', 'same'),
	('DELETE FROM nachet.picture_seed WHERE picture_id = (SELECT id FROM nachet.picture WHERE picture_set_id = :set AND name = ''1'')', 'new'),
	('DELETE FROM nachet.content WHERE id = (SELECT content_id FROM nachet.picture WHERE picture_set_id = :set AND name = ''1'')', 'refused'),
	('DELETE FROM nachet.content WHERE sha256 = sha256(''other content'')', 'same'),
	('TRUNCATE nachet.picture_seed', 'new'),
	('TRUNCATE nachet.picture CASCADE', 'new'),
	('SELECT nachet.delete_picture_set(:set)', 'new'),
	-- Several at once, and back and forth.
	('UPDATE nachet.picture SET verified = NOT verified, upload_date = now()', 'same'),
	('UPDATE nachet.picture SET nb_obj = CASE WHEN name = ''2'' THEN 9 ELSE nb_obj END', 'new'),
	('UPDATE nachet.picture a SET content_id = b.content_id FROM nachet.picture b WHERE a.picture_set_id = :set AND b.picture_set_id = :set AND a.name <> b.name', 'new'),
	('INSERT INTO nachet.picture_seed (id, picture_id, seed_id) SELECT id, picture_id, seed_id FROM nachet.picture_seed ON CONFLICT (id) DO UPDATE SET seed_id = (SELECT id FROM nachet.seed WHERE name = ''Bromus secalinus'')', 'new'),
	('INSERT INTO nachet.picture_seed (id, picture_id, seed_id) SELECT id, picture_id, seed_id FROM nachet.picture_seed ON CONFLICT (id) DO UPDATE SET upload_date = now()', 'same')) AS c (change, expected);
-- A seed that takes another's name is another seed.
SELECT is(pg_temp.after($$DO 'BEGIN UPDATE nachet.seed SET name = ''old'' WHERE name = ''Brassica napus'';
	PERFORM nachet.register_seed(''Brassica napus''); END'$$), 'new', 'the seed was exchanged for another of its name');
-- A row at a time, as a restore may bring them.
SELECT is(pg_temp.after($$DO $b$ DECLARE r nachet.picture_seed; BEGIN
	CREATE TEMP TABLE kept AS SELECT digest FROM nachet.picture_set WHERE id = :set;
	CREATE TEMP TABLE rows AS SELECT * FROM nachet.picture_seed;
	DELETE FROM nachet.picture_seed;
	UPDATE nachet.picture_set SET digest = (SELECT digest FROM kept) WHERE id = :set;
	FOR r IN SELECT * FROM rows LOOP INSERT INTO nachet.picture_seed VALUES (r.*); END LOOP; END $b$ $$), 'same', 'a picture''s first seed clears no digest');
SELECT * FROM finish();
ROLLBACK;
