-- Triggers. Their functions serve these tables alone; nobody else may put them on a table.

CREATE FUNCTION nachet.content_chunk_store() RETURNS trigger
	AS 'MODULE_PATHNAME', 'content_chunk_store' LANGUAGE C;
COMMENT ON FUNCTION nachet.content_chunk_store() IS
	'sets a chunk''s content_id, checks its order and size (NC006), and hashes it';

CREATE FUNCTION nachet.content_chunk_seal() RETURNS trigger
	AS 'MODULE_PATHNAME', 'content_chunk_seal' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.content_chunk_seal() IS
	'inserts the content rows for the chunks that a statement stored';

CREATE TRIGGER content_chunk_store BEFORE INSERT ON nachet.content_chunk
	FOR EACH ROW EXECUTE FUNCTION nachet.content_chunk_store();
CREATE TRIGGER content_chunk_seal AFTER INSERT ON nachet.content_chunk
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.content_chunk_seal();

CREATE FUNCTION nachet.picture_set_default_name() RETURNS trigger
	AS 'MODULE_PATHNAME', 'picture_set_default_name' LANGUAGE C;
COMMENT ON FUNCTION nachet.picture_set_default_name() IS 'sets a picture set''s name to its id';

CREATE TRIGGER picture_set_default_name BEFORE INSERT ON nachet.picture_set
	FOR EACH ROW WHEN (NEW.name IS NULL) EXECUTE FUNCTION nachet.picture_set_default_name();

CREATE FUNCTION nachet.picture_set_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'picture_set_changed' LANGUAGE C;
COMMENT ON FUNCTION nachet.picture_set_changed() IS 'clears the digest of a changed picture set';

CREATE TRIGGER picture_set_changed BEFORE UPDATE ON nachet.picture_set
	FOR EACH ROW
	WHEN ((OLD.id, OLD.owner_id, OLD.name, OLD.picture_set::text)
		IS DISTINCT FROM (NEW.id, NEW.owner_id, NEW.name, NEW.picture_set::text))
	EXECUTE FUNCTION nachet.picture_set_changed();

CREATE FUNCTION nachet.pictures_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'pictures_changed' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.pictures_changed() IS
	'clears the digests of the picture sets that its argument, a query, returns';

CREATE FUNCTION nachet.picture_added() RETURNS trigger
	AS 'MODULE_PATHNAME', 'picture_added' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.picture_added() IS 'clears the digest of the picture set that a picture is added to';

-- Uploads and restores alone write a content_id; what comes without one is a change to its set. An UPDATE is one if it
-- changes a column that the digest covers.
CREATE TRIGGER picture_added AFTER INSERT ON nachet.picture
	FOR EACH ROW WHEN (NEW.content_id IS NULL) EXECUTE FUNCTION nachet.picture_added();
CREATE TRIGGER picture_changed AFTER UPDATE ON nachet.picture
	REFERENCING OLD TABLE AS was NEW TABLE AS is_now
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT unnest(ARRAY[w.picture_set_id, n.picture_set_id]) FROM was w FULL JOIN is_now n USING (id)'
		' WHERE (w.picture_set_id, w.nb_obj, w.name, w.content_id, w.picture::text)'
		' IS DISTINCT FROM (n.picture_set_id, n.nb_obj, n.name, n.content_id, n.picture::text)');
CREATE TRIGGER picture_deleted AFTER DELETE ON nachet.picture
	REFERENCING OLD TABLE AS was
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT picture_set_id FROM was');
CREATE TRIGGER picture_truncated AFTER TRUNCATE ON nachet.picture
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT id FROM nachet.picture_set');
-- A restore brings each picture's only seed; a further one is a change. Uploads, which act as nachet_owner, bring one each.
CREATE TRIGGER picture_seed_added AFTER INSERT ON nachet.picture_seed
	REFERENCING NEW TABLE AS is_now
	FOR EACH STATEMENT WHEN (current_user <> 'nachet_owner') EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT (SELECT p.picture_set_id FROM nachet.picture p WHERE p.id = n.picture_id) FROM is_now n'
		' WHERE EXISTS (SELECT FROM nachet.picture_seed s WHERE s.picture_id = n.picture_id AND s.id <> n.id OFFSET 0)');
CREATE TRIGGER picture_seed_changed AFTER UPDATE ON nachet.picture_seed
	REFERENCING OLD TABLE AS was NEW TABLE AS is_now
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT p.picture_set_id FROM nachet.picture p WHERE p.id IN (SELECT picture_id FROM'
		' ((SELECT picture_id, seed_id FROM was EXCEPT SELECT picture_id, seed_id FROM is_now) UNION ALL'
		' (SELECT picture_id, seed_id FROM is_now EXCEPT SELECT picture_id, seed_id FROM was)) AS changed)');
CREATE TRIGGER picture_seed_deleted AFTER DELETE ON nachet.picture_seed
	REFERENCING OLD TABLE AS was
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed(
		'SELECT p.picture_set_id FROM nachet.picture p WHERE p.id IN (SELECT picture_id FROM was)');
CREATE TRIGGER picture_seed_truncated AFTER TRUNCATE ON nachet.picture_seed
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.pictures_changed('SELECT id FROM nachet.picture_set');

-- A user's default set, guarded as by a foreign key.
CREATE FUNCTION nachet.default_set_chosen() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_set_chosen' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_set_chosen() IS
	'locks the picture set that becomes a user''s default set; error 23503 if it does not exist';
CREATE FUNCTION nachet.default_set_kept() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_set_kept' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_set_kept() IS 'refuses to delete a set that is the default of a user (23503)';
CREATE FUNCTION nachet.default_sets_kept() RETURNS trigger
	AS 'MODULE_PATHNAME', 'default_sets_kept' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.default_sets_kept() IS
	'refuses to truncate the sets while a user has a default set (23503)';

CREATE TRIGGER default_set_given AFTER INSERT ON nachet.users
	FOR EACH ROW WHEN (NEW.default_set_id IS NOT NULL AND NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.default_set_chosen();
-- Whoever may restore a dump brings users before sets.
CREATE TRIGGER default_set_restored AFTER INSERT ON nachet.users
	FOR EACH ROW WHEN (NEW.default_set_id IS NOT NULL AND pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.default_set_chosen('restored');
CREATE TRIGGER default_set_changed AFTER UPDATE ON nachet.users
	FOR EACH ROW WHEN (NEW.default_set_id IS NOT NULL AND NEW.default_set_id IS DISTINCT FROM OLD.default_set_id)
	EXECUTE FUNCTION nachet.default_set_chosen();
CREATE TRIGGER default_set_deleted AFTER DELETE ON nachet.picture_set
	FOR EACH ROW EXECUTE FUNCTION nachet.default_set_kept();
CREATE TRIGGER default_set_renamed AFTER UPDATE ON nachet.picture_set
	FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id) EXECUTE FUNCTION nachet.default_set_kept();
CREATE TRIGGER default_sets_truncated AFTER TRUNCATE ON nachet.picture_set
	FOR EACH STATEMENT EXECUTE FUNCTION nachet.default_sets_kept();

-- Names and addresses that plain SQL brings. Whoever may restore a dump is not held up: it may be older than these rules.
CREATE FUNCTION nachet.seed_named() RETURNS trigger
	AS 'MODULE_PATHNAME', 'seed_named' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.seed_named() IS
	'refuses a seed name with superfluous blanks or invisible characters or not in normalization form C (23514), and one that is registered in another form (23505)';
CREATE FUNCTION nachet.user_named() RETURNS trigger
	AS 'MODULE_PATHNAME', 'user_named' LANGUAGE C
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.user_named() IS 'refuses an invalid e-mail address (23514)';

CREATE TRIGGER seed_named BEFORE INSERT ON nachet.seed
	FOR EACH ROW WHEN (NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE')) EXECUTE FUNCTION nachet.seed_named();
CREATE TRIGGER seed_renamed BEFORE UPDATE ON nachet.seed
	FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM OLD.name AND NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.seed_named();
CREATE TRIGGER user_named BEFORE INSERT ON nachet.users
	FOR EACH ROW WHEN (NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE')) EXECUTE FUNCTION nachet.user_named();
CREATE TRIGGER user_renamed BEFORE UPDATE ON nachet.users
	FOR EACH ROW WHEN (NEW.email IS DISTINCT FROM OLD.email AND NOT pg_catalog.pg_has_role('nachet_owner', 'USAGE'))
	EXECUTE FUNCTION nachet.user_named();

-- Replication of all tables brings row 1 of object_type to where the extension has made it already.
CREATE FUNCTION nachet.object_type_present() RETURNS trigger
	AS 'MODULE_PATHNAME', 'object_type_present' LANGUAGE C;
COMMENT ON FUNCTION nachet.object_type_present() IS
	'skips row 1 when replication brings it: every installation has it';
CREATE TRIGGER object_type_present BEFORE INSERT ON nachet.object_type
	FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION nachet.object_type_present();
ALTER TABLE nachet.object_type ENABLE REPLICA TRIGGER object_type_present;

