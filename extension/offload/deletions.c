/*
 * extension/offload/deletions.c
 *		Objects that are to be deleted, once nothing can need them.
 *
 * What deletes a content queues its object in the same transaction: an abort deletes nothing, and
 * nothing is forgotten. An object goes only when no snapshot is left that sees its content, as
 * VACUUM would reckon: a reader who began before the deletion reads on. And it stays for
 * nachet.object_store_keep, for the sake of backups and standbys, which this server knows nothing
 * of. Deleting twice does no harm, since names are never used again; so a run that dies between the
 * store's answer and its commit is no matter.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/transam.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/procarray.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "errcodes.h"
#include "offload/deletions.h"
#include "offload/transfer.h"
#include "schema.h"
#include "settings.h"
#include "sql.h"

/* Objects that are fetched, deleted and recorded together. */
#define BATCH 200

typedef struct Batch
{
	char *urls[BATCH];
	int count;
	NachetTransfer transfers[BATCH];
	Datum gone[BATCH]; /* text */
	int gone_count;
	Datum failed[BATCH]; /* text, and why */
	Datum errors[BATCH];
	int failed_count;
} Batch;

/* What no transaction before this one can still see in nachet.content. */
static TransactionId
oldest_seen(void)
{
	Relation content = table_open(nachet_schema_relation("content"), AccessShareLock);
	TransactionId oldest = GetOldestNonRemovableTransactionId(content);

	table_close(content, AccessShareLock);
	return oldest;
}

/* Locks entries that a statement finds, and takes those whose deletion every transaction sees. */
static void
take_entries(Batch *batch, const char *sql, const NachetArg *args, TransactionId oldest)
{
	uint64 rows = nachet_sql_run(SPI_OK_SELECT, sql, 4, args);

	for (uint64 i = 0; i < rows && batch->count < BATCH; i++)
		if (TransactionIdPrecedes(DatumGetTransactionId(nachet_sql_value(i, 1, XIDOID)), oldest))
			batch->urls[batch->count++] = TextDatumGetCString(nachet_sql_value(i, 0, TEXTOID));
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Locks the next entries that are due; those that failed before come last. What queued them must be
 * on disk before an object goes: with synchronous_commit off, a crash would bring back a content
 * whose object is gone. It precedes the locks in the WAL.
 */
static void
fetch_batch(Batch *batch, const char *beginning, int64 limit)
{
	TransactionId oldest = oldest_seen();
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz queued_before = now - nachet_object_store_keep * USECS_PER_SEC;
	NachetArg args[4] = {
	    NACHET_TEXT(beginning), NACHET_PARAM(TIMESTAMPTZOID, TimestampTzGetDatum(queued_before)),
	    NACHET_PARAM(TIMESTAMPTZOID, TimestampTzGetDatum(now)), NACHET_BIGINT(Min(limit, BATCH))};

	batch->count = batch->gone_count = batch->failed_count = 0;
	take_entries(batch,
	             "SELECT d.object_url, d.xmin FROM nachet.object_deletion d"
	             " WHERE d.tries = 0 AND d.queued_at <= $2"
	             " AND starts_with(d.object_url, $1)"
	             " ORDER BY d.queued_at LIMIT $4 FOR UPDATE SKIP LOCKED",
	             args, oldest);
	args[3].value = Int64GetDatum(Min(limit, BATCH) - batch->count);
	take_entries(batch,
	             "SELECT d.object_url, d.xmin FROM nachet.object_deletion d"
	             " WHERE d.tries > 0 AND d.next_try <= $3 AND d.queued_at <= $2"
	             " AND starts_with(d.object_url, $1)"
	             " ORDER BY d.next_try LIMIT $4 FOR UPDATE SKIP LOCKED",
	             args, oldest);
	if (batch->count > 0)
		XLogFlush(XactLastRecEnd);
}

static void
begin_deletion(Batch *batch, int number, const NachetObjectStore *store, NachetTransfers *transfers)
{
	NachetTransfer *transfer = &batch->transfers[number];

	memset(transfer, 0, sizeof(NachetTransfer));
	transfer->store = store;
	transfer->operation = store->operations->delete;
	transfer->object.key = nachet_object_store_key(store, batch->urls[number]);
	transfer->object.length = -1;
	nachet_transfers_start(transfers, transfer);
}

static void
note_end(Batch *batch, NachetTransfer *done)
{
	char *url = batch->urls[done - batch->transfers];

	if (done->ok || done->gone)
		batch->gone[batch->gone_count++] = CStringGetTextDatum(url);
	else
	{
		batch->failed[batch->failed_count] = CStringGetTextDatum(url);
		batch->errors[batch->failed_count++] = CStringGetTextDatum(done->error);
	}
}

static void
delete_objects(Batch *batch, const NachetObjectStore *store)
{
	NachetTransfers transfers;
	NachetTransfer *done;
	int begun = 0;

	nachet_transfers_init(&transfers);
	do
	{
		while (begun < batch->count && transfers.count < nachet_object_store_connections)
			begin_deletion(batch, begun++, store, &transfers);
		done = nachet_transfers_wait(&transfers);
		if (done != NULL)
			note_end(batch, done);
	} while (done != NULL);
}

static void
record_batch(Batch *batch)
{
	NachetArg args[2];

	args[0] = nachet_sql_array(TEXTOID, batch->gone, NULL, batch->gone_count);
	if (batch->gone_count > 0)
		(void) nachet_sql_run(SPI_OK_DELETE,
		                      "DELETE FROM nachet.object_deletion WHERE object_url = ANY ($1)", 1,
		                      args);
	if (batch->failed_count == 0)
		return;
	ereport(WARNING,
	        (errcode(ERRCODE_NACHET_OBJECT_STORE),
	         errmsg_plural("%d object could not be deleted", "%d objects could not be deleted",
	                       batch->failed_count, batch->failed_count),
	         errdetail("\"%s\": %s.", TextDatumGetCString(batch->failed[0]),
	                   TextDatumGetCString(batch->errors[0]))));
	args[0] = nachet_sql_array(TEXTOID, batch->failed, NULL, batch->failed_count);
	args[1] = nachet_sql_array(TEXTOID, batch->errors, NULL, batch->failed_count);
	(void) nachet_sql_run(SPI_OK_UPDATE,
	                      "UPDATE nachet.object_deletion d SET tries = d.tries + 1,"
	                      " last_error = f.error, next_try = clock_timestamp()"
	                      "  + interval '1 minute' * (1 << least(d.tries, 6))"
	                      " FROM unnest($1, $2) AS f (url, error) WHERE d.object_url = f.url",
	                      2, args);
}

int64
nachet_deletions_work_off(const NachetObjectStore *store, const char *prefix, int64 max_count)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet object queue", ALLOCSET_DEFAULT_SIZES);
	char *beginning = psprintf("%s/%s/", store->location, prefix);
	int64 deleted = 0;
	bool more;

	do
	{
		MemoryContext caller = MemoryContextSwitchTo(context);
		Batch *batch = palloc(sizeof(Batch));

		CHECK_FOR_INTERRUPTS();
		fetch_batch(batch, beginning, max_count - deleted);
		delete_objects(batch, store);
		record_batch(batch);
		deleted += batch->gone_count;
		more = batch->gone_count > 0 && deleted < max_count;
		MemoryContextSwitchTo(caller);
		MemoryContextReset(context);
	} while (more);
	MemoryContextDelete(context);
	return deleted;
}
