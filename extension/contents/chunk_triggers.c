/*
 * extension/contents/chunk_triggers.c
 *		The triggers on content_chunk.
 *
 * A statement's row trigger and its statement trigger share one chunk stream. It is found by the
 * memory context that both were called in (flinfo->fn_mcxt: the executor's own for the statement,
 * another for each nested one) together with the subtransaction, and unlinked when that context is
 * reset; after an error it is thus gone without a trace. A row whose content_id is given comes from
 * a restore by the owner (no other role may name one) and is stored as it is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "lib/ilist.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "contents/chunk_stream.h"
#include "guards/table_shape.h"
#include "schema.h"

PG_FUNCTION_INFO_V1(content_chunk_store);
PG_FUNCTION_INFO_V1(content_chunk_seal);

/* One statement's stream, in the list of those under way. */
typedef struct Statement
{
	dlist_node node;
	MemoryContext context;
	SubTransactionId subtransaction;
	NachetChunkStream *stream;
	bool linked;
	MemoryContextCallback unlink;
} Statement;

static dlist_head statements = DLIST_STATIC_INIT(statements);

static void
unlink_statement(void *argument)
{
	Statement *statement = argument;

	if (statement->linked)
		dlist_delete(&statement->node);
	statement->linked = false;
}

static Statement *
find_statement(MemoryContext context)
{
	dlist_iter iter;

	dlist_foreach(iter, &statements)
	{
		Statement *statement = dlist_container(Statement, node, iter.cur);

		if (statement->context == context &&
		    statement->subtransaction == GetCurrentSubTransactionId())
			return statement;
	}
	return NULL;
}

static void
check_trigger_relation(TriggerData *trigger)
{
	nachet_schema_require_trigger(trigger, "content_chunk", NULL);
	/*
	 * A statement that names the parent would fire the parent's statement triggers, and seal
	 * nothing.
	 */
	if (trigger->tg_relation->rd_rel->relispartition)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("cannot store chunks while \"nachet.content_chunk\" is a partition"),
		                errhint("Run ALTER TABLE ... DETACH PARTITION nachet.content_chunk.")));
}

static Statement *
begin_statement(MemoryContext context, TriggerData *trigger)
{
	Statement *statement;

	check_trigger_relation(trigger);
	nachet_table_shape_check_chunks(trigger->tg_relation);
	statement = MemoryContextAllocZero(context, sizeof(Statement));
	statement->context = context;
	statement->subtransaction = GetCurrentSubTransactionId();
	statement->stream = nachet_chunk_stream_create(context);
	statement->unlink.func = unlink_statement;
	statement->unlink.arg = statement;
	dlist_push_head(&statements, &statement->node);
	statement->linked = true;
	MemoryContextRegisterResetCallback(context, &statement->unlink);
	return statement;
}

static Datum
chunk_column(HeapTuple row, TupleDesc shape, int column)
{
	bool isnull;
	Datum value = heap_getattr(row, column, shape, &isnull);

	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_NOT_NULL_VIOLATION),
		                errmsg("null value in column \"%s\" of relation \"content_chunk\"",
		                       NameStr(TupleDescAttr(shape, column - 1)->attname))));
	return value;
}

/*
 * content_chunk_store(): BEFORE INSERT, each row. Gives the chunk its content's id and stores its
 * data plain. Raises NC006 (see nachet_chunk_stream_add) and 23502.
 */
Datum
content_chunk_store(PG_FUNCTION_ARGS)
{
	TriggerData *trigger =
	    nachet_schema_trigger(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, true);
	HeapTuple row = trigger->tg_trigtuple;
	TupleDesc shape = RelationGetDescr(trigger->tg_relation);
	Statement *statement = find_statement(fcinfo->flinfo->fn_mcxt);
	int columns[2] = {NACHET_CHUNK_CONTENT_ID, NACHET_CHUNK_DATA};
	Datum values[2];
	bool nulls[2] = {false, false};
	int32 chunk_no;
	bytea *data;

	if (!heap_attisnull(row, NACHET_CHUNK_CONTENT_ID, shape))
		return PointerGetDatum(row);
	if (statement == NULL)
		statement = begin_statement(fcinfo->flinfo->fn_mcxt, trigger);
	chunk_no = DatumGetInt32(chunk_column(row, shape, NACHET_CHUNK_NO));
	data = DatumGetByteaPP(chunk_column(row, shape, NACHET_CHUNK_DATA));
	values[0] = Int64GetDatum(nachet_chunk_stream_add(
	    statement->stream, chunk_no, VARDATA_ANY(data), (int32) VARSIZE_ANY_EXHDR(data)));
	values[1] = PointerGetDatum(data);
	return PointerGetDatum(heap_modify_tuple_by_cols(row, shape, 2, columns, values, nulls));
}

/* content_chunk_seal(): AFTER INSERT, each statement. Seals what the statement stored. */
Datum
content_chunk_seal(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = nachet_schema_trigger(fcinfo, TRIGGER_EVENT_AFTER, true);
	Statement *statement = find_statement(fcinfo->flinfo->fn_mcxt);

	check_trigger_relation(trigger);
	if (statement != NULL)
	{
		nachet_chunk_stream_seal(statement->stream);
		nachet_chunk_stream_free(statement->stream);
		unlink_statement(statement);
	}
	return PointerGetDatum(NULL);
}
