/*
 * extension/contents/sweep.c
 *		Contents that no picture refers to, and how they go.
 *
 * An import holds its contents FOR KEY SHARE until its pictures stand. So a content is deleted in
 * two statements: the first locks the candidates FOR UPDATE and skips those that are held;
 * the second, which in any isolation sees all that was committed before the locks were had, looks
 * again whether no picture refers to them. A content that an import holds is left for the next
 * sweep; an import that comes later finds the content gone and raises NC004.
 *
 * Its object is queued for deletion in the same transaction, also if none is recorded: an
 * offload that was broken off may have written one. Objects under another database's prefix are
 * that one's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "contents/sweep.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(sweep_contents);
PG_FUNCTION_INFO_V1(sweep_next);
PG_FUNCTION_INFO_V1(sweep_all);

/* Candidates that are fetched, locked and looked at together. */
#define BATCH 1000

/* What no picture refers to, of a content c: an index probe each, however large the tables are. */
#define UNUSED "NOT EXISTS (SELECT FROM nachet.picture p WHERE p.content_id = c.id OFFSET 0)"

/* What has been deleted. */
typedef enum
{
	CONTENTS,
	BYTES,
	LAST_ID,
	SWEPT_COLUMNS
} Swept;

/*
 * Locks those of the contents that no picture refers to and nobody else holds. Contents in use are
 * not locked even for a moment: whoever imports them would wait for this transaction. The result is
 * SPI's.
 */
static Datum
lock_unused(Datum ids)
{
	NachetArg arg = NACHET_PARAM(INT8ARRAYOID, ids);

	(void) nachet_sql_run(SPI_OK_SELECT,
	                      "SELECT coalesce(array_agg(l.id), '{}') FROM"
	                      " (SELECT c.id FROM nachet.content c WHERE c.id = ANY ($1) AND " UNUSED
	                      "  ORDER BY c.id FOR UPDATE SKIP LOCKED) AS l",
	                      1, &arg);
	return nachet_sql_value(0, 0, INT8ARRAYOID);
}

/*
 * Deletes those of the locked contents that are unused still: their ids, number and bytes. The
 * result is SPI's.
 */
static void
delete_unused(Datum locked)
{
	NachetArg arg = NACHET_PARAM(INT8ARRAYOID, locked);

	(void) nachet_sql_run_latest(
	    SPI_OK_SELECT,
	    "WITH gone AS ("
	    " DELETE FROM nachet.content c WHERE c.id = ANY ($1)"
	    " AND NOT EXISTS (SELECT FROM nachet.picture p WHERE p.content_id = c.id)"
	    " RETURNING c.id, c.byte_size, c.sha256, c.object_url, c.object_id),"
	    " queued AS ("
	    " INSERT INTO nachet.object_deletion (object_url)"
	    " SELECT coalesce(g.object_url, concat(s.location, '/', s.prefix, '/',"
	    "  encode(g.sha256, 'hex'), '-', coalesce(g.object_id, g.id)))"
	    " FROM gone g, nachet.object_store s WHERE g.object_url IS NULL"
	    "  OR strpos(g.object_url, '/' || s.prefix || '/') > 0"
	    " ON CONFLICT DO NOTHING)"
	    " SELECT coalesce(array_agg(id), '{}'), count(*),"
	    " coalesce(sum(byte_size), 0)::bigint FROM gone",
	    1, &arg);
}

int64
nachet_sweep_purge(Datum ids, int64 *bytes)
{
	Datum unused = lock_unused(ids);
	SPITupleTable *locked = SPI_tuptable;
	SPITupleTable *gone;
	NachetArg arg = NACHET_PARAM(INT8ARRAYOID, (Datum) 0);
	int64 count;

	delete_unused(unused);
	gone = SPI_tuptable;
	arg.value = nachet_sql_value(0, 0, INT8ARRAYOID);
	count = nachet_sql_bigint(0, 1);
	*bytes += nachet_sql_bigint(0, 2);
	if (count > 0)
		(void) nachet_sql_run(
		    SPI_OK_DELETE, "DELETE FROM nachet.content_chunk WHERE content_id = ANY ($1)", 1, &arg);
	/* SPI would keep them until the connection ends, and a sweep may have many batches. */
	SPI_freetuptable(locked);
	SPI_freetuptable(gone);
	return count;
}

/* Purges what is unreferenced and was stored before a moment, batch by batch. */
static void
sweep(Datum before, int64 *swept)
{
	NachetArg arg = NACHET_PARAM(TIMESTAMPTZOID, before);
	Portal candidates =
	    nachet_sql_open_cursor("SELECT c.id FROM nachet.content c WHERE c.stored_at < $1 AND NOT"
	                           " EXISTS (SELECT FROM nachet.picture p WHERE p.content_id = c.id)",
	                           1, &arg);

	for (;;)
	{
		NachetArg ids;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(candidates, true, BATCH);
		if (SPI_processed == 0)
			break;
		ids = nachet_sql_column(SPI_processed, INT8OID);
		swept[CONTENTS] += nachet_sweep_purge(ids.value, &swept[BYTES]);
		pfree(DatumGetPointer(ids.value));
	}
	SPI_cursor_close(candidates);
}

/* The moment so long before the transaction's beginning. */
static Datum
moment_before(Datum interval)
{
	return DirectFunctionCall2(timestamptz_mi_interval,
	                           TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
	                           interval);
}

/*
 * sweep_contents(older_than interval, OUT contents bigint, OUT bytes bigint): removes the contents
 * that no picture refers to and that were stored longer ago than that, in one transaction; answers
 * how many and how large.
 */
Datum
sweep_contents(PG_FUNCTION_ARGS)
{
	int64 swept[SWEPT_COLUMNS] = {0};

	SPI_connect();
	sweep(moment_before(PG_GETARG_DATUM(0)), swept);
	SPI_finish();
	PG_RETURN_DATUM(nachet_sql_bigint_row(fcinfo, swept, BYTES + 1));
}

/*
 * --- in slices
 * --------------------------------------------------------------------------------------
 */

/*
 * sweep_next(before timestamptz, after_id bigint, OUT contents bigint, OUT bytes bigint, OUT
 * last_id bigint): removes one batch of such contents with ids above that one. last_id is the last
 * one that it looked at, or the greatest bigint if there are no more.
 */
Datum
sweep_next(PG_FUNCTION_ARGS)
{
	NachetArg args[3] = {
	    NACHET_PARAM(TIMESTAMPTZOID, PG_GETARG_DATUM(0)),
	    NACHET_PARAM(INT8OID, PG_GETARG_DATUM(1)),
	    NACHET_INTEGER(BATCH),
	};
	int64 swept[SWEPT_COLUMNS] = {[LAST_ID] = PG_INT64_MAX};
	uint64 rows;

	SPI_connect();
	rows = nachet_sql_run(
	    SPI_OK_SELECT,
	    "SELECT c.id FROM nachet.content c WHERE c.id > $2 AND c.stored_at < $1 AND " UNUSED
	    " ORDER BY c.id LIMIT $3",
	    3, args);
	if (rows > 0)
	{
		if (rows >= BATCH)
			swept[LAST_ID] = nachet_sql_bigint(rows - 1, 0);
		swept[CONTENTS] = nachet_sweep_purge(nachet_sql_column(rows, INT8OID).value, &swept[BYTES]);
	}
	SPI_finish();
	PG_RETURN_DATUM(nachet_sql_bigint_row(fcinfo, swept, SWEPT_COLUMNS));
}

/* Runs a slice, adds what it has deleted, and commits; false after the last one. */
static bool
sweep_slice(NachetArg before, int64 *swept)
{
	NachetArg args[2] = {before, NACHET_BIGINT(swept[LAST_ID])};

	(void) nachet_sql_run(
	    SPI_OK_SELECT, "SELECT contents, bytes, last_id FROM nachet.sweep_next($1, $2)", 2, args);
	for (int i = CONTENTS; i <= BYTES; i++)
		swept[i] += nachet_sql_bigint(0, i);
	swept[LAST_ID] = nachet_sql_bigint(0, LAST_ID);
	SPI_freetuptable(SPI_tuptable);
	SPI_commit();
	return swept[LAST_ID] < PG_INT64_MAX;
}

/*
 * sweep_all(older_than interval, INOUT contents bigint, INOUT bytes bigint): what sweep_contents
 * does, committed batch by batch, so that whoever stores the same bytes waits for one batch at
 * most. Errors: 25001 inside a transaction block, 22004 for NULL.
 *
 * It commits, so it can neither be SECURITY DEFINER nor have a search_path of its own: it only
 * calls the function that does the work, which has both.
 */
Datum
sweep_all(PG_FUNCTION_ARGS)
{
	int64 swept[SWEPT_COLUMNS] = {[LAST_ID] = PG_INT64_MIN};
	NachetArg before;

	nachet_sql_require_nonatomic(
	    fcinfo, "sweep_all",
	    "Inside a transaction block, use SELECT * FROM nachet.sweep_contents(older_than).");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
		        (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("older_than must not be null")));
	before = NACHET_PARAM(TIMESTAMPTZOID, moment_before(PG_GETARG_DATUM(0)));
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	while (sweep_slice(before, swept))
		CHECK_FOR_INTERRUPTS();
	SPI_finish();
	PG_RETURN_DATUM(nachet_sql_bigint_row(fcinfo, swept, BYTES + 1));
}
