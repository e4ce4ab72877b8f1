/*
 * extension/guards/drop_guard.c
 *		DROP EXTENSION, DROP SCHEMA and DROP OWNED that would take stored pictures along are
 *		refused.
 *
 * An event trigger on ddl_command_start runs this; a sql_drop trigger would be dropped along and
 * never fire. Only a command that names our own extension, its schema or their owner is looked at,
 * and only if its user may run it. If nothing is stored, the tables are locked as the command
 * itself will lock them, so that an import under way ends first and what it brought is seen. The
 * function runs with the rights of the user, since CURRENT_USER in the command means him. It is a
 * catch against mistakes and no right: whoever may drop may set nachet.allow_drop.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "schema.h"
#include "settings.h"

PG_FUNCTION_INFO_V1(refuse_drop);

/* Whether a DROP EXTENSION or DROP SCHEMA names ours. */
static bool
names_extension(const DropStmt *drop, const NachetExtension *extension)
{
	ListCell *cell;

	foreach (cell, drop->objects)
	{
		const char *name = strVal(lfirst(cell));

		if (drop->removeType == OBJECT_EXTENSION && get_extension_oid(name, true) == extension->oid)
			return true;
		if (drop->removeType == OBJECT_SCHEMA && get_namespace_oid(name, true) == extension->schema)
			return true;
	}
	return false;
}

/* Whether a DROP OWNED names a role that owns the extension or its schema. */
static bool
names_owner(const DropOwnedStmt *drop, const NachetExtension *extension)
{
	ListCell *cell;

	foreach (cell, drop->roles)
	{
		Oid role = get_rolespec_oid(lfirst(cell), true);

		if (OidIsValid(role) && (role == extension->owner || role == extension->schema_owner))
			return true;
	}
	return false;
}

/* Whether a table of ours has a row that is committed when its lock is acquired. */
static bool
has_rows(Oid schema, const char *name, LOCKMODE lock)
{
	Oid oid = get_relname_relid(name, schema);
	Relation table;
	TableScanDesc scan;
	TupleTableSlot *slot;
	Snapshot snapshot;
	bool found;

	if (!OidIsValid(oid))
		return false;
	table = table_open(oid, lock);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	slot = table_slot_create(table, NULL);
	scan = table_beginscan(table, snapshot, 0, NULL);
	found = table_scan_getnextslot(scan, ForwardScanDirection, slot);
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	UnregisterSnapshot(snapshot);
	table_close(table, NoLock);
	return found;
}

/*
 * Whether anything is stored. The first look takes no lock that matters and begins with the
 * smallest tables: content_chunk may be large and have no live row. The second locks in the order
 * of imports.
 */
static bool
holds_pictures(Oid schema, bool wait_for_imports)
{
	static const char *const at_once[] = {"content", "picture", "content_chunk"};
	static const char *const as_imports[] = {"content_chunk", "content", "picture"};
	const char *const *names = wait_for_imports ? as_imports : at_once;
	LOCKMODE lock = wait_for_imports ? AccessExclusiveLock : AccessShareLock;

	for (int i = 0; i < lengthof(at_once); i++)
		if (has_rows(schema, names[i], lock))
			return true;
	return false;
}

/*
 * refuse_drop(): the event trigger nachet_drop_guard. Errors: 2BP01 if pictures or their bytes
 * are stored and nachet.allow_drop is off.
 */
Datum
refuse_drop(PG_FUNCTION_ARGS)
{
	NachetExtension extension;
	Node *command;
	bool ours = false;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("function can be called only by event trigger \"nachet_drop_guard\"")));
	if (nachet_allow_drop || !nachet_schema_find_extension(&extension))
		PG_RETURN_NULL();
	command = ((EventTriggerData *) fcinfo->context)->parsetree;
	if (IsA(command, DropStmt))
		ours = names_extension((DropStmt *) command, &extension);
	else if (IsA(command, DropOwnedStmt))
		ours = names_owner((DropOwnedStmt *) command, &extension);
	if (!ours || !nachet_schema_is_owner(&extension))
		PG_RETURN_NULL();

	/* What is there is seen at once; only if nothing is, an import under way is waited for. */
	if (holds_pictures(extension.schema, false) || holds_pictures(extension.schema, true))
		ereport(ERROR,
		        (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
		         errmsg("extension nachet_datastore contains pictures, which would be dropped too"),
		         errhint("To drop them all, SET nachet.allow_drop = on first.")));
	PG_RETURN_NULL();
}
