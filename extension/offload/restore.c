/*
 * extension/offload/restore.c
 *		Contents come back from the object store into the database.
 *
 * The chunks are written as they come and the content counts as restored only once all have come
 * and have its SHA-256; else they are deleted again in the same transaction. The object is then
 * queued for deletion, and the content gets a new number for its next object's name: the old name
 * is never used again, so that its deletion, however late it reaches the store, can't hit what is
 * moved there next.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "contents/chunk_writer.h"
#include "errcodes.h"
#include "offload/read.h"
#include "schema.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(restore_contents);

/* Contents that are fetched and locked together. */
#define FETCH 64

/* So many failures in a row, or max_count if that is more, end a run. */
#define MIN_FAILURES 100

/* Failed contents that are named in warnings. */
#define MAX_WARNINGS 5

/* One content's bytes on their way into chunks. */
typedef struct Restoring
{
	int64 content_id;
	int32 chunk_size;
	int32 chunk_no;
	char *chunk;
	int32 length;
	NachetChunkWriter *writer;
} Restoring;

/* --- writing chunks --------------------------------------------------------------------------- */

static void
write_chunk(Restoring *restoring)
{
	nachet_chunk_writer_add(restoring->writer, restoring->content_id, restoring->chunk_no,
	                        restoring->chunk, restoring->length);
	restoring->chunk_no++;
	restoring->length = 0;
}

static void
take(void *argument, const char *data, size_t length)
{
	Restoring *restoring = argument;

	while (length > 0)
	{
		size_t piece = Min(length, (size_t) (restoring->chunk_size - restoring->length));

		memcpy(restoring->chunk + restoring->length, data, piece);
		restoring->length += (int32) piece;
		data += piece;
		length -= piece;
		if (restoring->length >= restoring->chunk_size)
			write_chunk(restoring);
	}
}

static void
delete_chunks(int64 content_id)
{
	NachetArg arg = NACHET_BIGINT(content_id);

	(void) nachet_sql_run(SPI_OK_DELETE, "DELETE FROM nachet.content_chunk WHERE content_id = $1",
	                      1, &arg);
}

/* A try begins anew: what the one before it has written goes. */
static void
restart(void *argument)
{
	Restoring *restoring = argument;

	nachet_chunk_writer_flush(restoring->writer);
	if (restoring->chunk_no > 0)
		delete_chunks(restoring->content_id);
	restoring->chunk_no = 0;
	restoring->length = 0;
}

/* --- contents --------------------------------------------------------------------------------- */

/*
 * Records that a content's bytes are here, and queues its object for deletion if it is this
 * database's.
 */
static void
record(const NachetContent *content)
{
	NachetArg args[2] = {NACHET_BIGINT(content->id), NACHET_TEXT(content->object_url)};

	nachet_sql_check_written(
	    "content",
	    nachet_sql_run(SPI_OK_UPDATE,
	                   "UPDATE nachet.content SET object_url = NULL, object_etag = NULL,"
	                   " object_id = nextval('nachet.content_id_seq') WHERE id = $1",
	                   1, args),
	    1);
	(void) nachet_sql_run(SPI_OK_INSERT,
	                      "INSERT INTO nachet.object_deletion (object_url)"
	                      " SELECT $2 FROM nachet.object_store s"
	                      " WHERE $1 > 0 AND strpos($2, '/' || s.prefix || '/') > 0"
	                      " ON CONFLICT DO NOTHING",
	                      2, args);
}

/*
 * Brings one content back. Returns NULL, or what is wrong with its object; then nothing is written.
 */
static char *
restore(const NachetContent *content)
{
	Restoring restoring = {.content_id = content->id, .chunk_size = content->chunk_size};
	char *wrong;

	restoring.chunk = palloc(content->chunk_size);
	restoring.writer = nachet_chunk_writer_open();
	wrong = nachet_object_stream(content, restart, take, &restoring);
	if (wrong == NULL && restoring.length > 0)
		write_chunk(&restoring);
	nachet_chunk_writer_close(restoring.writer);
	if (wrong == NULL)
		record(content);
	else
		delete_chunks(content->id);
	return wrong;
}

/* --- choosing --------------------------------------------------------------------------------- */

/*
 * A cursor over the ids of contents whose bytes have moved: all, or those of a set, some perhaps
 * twice. OFFSET keeps the planner from a join, which would read the whole set, or all contents,
 * before the first row.
 */
static Portal
open_candidates(NachetArg picture_set)
{
	if (picture_set.isnull)
		return nachet_sql_open_cursor("SELECT c.id FROM nachet.content c"
		                              " WHERE c.object_url IS NOT NULL ORDER BY c.id",
		                              0, NULL);
	return nachet_sql_open_cursor("SELECT p.content_id FROM nachet.picture p"
	                              " WHERE p.picture_set_id = $1 AND EXISTS"
	                              "  (SELECT FROM nachet.content c WHERE c.id = p.content_id"
	                              "   AND c.object_url IS NOT NULL OFFSET 0)",
	                              1, &picture_set);
}

/* The next ids of a cursor as an array; false at its end. */
static bool
next_ids(Portal candidates, NachetArg *ids)
{
	SPI_cursor_fetch(candidates, true, FETCH);
	*ids = nachet_sql_column(SPI_processed, INT8OID);
	return ARR_NDIM(DatumGetArrayTypeP(ids->value)) > 0;
}

/*
 * Locks those of the contents that are still in the store and that no other transaction has locked.
 */
static uint64
lock(NachetArg ids)
{
	return nachet_sql_run(
	    SPI_OK_SELECT,
	    "SELECT " NACHET_CONTENT_ROW
	    " FROM nachet.content c WHERE c.id = ANY ($1) AND c.object_url IS NOT NULL"
	    " ORDER BY c.id FOR NO KEY UPDATE OF c SKIP LOCKED",
	    1, &ids);
}

/* --- a run ------------------------------------------------------------------------------------ */

typedef struct Run
{
	int64 max_count;
	int64 max_bytes;
	int64 contents;
	int64 bytes;
	int64 failed;
	int64 in_a_row; /* failures since something last came back */
} Run;

/*
 * Whether a run may restore another content. Objects that are gone are stepped over, but not
 * without end.
 */
static bool
may_continue(const Run *run)
{
	return run->contents < run->max_count && run->bytes < run->max_bytes &&
	       run->in_a_row < Max(run->max_count, MIN_FAILURES);
}

static void
note_failure(Run *run, const NachetContent *content, const char *wrong)
{
	run->in_a_row++;
	if (run->failed++ < MAX_WARNINGS)
		ereport(WARNING, (errcode(ERRCODE_DATA_CORRUPTED),
		                  errmsg("content " INT64_FORMAT " could not be restored", content->id),
		                  errdetail("\"%s\": %s.", content->object_url, wrong)));
}

/* Restores contents that are locked, the rows of a result. */
static void
restore_locked(Run *run, SPITupleTable *table, uint64 rows, MemoryContext context)
{
	for (uint64 i = 0; i < rows && may_continue(run); i++)
	{
		MemoryContext caller = MemoryContextSwitchTo(context);
		NachetContent content;
		char *wrong;

		CHECK_FOR_INTERRUPTS();
		nachet_content_of_result(table, i, &content);
		wrong = restore(&content);
		if (wrong != NULL)
			note_failure(run, &content, wrong);
		else
		{
			run->contents++;
			run->bytes += content.byte_size;
			run->in_a_row = 0;
		}
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	}
}

static void
restore_some(Run *run, NachetArg picture_set)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet restore", ALLOCSET_DEFAULT_SIZES);
	Portal candidates = open_candidates(picture_set);
	NachetArg ids;

	while (may_continue(run) && next_ids(candidates, &ids))
	{
		uint64 rows = lock(ids);
		SPITupleTable *table = SPI_tuptable;

		pfree(DatumGetPointer(ids.value));
		restore_locked(run, table, rows, context);
		SPI_freetuptable(table);
	}
	SPI_cursor_close(candidates);
	MemoryContextDelete(context);
}

/*
 * restore_contents(max_count bigint, max_bytes bigint, picture_set_id uuid, OUT contents, OUT
 * bytes, OUT failed): brings contents back, all or those of one set. Errors: 22023 for a limit
 * below 1, 55000, F0000, NC008 if the store doesn't answer.
 */
Datum
restore_contents(PG_FUNCTION_ARGS)
{
	NachetArg picture_set = NACHET_PARAM_IF(UUIDOID, PG_GETARG_DATUM(2), !PG_ARGISNULL(2));
	Run run = {.max_count = PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0),
	           .max_bytes = PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1)};

	if (run.max_count < 1 || run.max_bytes < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("max_count and max_bytes must be at least 1")));
	SPI_connect();
	restore_some(&run, picture_set);
	SPI_finish();
	PG_RETURN_DATUM(
	    nachet_sql_bigint_row(fcinfo, (const int64[]){run.contents, run.bytes, run.failed}, 3));
}
