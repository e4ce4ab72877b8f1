-- The metadata documents of pictures and sets are such as the classes of Nachet's schema 0.0.11 accept: every key, of its type.
\ir pictures.psql
SELECT plan(14);

SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(3, 'a')], pg_temp.uid(), pg_temp.data()) AS plain \gset
SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(3, 'a')], pg_temp.uid(), pg_temp.data('{"description": "wet", "note": {"a": [1]}, "zoom_level": "2.50"}')) AS said \gset
SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(3, 'a')], pg_temp.uid(), pg_temp.data('{"description": null}')) AS nothing \gset
SELECT nachet.upload_picture_set(ARRAY[pg_temp.bmp(3, 'a')], pg_temp.uid(), pg_temp.data('{"description": 7}')) AS odd \gset

CREATE FUNCTION pg_temp.is_date(t text) RETURNS boolean LANGUAGE sql AS $$ SELECT t ~ '^\d{4}-\d\d-\d\d$' AND t::date = current_date $$;
CREATE FUNCTION pg_temp.type_of(j jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN jsonb_typeof(j) = 'string' AND pg_temp.is_date(j #>> '{}') THEN 'date' ELSE coalesce(jsonb_typeof(j), 'missing') END $$;
CREATE TEMP TABLE declared (document text, path text[], type text);
INSERT INTO declared VALUES
	('picture', '{user_data,description}', 'string'), ('picture', '{user_data,number_of_seeds}', 'number'), ('picture', '{user_data,zoom}', 'number'),
	('picture', '{metadata,upload_date}', 'date'),
	('picture', '{image_data,format}', 'string'), ('picture', '{image_data,height}', 'number'), ('picture', '{image_data,width}', 'number'),
	('picture', '{image_data,resolution}', 'string'), ('picture', '{image_data,source}', 'string'), ('picture', '{image_data,parent}', 'string'),
	('picture', '{quality_check,image_checksum}', 'string'), ('picture', '{quality_check,upload_check}', 'boolean'), ('picture', '{quality_check,valid_data}', 'boolean'),
	('picture', '{quality_check,error_type}', 'string'), ('picture', '{quality_check,quality_score}', 'number'),
	('set', '{image_data_picture_set,number_of_images}', 'number'),
	('set', '{audit_trail,upload_date}', 'date'), ('set', '{audit_trail,edited_by}', 'string'), ('set', '{audit_trail,edit_date}', 'date'),
	('set', '{audit_trail,change_log}', 'string'), ('set', '{audit_trail,access_log}', 'string'), ('set', '{audit_trail,privacy_flag}', 'boolean');
CREATE FUNCTION pg_temp.documents(set_id uuid) RETURNS TABLE (document text, body jsonb) LANGUAGE sql AS $$
	SELECT 'picture', picture::jsonb FROM nachet.picture WHERE picture_set_id = set_id UNION ALL SELECT 'set', picture_set::jsonb FROM nachet.picture_set WHERE id = set_id $$;

SELECT is_empty(format($$SELECT document, path, type, pg_temp.type_of(body #> path) FROM declared JOIN pg_temp.documents(%L) USING (document)
	WHERE pg_temp.type_of(body #> path) <> type$$, id), 'every key is there and of its type: ' || what)
	FROM (VALUES (:'plain', 'no description'), (:'said', 'a description'), (:'nothing', 'null as description'), (:'odd', 'a number as description')) AS v (id, what);
SELECT is((SELECT body #>> '{audit_trail,edited_by}' FROM pg_temp.documents(:'plain') WHERE document = 'set'), pg_temp.uid()::text, 'a set is edited by its owner');
SELECT is((SELECT body #>> '{user_data,description}' FROM pg_temp.documents(:'plain') WHERE document = 'picture'), '', 'no description is an empty one');
SELECT is((SELECT body #>> '{user_data,description}' FROM pg_temp.documents(:'said') WHERE document = 'picture'), 'wet', 'a description is kept');
SELECT is((SELECT body #>> '{user_data,description}' FROM pg_temp.documents(:'odd') WHERE document = 'picture'), '7', '... as text');
SELECT is((SELECT body #> '{user_data,note}' FROM pg_temp.documents(:'said') WHERE document = 'picture'), '{"a": [1]}', 'a further key is kept as it is');
SELECT is((SELECT body #> '{user_data,zoom}' FROM pg_temp.documents(:'said') WHERE document = 'picture'), '2.5', 'the zoom is a number');
SELECT is((SELECT body #>> '{quality_check,image_checksum}' FROM pg_temp.documents(:'plain') WHERE document = 'picture'), encode(sha256(pg_temp.bmp(3, 'a')), 'hex'), 'the checksum is true');
SELECT is((SELECT body -> 'image_data' FROM pg_temp.documents(:'plain') WHERE document = 'picture'),
	'{"format": "BMP", "width": 3, "height": 1, "resolution": "", "source": "1", "parent": ""}', 'and so are format and size');
-- The digest is taken over what was given, not over what these documents make of it.
SELECT is(nachet.upload_picture_set(ARRAY[pg_temp.bmp(3, 'a')], pg_temp.uid(), pg_temp.data()), :'plain'::uuid, 'the same set again is the same');
SELECT isnt(:'plain'::uuid, :'nothing'::uuid, 'null as description is another than none');
SELECT * FROM finish();
ROLLBACK;
