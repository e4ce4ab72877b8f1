-- What keeps a slip of DROP from taking the pictures along.

CREATE FUNCTION nachet.refuse_drop() RETURNS event_trigger
	AS 'MODULE_PATHNAME', 'refuse_drop' LANGUAGE C
	SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION nachet.refuse_drop() IS
	'refuses to drop the extension, its schema or what their owner owns while pictures are stored, unless nachet.allow_drop is on';

CREATE EVENT TRIGGER nachet_drop_guard ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION nachet.refuse_drop();
COMMENT ON EVENT TRIGGER nachet_drop_guard IS 'keeps stored pictures from being dropped along with the extension';
-- Also under session_replication_role = replica, which pg_restore -j needs.
ALTER EVENT TRIGGER nachet_drop_guard ENABLE ALWAYS;
