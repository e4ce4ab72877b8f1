/*
 * extension/sets/set_triggers.c
 *		Triggers that keep picture sets honest: names, digests, users' default sets.
 *
 * A digest vouches for a set as it was uploaded. Whatever changes the set afterwards, its pictures
 * or their seeds, by plain SQL, sets it to NULL, so that the next import of that folder makes a new
 * set. Uploads and restores write pictures that have a content_id, under a digest that covers them;
 * a picture without one comes from Nachet's own code and is a change.
 *
 * users.default_set_id stands for a foreign key, which a dump could not restore: users come before
 * sets. Whoever writes it holds the set FOR KEY SHARE, so that no DELETE passes by; whoever deletes
 * a set looks afterwards, at what others have committed by then, whether it is a default. Locks are
 * taken in the order users, pictures, sets.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "contents/content.h"
#include "schema.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(picture_set_default_name);
PG_FUNCTION_INFO_V1(picture_set_changed);
PG_FUNCTION_INFO_V1(pictures_changed);
PG_FUNCTION_INFO_V1(picture_added);
PG_FUNCTION_INFO_V1(default_set_chosen);
PG_FUNCTION_INFO_V1(default_set_kept);
PG_FUNCTION_INFO_V1(default_sets_kept);

/* The row trigger's call with a row of picture_set, and that row. */
static HeapTuple
picture_set_row(FunctionCallInfo fcinfo, TriggerData **trigger)
{
	*trigger = nachet_schema_trigger(fcinfo, TRIGGER_EVENT_BEFORE | TRIGGER_EVENT_ROW, false);
	nachet_schema_require_trigger(*trigger, "picture_set", NULL);
	return nachet_schema_trigger_row(*trigger);
}

static Datum
with_column(HeapTuple row, TriggerData *trigger, const char *name, Datum value, bool isnull)
{
	TupleDesc shape = RelationGetDescr(trigger->tg_relation);
	int column = SPI_fnumber(shape, name);

	if (column <= 0)
		elog(ERROR, "relation \"%s\" has no column \"%s\"",
		     RelationGetRelationName(trigger->tg_relation), name);
	return PointerGetDatum(heap_modify_tuple_by_cols(row, shape, 1, &column, &value, &isnull));
}

/* picture_set_default_name(): BEFORE INSERT of a set without a name: its id's text names it. */
Datum
picture_set_default_name(PG_FUNCTION_ARGS)
{
	TriggerData *trigger;
	HeapTuple row = picture_set_row(fcinfo, &trigger);
	TupleDesc shape = RelationGetDescr(trigger->tg_relation);
	char *id = SPI_getvalue(row, shape, SPI_fnumber(shape, "id"));

	if (id == NULL) /* the column's own NOT NULL will say so */
		return PointerGetDatum(row);
	return with_column(row, trigger, "name", CStringGetTextDatum(id), false);
}

/* The call of a row trigger that fires after changes of a table, or an error. */
static TriggerData *
after_row(FunctionCallInfo fcinfo, const char *table)
{
	TriggerData *trigger =
	    nachet_schema_trigger(fcinfo, TRIGGER_EVENT_AFTER | TRIGGER_EVENT_ROW, false);

	nachet_schema_require_trigger(trigger, table, NULL);
	return trigger;
}

/* A column of a row of the trigger's table, a uuid. */
static NachetArg
uuid_column(TriggerData *trigger, HeapTuple row, const char *name)
{
	NachetArg column = NACHET_PARAM(UUIDOID, (Datum) 0);

	column.value = nachet_schema_trigger_column(trigger, row, name, UUIDOID, &column.isnull);
	return column;
}

/* picture_set_changed(): BEFORE UPDATE that changes what the digest covers: it vouches no more. */
Datum
picture_set_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger;
	HeapTuple row = picture_set_row(fcinfo, &trigger);

	return with_column(row, trigger, "digest", (Datum) 0, true);
}

/*
 * pictures_changed(): AFTER a statement that changed pictures or their seeds. The trigger names in
 * its argument the query that yields the ids of the sets concerned, over its transition tables.
 */
Datum
pictures_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = nachet_schema_trigger(fcinfo, TRIGGER_EVENT_AFTER, false);
	char *sql;

	nachet_schema_require_trigger(trigger, "picture", "picture_seed");
	if (trigger->tg_trigger->tgnargs != 1)
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
		                errmsg("trigger \"%s\" has %d arguments instead of 1",
		                       trigger->tg_trigger->tgname, trigger->tg_trigger->tgnargs)));
	SPI_connect();
	SPI_register_trigger_data(trigger);
	sql = psprintf("UPDATE nachet.picture_set SET digest = NULL"
	               " WHERE digest IS NOT NULL AND id IN (%s)",
	               trigger->tg_trigger->tgargs[0]);
	(void) nachet_sql_run(SPI_OK_UPDATE, sql, 0, NULL);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/*
 * picture_added(): AFTER INSERT of a picture without stored bytes: its set is no longer what was
 * uploaded.
 */
Datum
picture_added(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = after_row(fcinfo, "picture");
	NachetArg set_id = uuid_column(trigger, trigger->tg_trigtuple, "picture_set_id");

	SPI_connect();
	(void) nachet_sql_run(SPI_OK_UPDATE,
	                      "UPDATE nachet.picture_set SET digest = NULL"
	                      " WHERE digest IS NOT NULL AND id = $1",
	                      1, &set_id);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* --- default sets ----------------------------------------------------------------------------- */

/*
 * default_set_chosen(): AFTER INSERT or UPDATE of users with a default set: holds that set. One
 * that is not there raises 23503, unless the trigger has an argument: then the row may come from a
 * restore, which brings the sets later.
 */
Datum
default_set_chosen(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = after_row(fcinfo, "users");
	bool restored = trigger->tg_trigger->tgnargs > 0;
	NachetArg set_id = uuid_column(trigger, nachet_schema_trigger_row(trigger), "default_set_id");

	SPI_connect();
	if (nachet_sql_run(SPI_OK_SELECT, "SELECT FROM nachet.picture_set WHERE id = $1 FOR KEY SHARE",
	                   1, &set_id) == 0 &&
	    !restored)
		ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
		                errmsg("picture set \"%s\" does not exist",
		                       DatumGetCString(DirectFunctionCall1(uuid_out, set_id.value))),
		                errtablecol(trigger->tg_relation,
		                            SPI_fnumber(RelationGetDescr(trigger->tg_relation),
		                                        "default_set_id"))));
	SPI_finish();
	return PointerGetDatum(NULL);
}

/*
 * default_set_kept(): AFTER DELETE of a set, or UPDATE of its id: raises 23503 if it is the default
 * set of a user.
 */
Datum
default_set_kept(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = after_row(fcinfo, "picture_set");
	NachetArg set_id = uuid_column(trigger, trigger->tg_trigtuple, "id");

	SPI_connect();
	if (nachet_sql_run_latest(SPI_OK_SELECT, "SELECT FROM nachet.users WHERE default_set_id = $1",
	                          1, &set_id) > 0)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
		     errmsg("picture set \"%s\" is the default set of a user",
		            DatumGetCString(DirectFunctionCall1(uuid_out, set_id.value))),
		     errhint("Set nachet.users.default_set_id to NULL or another set first, or delete the "
		             "set with nachet.delete_picture_set(picture_set_id)."),
		     errtable(trigger->tg_relation)));
	SPI_finish();
	return PointerGetDatum(NULL);
}

/* default_sets_kept(): AFTER TRUNCATE of the sets: raises 23503 if a user has a default set. */
Datum
default_sets_kept(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = nachet_schema_trigger(fcinfo, TRIGGER_EVENT_AFTER, false);

	nachet_schema_require_trigger(trigger, "picture_set", NULL);
	SPI_connect();
	if (nachet_sql_run_latest(SPI_OK_SELECT,
	                          "SELECT FROM nachet.users WHERE default_set_id IS NOT NULL LIMIT 1",
	                          0, NULL) > 0)
		ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
		                errmsg("picture sets are the default sets of users"),
		                errhint("Set nachet.users.default_set_id to NULL first."),
		                errtable(trigger->tg_relation)));
	SPI_finish();
	return PointerGetDatum(NULL);
}
