-- Guards: commands that would take the pictures along, or that the functions could not work after, are refused.

CREATE FUNCTION nachet.refuse_drop() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'refuse_drop' LANGUAGE C
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.refuse_drop() IS
	'refuses to drop the extension, its schema or its owner''s objects while pictures are stored, unless nachet.allow_drop is on';

CREATE EVENT TRIGGER nachet_drop_guard ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION nachet.refuse_drop();
COMMENT ON EVENT TRIGGER nachet_drop_guard IS
	'prevents stored pictures from being dropped with the extension';
-- Also under session_replication_role = replica, which pg_restore -j needs.
ALTER EVENT TRIGGER nachet_drop_guard ENABLE ALWAYS;

-- It looks up tables as the command will: by the search_path of whoever gives it.
CREATE FUNCTION nachet.refuse_reshaping() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'refuse_reshaping' LANGUAGE C;
COMMENT ON FUNCTION nachet.refuse_reshaping() IS
	'refuses to rename the schema and to make the tables partitions, parents or children of others';

CREATE EVENT TRIGGER nachet_shape_guard ON ddl_command_start
	WHEN TAG IN ('ALTER SCHEMA', 'CREATE SCHEMA', 'CREATE TABLE', 'ALTER TABLE', 'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE')
	EXECUTE FUNCTION nachet.refuse_reshaping();
COMMENT ON EVENT TRIGGER nachet_shape_guard IS
	'protects the schema and the tables from changes that would break the functions';
ALTER EVENT TRIGGER nachet_shape_guard ENABLE ALWAYS;
