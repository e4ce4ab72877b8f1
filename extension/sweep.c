/*
 * extension/sweep.c
 *		Contents that no picture refers to, and how they go.
 *
 * An import holds its contents FOR KEY SHARE until its pictures stand. So a content is deleted in two
 * statements: the first locks the candidates FOR UPDATE and skips those that somebody holds; the second,
 * which in any isolation sees all that was committed before the locks were had, looks again whether no
 * picture refers to them. A content that an import holds is left for the next sweep; an import that comes
 * later finds the content gone and says so (NC004).
 *
 * Its object is queued for deletion in the same transaction, also where none is recorded: an offload that
 * was broken off may have written one. Objects under another database's prefix are that one's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "content.h"
#include "query.h"

PG_FUNCTION_INFO_V1(sweep_contents);

/* Candidates that are fetched, locked and looked at together. */
#define BATCH 1000

int64
nachet_contents_purge(ArrayType *ids, int64 *bytes)
{
	NachetArg arg = NACHET_PARAM(INT8ARRAYOID, PointerGetDatum(ids));
	int64 count;
	bool isnull;

	(void) nachet_query(SPI_OK_SELECT,
	                    "SELECT coalesce(array_agg(l.id), '{}') FROM"
	                    " (SELECT c.id FROM nachet.content c WHERE c.id = ANY ($1)"
	                    "  ORDER BY c.id FOR UPDATE SKIP LOCKED) AS l",
	                    1, &arg);
	arg.value = nachet_query_value(0, 0, &isnull);
	(void) nachet_query_latest(
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
	arg.value = nachet_query_value(0, 0, &isnull);
	count = DatumGetInt64(nachet_query_value(0, 1, &isnull));
	*bytes += DatumGetInt64(nachet_query_value(0, 2, &isnull));
	if (count > 0)
		(void) nachet_query(
		    SPI_OK_DELETE, "DELETE FROM nachet.content_chunk WHERE content_id = ANY ($1)", 1, &arg);
	return count;
}

/* The first column of SPI's current result, as an array. */
static ArrayType *
fetched_ids(uint64 rows)
{
	Datum *ids = palloc(rows * sizeof(Datum));
	ArrayType *array;
	bool isnull;

	for (uint64 i = 0; i < rows; i++)
		ids[i] = nachet_query_value(i, 0, &isnull);
	array =
	    construct_array(ids, (int) rows, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
	pfree(ids);
	return array;
}

/* Purges what is unreferenced and was stored before a moment, batch by batch. */
static int64
sweep(Datum before, int64 *bytes)
{
	NachetArg arg = NACHET_PARAM(TIMESTAMPTZOID, before);
	int64 count = 0;
	Portal candidates =
	    nachet_query_cursor("SELECT c.id FROM nachet.content c WHERE c.stored_at < $1 AND NOT"
	                        " EXISTS (SELECT FROM nachet.picture p WHERE p.content_id = c.id)",
	                        1, &arg);

	for (;;)
	{
		ArrayType *ids;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(candidates, true, BATCH);
		if (SPI_processed == 0)
			break;
		ids = fetched_ids(SPI_processed);
		SPI_freetuptable(SPI_tuptable);
		count += nachet_contents_purge(ids, bytes);
		pfree(ids);
	}
	SPI_cursor_close(candidates);
	return count;
}

/*
 * sweep_contents(older_than interval, OUT contents bigint, OUT bytes bigint): removes the contents that
 * no picture refers to and that were stored longer ago than that; answers how many and how large.
 */
Datum
sweep_contents(PG_FUNCTION_ARGS)
{
	Datum before = DirectFunctionCall2(timestamptz_mi_interval,
	                                   TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
	                                   PG_GETARG_DATUM(0));
	int64 done[2] = {0, 0};

	SPI_connect();
	done[0] = sweep(before, &done[1]);
	SPI_finish();
	PG_RETURN_DATUM(nachet_bigint_row(fcinfo, done, 2));
}
