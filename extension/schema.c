/*
 * extension/schema.c
 *		The schema of the extension, and what is in it.
 *
 * Statements name tables as nachet.<table>. They run with the rights of the tables' owner, so that
 * name must not lead anywhere else: before each statement and each look-up, the schema of that name
 * is compared with the one that pg_extension records. The comparison is remembered until a schema
 * is created, renamed or dropped.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "schema.h"

#define SCHEMA "nachet"

/* InvalidOid until it is looked up, and again after a change of any schema. */
static Oid known_schema = InvalidOid;

/* The version that was found along with it. */
static char known_version[NAMEDATALEN];

static Oid
schema_owner(Oid schema)
{
	HeapTuple row = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(schema));
	Oid owner = InvalidOid;

	if (HeapTupleIsValid(row))
	{
		owner = ((Form_pg_namespace) GETSTRUCT(row))->nspowner;
		ReleaseSysCache(row);
	}
	return owner;
}

static void
copy_row(HeapTuple row, TupleDesc shape, NachetExtension *extension)
{
	Form_pg_extension form = (Form_pg_extension) GETSTRUCT(row);
	bool isnull;
	char *version =
	    TextDatumGetCString(heap_getattr(row, Anum_pg_extension_extversion, shape, &isnull));

	extension->oid = form->oid;
	extension->owner = form->extowner;
	extension->schema = form->extnamespace;
	extension->schema_owner = schema_owner(form->extnamespace);
	strlcpy(extension->version, version, sizeof(extension->version));
	pfree(version);
}

bool
nachet_schema_find_extension(NachetExtension *extension)
{
	Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple row;
	bool found;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
	            CStringGetDatum("nachet_datastore"));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1, &key);
	row = systable_getnext(scan);
	found = HeapTupleIsValid(row);
	if (found)
		copy_row(row, RelationGetDescr(catalog), extension);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return found;
}

bool
nachet_schema_is_owner(const NachetExtension *extension)
{
	return has_privs_of_role(GetUserId(), extension->owner) ||
	       has_privs_of_role(GetUserId(), extension->schema_owner);
}

static void
forget_schema(Datum argument, int cache, uint32 hash)
{
	known_schema = InvalidOid;
}

/* Raises 3F000 unless the extension's schema has its name. */
static void
check_schema(const NachetExtension *extension)
{
	char *name = get_namespace_name(extension->schema);

	if (name == NULL || strcmp(name, SCHEMA) != 0)
		ereport(ERROR,
		        (errcode(ERRCODE_INVALID_SCHEMA_NAME),
		         errmsg("schema of extension nachet_datastore is named \"%s\" instead of \"" SCHEMA
		                "\"",
		                name == NULL ? "" : name),
		         errhint("Run ALTER SCHEMA %s RENAME TO " SCHEMA ".",
		                 quote_identifier(name == NULL ? "" : name))));
	pfree(name);
}

Oid
nachet_schema_oid(void)
{
	static bool listening = false;
	NachetExtension extension;

	if (!listening)
		CacheRegisterSyscacheCallback(NAMESPACEOID, forget_schema, (Datum) 0);
	listening = true;
	AcceptInvalidationMessages();
	if (OidIsValid(known_schema))
		return known_schema;
	if (!nachet_schema_find_extension(&extension))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
		                errmsg("extension nachet_datastore is not installed in this database"),
		                errhint("Run CREATE EXTENSION nachet_datastore.")));
	check_schema(&extension);
	strlcpy(known_version, extension.version, sizeof(known_version));
	known_schema = extension.schema;
	return known_schema;
}

Oid
nachet_schema_relation(const char *name)
{
	ErrorContextCallback hint = {.callback = nachet_schema_hint, .previous = error_context_stack};
	Oid oid = get_relname_relid(name, nachet_schema_oid());

	if (OidIsValid(oid))
		return oid;
	error_context_stack = &hint;
	ereport(ERROR,
	        (errcode(ERRCODE_UNDEFINED_TABLE),
	         errmsg("relation \"" SCHEMA ".%s\" does not exist", name),
	         errhint("Drop the extension and run CREATE EXTENSION nachet_datastore again.")));
}

TriggerData *
nachet_schema_trigger(FunctionCallInfo fcinfo, TriggerEvent time, bool insert_only)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
	    (trigger->tg_event & (TRIGGER_EVENT_ROW | TRIGGER_EVENT_TIMINGMASK)) != time ||
	    (insert_only && !TRIGGER_FIRED_BY_INSERT(trigger->tg_event)))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		     errmsg("function can be called only by the triggers of extension nachet_datastore")));
	return trigger;
}

void
nachet_schema_require_trigger(const TriggerData *trigger, const char *table, const char *other)
{
	Oid relation = RelationGetRelid(trigger->tg_relation);

	if (relation != nachet_schema_relation(table) &&
	    (other == NULL || relation != nachet_schema_relation(other)))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		                errmsg("function cannot be used by a trigger of relation \"%s\"",
		                       RelationGetRelationName(trigger->tg_relation))));
}

HeapTuple
nachet_schema_trigger_row(const TriggerData *trigger)
{
	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple
	                                                  : trigger->tg_trigtuple;
}

Datum
nachet_schema_trigger_column(const TriggerData *trigger, HeapTuple row, const char *name, Oid type,
                             bool *isnull)
{
	TupleDesc shape = RelationGetDescr(trigger->tg_relation);
	int number = SPI_fnumber(shape, name);

	if (number <= 0 || !IsBinaryCoercible(SPI_gettypeid(shape, number), type))
		ereport(ERROR,
		        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
		         errmsg("table \"nachet.%s\" has no column \"%s\" of type %s",
		                RelationGetRelationName(trigger->tg_relation), name, format_type_be(type)),
		         errhint("Columns may be added to this table, but the extension's own must "
		                 "keep their names and types.")));
	return SPI_getbinval(row, shape, number, isnull);
}

void
nachet_schema_hint(void *unused)
{
	int code = geterrcode();

	if (strcmp(known_version, NACHET_VERSION) != 0 &&
	    (code == ERRCODE_UNDEFINED_COLUMN || code == ERRCODE_UNDEFINED_TABLE ||
	     code == ERRCODE_UNDEFINED_FUNCTION))
		errhint("The library is of version " NACHET_VERSION " and the extension of version %s: "
		        "ALTER EXTENSION nachet_datastore UPDATE.",
		        known_version);
}
