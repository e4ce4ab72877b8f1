/*
 * extension/contents/content.c
 *		Contents: the triggers on content_chunk, storing from memory, finding what is missing.
 *
 * A statement's row trigger and its statement trigger share one chunk stream. It is found by the
 * memory context that both were called in (flinfo->fn_mcxt: the executor's own for the statement,
 * another for each nested one) together with the subtransaction, and unlinked when that context is
 * reset; after an error it is thus gone without a trace. A row whose content_id is given comes from a
 * restore by the owner (nobody else may name one) and is stored as it is.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "funcapi.h"
#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "contents/chunk_stream.h"
#include "contents/chunk_writer.h"
#include "contents/content.h"
#include "hash.h"
#include "contents/index_scan.h"
#include "sql.h"
#include "schema.h"
#include "guards/table_shape.h"

PG_FUNCTION_INFO_V1(content_chunk_store);
PG_FUNCTION_INFO_V1(content_chunk_seal);
PG_FUNCTION_INFO_V1(chunk_size);
PG_FUNCTION_INFO_V1(missing_contents);
PG_FUNCTION_INFO_V1(hold_contents);

/* --- the triggers -------------------------------------------------------------------------------- */

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
	nachet_trigger_require(trigger, "content_chunk", NULL);
	/* A statement that names the parent would fire the parent's statement triggers, and seal nothing. */
	if (trigger->tg_relation->rd_rel->relispartition)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		                errmsg("nachet.content_chunk stores nothing while it is a partition"),
		                errhint("ALTER TABLE ... DETACH PARTITION nachet.content_chunk.")));
}

static Statement *
begin_statement(MemoryContext context, TriggerData *trigger)
{
	Statement *statement;

	check_trigger_relation(trigger);
	nachet_chunk_table_check(trigger->tg_relation);
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
 * content_chunk_store(): BEFORE INSERT, each row. Gives the chunk its content's id and stores its data
 * plain. Raises NC006 (see nachet_chunk_stream_add) and 23502.
 */
Datum
content_chunk_store(PG_FUNCTION_ARGS)
{
	TriggerData *trigger =
	    nachet_trigger_call(fcinfo, TRIGGER_EVENT_ROW | TRIGGER_EVENT_BEFORE, true);
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
	TriggerData *trigger = nachet_trigger_call(fcinfo, TRIGGER_EVENT_AFTER, true);
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

/* --- which contents are stored -------------------------------------------------------------------- */

Datum
nachet_digest_datum(const uint8 digest[NACHET_SHA256_BYTES])
{
	bytea *value = palloc(VARHDRSZ + NACHET_SHA256_BYTES);

	SET_VARSIZE(value, VARHDRSZ + NACHET_SHA256_BYTES);
	memcpy(VARDATA(value), digest, NACHET_SHA256_BYTES);
	return PointerGetDatum(value);
}

void
nachet_digests_check(Datum *digests, int count)
{
	for (int i = 0; i < count; i++)
	{
		int length = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(digests[i]));

		if (length != NACHET_SHA256_BYTES)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			                errmsg("SHA-256 number %d has %d bytes instead of %d", i + 1, length,
			                       NACHET_SHA256_BYTES)));
	}
}

int
nachet_digest_compare(const void *a, const void *b)
{
	return memcmp(VARDATA_ANY(DatumGetPointer(*(const Datum *) a)),
	              VARDATA_ANY(DatumGetPointer(*(const Datum *) b)), NACHET_SHA256_BYTES);
}

int
nachet_contents_missing(Datum *digests, int count, Datum *missing)
{
	NachetIndexScan contents;
	Datum *sorted = palloc(Max(count, 1) * sizeof(Datum));
	int found = 0;

	nachet_index_scan_open(&contents, "content", "content_sha256_key", 1, GetActiveSnapshot());

	/* Sorted, the probes walk the index in its own order; equal digests are neighbours. */
	memcpy(sorted, digests, count * sizeof(Datum));
	qsort(sorted, count, sizeof(Datum), nachet_digest_compare);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && nachet_digest_compare(&sorted[i - 1], &sorted[i]) == 0)
			continue;
		if (!nachet_index_scan_find(&contents, sorted[i], F_BYTEAEQ))
			missing[found++] = sorted[i];
	}
	pfree(sorted);
	nachet_index_scan_close(&contents);
	return found;
}

int
nachet_contents_hold(Datum *digests, int count, Datum *missing)
{
	NachetArg arg = NACHET_PARAM(
	    BYTEAARRAYOID,
	    PointerGetDatum(construct_array(digests, count, BYTEAOID, -1, false, TYPALIGN_INT)));
	int found = (int) nachet_query(SPI_OK_SELECT,
	                               "SELECT d.sha256 FROM (SELECT DISTINCT sha256 FROM unnest($1) "
	                               "AS u (sha256) ORDER BY sha256) AS d"
	                               " LEFT JOIN LATERAL (SELECT id FROM nachet.content WHERE sha256 "
	                               "= d.sha256 FOR KEY SHARE) AS c"
	                               " ON true WHERE c.id IS NULL ORDER BY d.sha256",
	                               1, &arg);
	bool isnull;

	for (int i = 0; i < found; i++)
		missing[i] = nachet_query_value(i, 0, &isnull);
	return found;
}

/* Answers a call with those SHA-256 of its argument that a function finds missing. */
static Datum
return_missing(FunctionCallInfo fcinfo, int (*find)(Datum *digests, int count, Datum *missing))
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool isnull = false;
	Datum *digests;
	Datum *missing;
	int count;
	int found;

	nachet_array_elements(PG_GETARG_ARRAYTYPE_P(0), "list of SHA-256", &digests, &count);
	nachet_digests_check(digests, count);
	nachet_materialize(fcinfo, 1);
	missing = palloc(Max(count, 1) * sizeof(Datum));
	found = find(digests, count, missing);
	for (int i = 0; i < found; i++)
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &missing[i], &isnull);
	return (Datum) 0;
}

/* missing_contents(bytea[]) returns setof bytea. Errors: 22023, 22004, 2202E for what is no list of SHA-256. */
Datum
missing_contents(PG_FUNCTION_ARGS)
{
	return return_missing(fcinfo, nachet_contents_missing);
}

/*
 * hold_contents(bytea[]) returns setof bytea: the same, and those that are stored are held to the transaction's
 * end. Errors: as missing_contents, and 25006 on a standby.
 */
Datum
hold_contents(PG_FUNCTION_ARGS)
{
	SPI_connect();
	(void) return_missing(fcinfo, nachet_contents_hold);
	SPI_finish();
	return (Datum) 0;
}

/* chunk_size() returns integer: the most bytes of a chunk. */
Datum
chunk_size(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(NACHET_CHUNK_SIZE);
}

/* --- storing from memory -------------------------------------------------------------------------- */

/* Cuts one picture into chunks. */
static void
write_picture(NachetChunkWriter *writer, NachetChunkStream *stream, bytea *picture)
{
	int32 size = (int32) VARSIZE_ANY_EXHDR(picture);

	for (int32 offset = 0, chunk_no = 0; offset < size; offset += NACHET_CHUNK_SIZE, chunk_no++)
	{
		const char *data = VARDATA_ANY(picture) + offset;
		int32 length = Min(NACHET_CHUNK_SIZE, size - offset);

		CHECK_FOR_INTERRUPTS();
		nachet_chunk_writer_add(writer, nachet_chunk_stream_add(stream, chunk_no, data, length),
		                        chunk_no, data, length);
	}
}

/* Bytes that are hashed between two looks for a cancel. */
#define HASH_PIECE (1024 * 1024)

/* The SHA-256 of a byte string, as a bytea. */
static Datum
hash_picture(bytea *picture)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	const uint8 *bytes = (const uint8 *) VARDATA_ANY(picture);
	size_t left = VARSIZE_ANY_EXHDR(picture);
	uint8 digest[NACHET_SHA256_BYTES];

	nachet_hash_begin(hash);
	while (left > 0)
	{
		size_t piece = Min(left, HASH_PIECE);

		CHECK_FOR_INTERRUPTS();
		nachet_hash_add(hash, bytes, piece);
		bytes += piece;
		left -= piece;
	}
	nachet_hash_end(hash, digest, NACHET_SHA256_BYTES);
	pg_cryptohash_free(hash);
	return nachet_digest_datum(digest);
}

/* A picture and its digest, which stands first, so that nachet_digest_compare serves. */
typedef struct Hashed
{
	Datum digest;
	Datum picture;
} Hashed;

/* Stores the first picture of each missing digest; both lists ascend. */
static void
store_missing(const Hashed *sorted, int count, const Datum *missing, int found)
{
	NachetChunkWriter *writer = nachet_chunk_writer_open();
	NachetChunkStream *stream = nachet_chunk_stream_create(CurrentMemoryContext);

	for (int i = 0, m = 0; i < count && m < found; i++)
		if (nachet_digest_compare(&sorted[i].digest, &missing[m]) == 0)
		{
			write_picture(writer, stream, (bytea *) DatumGetPointer(sorted[i].picture));
			m++;
		}
	nachet_chunk_writer_close(writer);
	nachet_chunk_stream_seal(stream);
	nachet_chunk_stream_free(stream);
}

/* What is stored already is held, and sealing holds what others store meanwhile: no sweep makes this fail. */
void
nachet_contents_store(Datum *pictures, int count, Datum *digests)
{
	Datum *missing = palloc(count * sizeof(Datum));
	Hashed *sorted = palloc(count * sizeof(Hashed));
	int found;

	for (int i = 0; i < count; i++)
	{
		digests[i] = hash_picture((bytea *) DatumGetPointer(pictures[i]));
		sorted[i] = (Hashed){digests[i], pictures[i]};
	}
	qsort(sorted, count, sizeof(Hashed), nachet_digest_compare);
	found = nachet_contents_hold(digests, count, missing);
	if (found > 0)
		store_missing(sorted, count, missing, found);
}
