/*
 * extension/offload/offload.c
 *		Contents move to the object store: chosen, sent side by side, recorded.
 *
 * A content is at every moment readable in one place. Its row is locked FOR NO KEY UPDATE (uploads
 * of sets go on, a sweep passes it by), its bytes are sent under a name that is its alone, and only
 * once the store has said that they are there does this transaction, as one, record where they are
 * and delete the chunks. A crash or an error before the commit leaves the content as it was; the
 * object that may then lie in the store is written again by the next run, under the same name with
 * the same bytes, or deleted when the content is. Locks are taken with SKIP LOCKED alone: several
 * may run, and none waits for another.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "errcodes.h"
#include "offload/deletions.h"
#include "offload/identity.h"
#include "offload/offload.h"
#include "offload/upload.h"
#include "settings.h"
#include "sql.h"

PG_FUNCTION_INFO_V1(offload_contents);

/* Candidates that are fetched and locked together. */
#define FETCH 64

/* How much is recorded together. */
#define RECORD_COUNT 100
#define RECORD_BYTES (INT64CONST(16) * 1024 * 1024)

/* Failed contents that are named in warnings. */
#define MAX_WARNINGS 5

typedef struct Offload
{
	NachetObjectStore *store;
	char *prefix;
	NachetTransfers transfers;
	NachetObjectUpload **uploads; /* one more than connections */
	int idle;                     /* how many of them, in front, are idle */
	int connections;

	NachetContent candidates[FETCH];
	MemoryContext fetch_context; /* of their strings */
	int next;                    /* of the candidates */
	int fetched;
	int64 last_id;
	bool no_more;

	Datum ids[RECORD_COUNT]; /* sent, and not recorded yet */
	Datum urls[RECORD_COUNT];
	Datum etags[RECORD_COUNT];
	bool no_etag[RECORD_COUNT];
	int sent;
	int64 sent_bytes;
	MemoryContext record_context;

	int64 begun; /* against the limits */
	int64 begun_bytes;
	int in_a_row; /* failures since something last succeeded */
	char *first_error;
	NachetOffloaded result;
} Offload;

/* --- choosing --------------------------------------------------------------------------------- */

/*
 * Locks the next contents that pictures refer to and whose bytes are here. OFFSET keeps the planner
 * from a join, which would read the pictures of all contents that have moved already.
 */
static void
fetch_candidates(Offload *offload)
{
	NachetArg args[2] = {NACHET_BIGINT(offload->last_id), NACHET_INTEGER(FETCH)};
	MemoryContext caller;

	offload->next = 0;
	offload->fetched =
	    (int) nachet_sql_run(SPI_OK_SELECT,
	                         "SELECT " NACHET_CONTENT_ROW " FROM nachet.content c"
	                         " WHERE c.object_url IS NULL AND c.id > $1 AND c.format IS NOT NULL"
	                         " AND EXISTS (SELECT FROM nachet.picture p WHERE p.content_id = c.id"
	                         "  OFFSET 0)"
	                         " ORDER BY c.id LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED",
	                         2, args);
	MemoryContextReset(offload->fetch_context);
	caller = MemoryContextSwitchTo(offload->fetch_context);
	for (int i = 0; i < offload->fetched; i++)
		nachet_content_of_result(SPI_tuptable, i, &offload->candidates[i]);
	MemoryContextSwitchTo(caller);
	if (offload->fetched > 0)
		offload->last_id = offload->candidates[offload->fetched - 1].id;
	SPI_freetuptable(SPI_tuptable);
}

/* The next content to send; NULL if there is none, or enough is under way or has failed. */
static const NachetContent *
next_candidate(Offload *offload, int64 max_count, int64 max_bytes)
{
	if (offload->no_more || offload->begun >= max_count || offload->begun_bytes >= max_bytes ||
	    offload->in_a_row >= offload->connections)
		return NULL;
	if (offload->next >= offload->fetched)
		fetch_candidates(offload);
	offload->no_more = offload->next >= offload->fetched;
	return offload->no_more ? NULL : &offload->candidates[offload->next++];
}

/* --- recording -------------------------------------------------------------------------------- */

/* Writes down where the contents are that were sent, and deletes their chunks. */
static void
record(Offload *offload)
{
	int count = offload->sent;
	NachetArg args[3];

	if (count == 0)
		return;
	args[0] = nachet_sql_array(INT8OID, offload->ids, NULL, count);
	args[1] = nachet_sql_array(TEXTOID, offload->urls, NULL, count);
	args[2] = nachet_sql_array(TEXTOID, offload->etags, offload->no_etag, count);
	nachet_sql_check_written(
	    "content",
	    nachet_sql_run(SPI_OK_UPDATE,
	                   "UPDATE nachet.content c SET object_url = s.url, object_etag = s.etag"
	                   " FROM unnest($1, $2, $3) AS s (id, url, etag) WHERE c.id = s.id",
	                   3, args),
	    (uint64) count);
	(void) nachet_sql_run(SPI_OK_DELETE,
	                      "DELETE FROM nachet.content_chunk WHERE content_id = ANY ($1)", 1, args);
	for (int i = 0; i < 3; i++)
		pfree(DatumGetPointer(args[i].value));
	MemoryContextReset(offload->record_context);
	offload->sent = 0;
	offload->sent_bytes = 0;
}

static void
note_success(Offload *offload, const NachetObjectUpload *upload)
{
	MemoryContext caller = MemoryContextSwitchTo(offload->record_context);
	int i = offload->sent++;

	offload->ids[i] = Int64GetDatum(upload->content.id);
	offload->urls[i] = CStringGetTextDatum(nachet_object_store_url(offload->store, upload->key));
	offload->no_etag[i] = upload->etag == NULL;
	offload->etags[i] = upload->etag == NULL ? (Datum) 0 : CStringGetTextDatum(upload->etag);
	MemoryContextSwitchTo(caller);
	offload->sent_bytes += upload->content.byte_size;
	offload->result.contents++;
	offload->result.bytes += upload->content.byte_size;
	offload->in_a_row = 0;
	if (offload->sent >= RECORD_COUNT || offload->sent_bytes >= RECORD_BYTES)
		record(offload);
}

static void
note_failure(Offload *offload, const NachetObjectUpload *upload)
{
	if (offload->first_error == NULL)
		offload->first_error = pstrdup(upload->error);
	if (offload->result.failed++ < MAX_WARNINGS)
		ereport(WARNING, (errcode(ERRCODE_NACHET_OBJECT_STORE),
		                  errmsg("content " INT64_FORMAT " could not be moved to \"%s\"",
		                         upload->content.id, offload->store->location),
		                  errdetail("%s.", upload->error)));
}

/* --- side by side ----------------------------------------------------------------------------- */

static void
note_end(Offload *offload, NachetObjectUpload *upload)
{
	offload->uploads[offload->idle++] = upload;
	if (upload->error == NULL)
		note_success(offload, upload);
	else
	{
		note_failure(offload, upload);
		offload->in_a_row++;
	}
}

/* Reads and checks the next content that is whole; NULL if none is to be sent. */
static NachetObjectUpload *
prepare_next(Offload *offload, int64 max_count, int64 max_bytes)
{
	const NachetContent *content;

	while ((content = next_candidate(offload, max_count, max_bytes)) != NULL)
	{
		NachetObjectUpload *upload = offload->uploads[offload->idle - 1];

		CHECK_FOR_INTERRUPTS();
		offload->begun++;
		offload->begun_bytes += content->byte_size;
		if (nachet_object_upload_prepare(upload, content, offload->prefix))
		{
			offload->idle--;
			return upload;
		}
		/* Its chunks are damaged, which says nothing of the store. */
		note_failure(offload, upload);
	}
	return NULL;
}

/* While all connections are busy the next content is made ready, so that none waits for it. */
static void
move_contents(Offload *offload, int64 max_count, int64 max_bytes)
{
	NachetObjectUpload *ready = NULL;
	NachetTransfer *done;

	do
	{
		if (ready == NULL)
			ready = prepare_next(offload, max_count, max_bytes);
		while (ready != NULL && offload->transfers.count < offload->connections)
		{
			nachet_object_upload_start(ready, &offload->transfers);
			ready = prepare_next(offload, max_count, max_bytes);
		}
		done = nachet_transfers_wait(&offload->transfers);
		if (done != NULL && nachet_object_upload_advance(done->argument, &offload->transfers))
			note_end(offload, done->argument);
	} while (done != NULL);
	record(offload);
}

static Offload *
begin(void)
{
	Offload *offload = palloc0(sizeof(Offload));

	offload->store = nachet_object_store_open();
	nachet_transfers_init(&offload->transfers);
	offload->prefix = nachet_identity_claim(offload->store);
	offload->connections = nachet_object_store_connections;
	offload->uploads = palloc((offload->connections + 1) * sizeof(NachetObjectUpload *));
	for (; offload->idle <= offload->connections; offload->idle++)
		offload->uploads[offload->idle] = nachet_object_upload_create(offload->store);
	offload->fetch_context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet candidates", ALLOCSET_SMALL_SIZES);
	offload->record_context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet offload", ALLOCSET_DEFAULT_SIZES);
	return offload;
}

NachetOffloaded
nachet_offload(int64 max_count, int64 max_bytes)
{
	Offload *offload = begin();

	move_contents(offload, max_count, max_bytes);
	offload->result.deleted = nachet_deletions_work_off(offload->store, offload->prefix, max_count);
	if (offload->result.failed > 0 && offload->result.contents == 0 && offload->result.deleted == 0)
		ereport(ERROR, (errcode(ERRCODE_NACHET_OBJECT_STORE),
		                errmsg("nothing could be moved to \"%s\"", offload->store->location),
		                errdetail("%s.", offload->first_error)));
	return offload->result;
}

/*
 * offload_contents(max_count bigint, max_bytes bigint, OUT contents, OUT bytes, OUT failed, OUT
 * deleted): moves contents to the object store and works off the queue of deletions. Errors: 22023
 * for a limit below 1, 55000 if no store is set or its prefix is another database's, F0000,
 * NC008.
 */
Datum
offload_contents(PG_FUNCTION_ARGS)
{
	int64 max_count = PG_GETARG_INT64(0);
	int64 max_bytes = PG_GETARG_INT64(1);
	NachetOffloaded done;
	int64 values[4];

	if (max_count < 1 || max_bytes < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("max_count and max_bytes must be at least 1")));
	SPI_connect();
	done = nachet_offload(max_count, max_bytes);
	SPI_finish();
	values[0] = done.contents;
	values[1] = done.bytes;
	values[2] = done.failed;
	values[3] = done.deleted;
	PG_RETURN_DATUM(nachet_sql_bigint_row(fcinfo, values, 4));
}
