-- A server that has the extension installed: register, import by SQL, read back, delete.
-- Its roles may be here already, and have rights that it warns of.
SET client_min_messages = error;
CREATE EXTENSION nachet_datastore;
RESET client_min_messages;
\set VERBOSITY terse

SELECT nachet.register_user('someone@example.org') AS user_id \gset
SELECT nachet.register_user('Someone@Example.org') = :'user_id' AS same_user;
SELECT nachet.register_seed('Brassica napus') IS NOT NULL AS registered;
SELECT nachet.get_all_seeds_names();

CREATE TEMP TABLE file (name text, bytes bytea);
INSERT INTO file VALUES
	('grey.png', '\x89504e470d0a1a0a0000000d49484452000000110000000b0800000000bc4b39db000000144944415408996364e01740054c0ce860f08b0000c50401158218d99b0000000049454e44ae426082'),
	('slide/one.gif', '\x47494638376111000b00800000000000ffffff2c0000000011000b00400217848fa916ddcb9c7410cc3a73dd9c67aa7cd222065d5500003b');

-- The bytes, each content in chunks; then the set, of names and SHA-256.
SELECT count(*) AS missing FROM file, nachet.missing_contents(ARRAY[sha256(bytes)]);
INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, bytes FROM file ORDER BY name;
SELECT count(*) AS missing FROM file, nachet.missing_contents(ARRAY[sha256(bytes)]);
SELECT nachet.upload_picture_set(array_agg(name), array_agg(sha256(bytes)), :'user_id',
	'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}') AS set_id FROM file \gset
SELECT nachet.upload_picture_set(array_agg(name), array_agg(sha256(bytes)), :'user_id',
	'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}') = :'set_id' AS same_set FROM file;

SELECT p.name, c.format, c.width, c.height, c.byte_size
	FROM nachet.picture p JOIN nachet.content c ON c.id = p.content_id WHERE p.picture_set_id = :'set_id' ORDER BY p.name;
SELECT f.name, nachet.picture_content(p.id) = f.bytes AS same_bytes
	FROM file f JOIN nachet.picture p USING (name) WHERE p.picture_set_id = :'set_id' ORDER BY f.name;
SELECT nachet.content_read(sha256(bytes), 1, 3) FROM file WHERE name = 'grey.png';
SELECT * FROM nachet.verify_contents();

-- Pictures from memory, and what is refused.
SELECT nachet.upload_picture_set(array_agg(bytes ORDER BY name), :'user_id',
	'{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}') <> :'set_id' AS another_set FROM file;
SELECT nachet.upload_picture_set(ARRAY['\x00'::bytea], :'user_id', '{"seed_name": "Brassica napus", "zoom_level": 20, "nb_seeds": 5}');
SELECT nachet.upload_picture_set('{a.png}', ARRAY[sha256('')], :'user_id', '{"seed_name": "Brassica", "zoom_level": 20, "nb_seeds": 5}');
INSERT INTO nachet.content_chunk (chunk_no, data) VALUES (1, '\x00');

-- Bytes go with the last set that has them.
SELECT nachet.delete_picture_set(:'set_id');
SELECT nachet.delete_picture_set(id) FROM nachet.picture_set;
SELECT count(*) AS contents FROM nachet.content;

-- Pictures are dropped only on purpose.
INSERT INTO nachet.content_chunk (chunk_no, data) SELECT 0, bytes FROM file;
DROP EXTENSION nachet_datastore;
SET nachet.allow_drop = on;
DROP EXTENSION nachet_datastore;
