/*
 * extension/guards/shape_guard.c
 *		Commands after which the extension's code could not serve its tables are refused.
 *
 * An event trigger on ddl_command_start runs this with the rights of the user. It refuses
 *
 * - to rename the schema: statements name tables as nachet.<table>, and the name would be free for
 *	others;
 * - to make a table of ours a partition, or the parent or child of another table: statement
 *	triggers fire for the one table that the statement names, so that chunks would never be sealed
 *	and digests would vouch for what was changed.
 *
 * It is a catch against mistakes and no right: the owner may disable the event trigger.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/syscache.h"

#include "schema.h"

PG_FUNCTION_INFO_V1(refuse_reshaping);

/* Whether the user has the rights of the table's owner; others are refused by PostgreSQL itself. */
static bool
may_alter(Oid table)
{
	HeapTuple row = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	bool allowed = false;

	if (HeapTupleIsValid(row))
	{
		allowed = has_privs_of_role(GetUserId(), ((Form_pg_class) GETSTRUCT(row))->relowner);
		ReleaseSysCache(row);
	}
	return allowed;
}

/* The name of the table, or NULL if it is none of the extension's or the user may not alter it. */
static const char *
our_table(const RangeVar *name, const NachetExtension *extension)
{
	Oid table = name == NULL ? InvalidOid : RangeVarGetRelid(name, NoLock, true);

	if (!OidIsValid(table) || getExtensionOfObject(RelationRelationId, table) != extension->oid ||
	    !may_alter(table))
		return NULL;
	return name->relname;
}

/* Whether a name without a schema is that of a table which CREATE SCHEMA makes, too. */
static bool
is_sibling(const RangeVar *name, const List *siblings)
{
	ListCell *cell;

	foreach (cell, siblings)
		if (name->schemaname == NULL && IsA(lfirst(cell), CreateStmt) &&
		    strcmp(lfirst_node(CreateStmt, cell)->relation->relname, name->relname) == 0)
			return true;
	return false;
}

/* The table of ours that CREATE TABLE would make a parent; siblings: the parts of CREATE SCHEMA. */
static const char *
parent_in_create(const CreateStmt *create, const List *siblings, const NachetExtension *extension)
{
	const char *table = NULL;
	ListCell *cell;

	foreach (cell, create->inhRelations)
		if (table == NULL && !is_sibling(lfirst_node(RangeVar, cell), siblings))
			table = our_table(lfirst_node(RangeVar, cell), extension);
	return table;
}

/* The same of CREATE SCHEMA, whose parts fire no event trigger of their own. */
static const char *
parent_in_schema(const CreateSchemaStmt *create, const NachetExtension *extension)
{
	const char *table = NULL;
	ListCell *cell;

	foreach (cell, create->schemaElts)
		if (table == NULL && IsA(lfirst(cell), CreateStmt))
			table = parent_in_create(lfirst_node(CreateStmt, cell), create->schemaElts, extension);
	return table;
}

/* The table of ours that ALTER TABLE would attach to another, or another to it. */
static const char *
relative_in_alter(const AlterTableStmt *alter, const NachetExtension *extension)
{
	ListCell *cell;

	foreach (cell, alter->cmds)
	{
		const AlterTableCmd *command = lfirst_node(AlterTableCmd, cell);
		const RangeVar *other = NULL;
		const char *table;

		if (command->subtype == AT_AddInherit)
			other = castNode(RangeVar, command->def);
		else if (command->subtype == AT_AttachPartition)
			other = castNode(PartitionCmd, command->def)->name;
		else
			continue;
		table = our_table(alter->relation, extension);
		if (table == NULL)
			table = our_table(other, extension);
		if (table != NULL)
			return table;
	}
	return NULL;
}

/* The table of ours that a command would bring into an inheritance hierarchy. */
static const char *
find_relative(Node *command, const NachetExtension *extension)
{
	if (IsA(command, CreateForeignTableStmt))
		return parent_in_create(&((CreateForeignTableStmt *) command)->base, NIL, extension);
	if (IsA(command, CreateStmt))
		return parent_in_create((CreateStmt *) command, NIL, extension);
	if (IsA(command, CreateSchemaStmt))
		return parent_in_schema((CreateSchemaStmt *) command, extension);
	if (IsA(command, AlterTableStmt))
		return relative_in_alter((AlterTableStmt *) command, extension);
	return NULL;
}

static bool
renames_schema(Node *command, const NachetExtension *extension)
{
	const RenameStmt *rename = (RenameStmt *) command;

	return IsA(command, RenameStmt) && rename->renameType == OBJECT_SCHEMA &&
	       get_namespace_oid(rename->subname, true) == extension->schema;
}

/* refuse_reshaping(): the event trigger nachet_shape_guard. Errors: 0A000. */
Datum
refuse_reshaping(PG_FUNCTION_ARGS)
{
	NachetExtension extension;
	Node *command;
	const char *table;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
		        (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
		         errmsg("function can be called only by event trigger \"nachet_shape_guard\"")));
	command = ((EventTriggerData *) fcinfo->context)->parsetree;
	if (!nachet_schema_find_extension(&extension))
		PG_RETURN_NULL();
	if (renames_schema(command, &extension) && nachet_schema_is_owner(&extension))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("schema \"nachet\" of extension nachet_datastore cannot be renamed"),
		                errdetail("The extension finds its tables by the schema's name.")));
	table = find_relative(command, &extension);
	if (table != NULL)
		ereport(ERROR,
		        (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		         errmsg("table \"%s\" of extension nachet_datastore cannot be a partition, a "
		                "parent or a child of another table",
		                table),
		         errdetail("Statements that name the other table would not fire its "
		                   "triggers.")));
	PG_RETURN_NULL();
}
