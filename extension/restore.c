/*
 * extension/restore.c
 *		Contents come back from the object store into the database.
 *
 * The chunks are written as they come and the content counts as restored only once all have come and have
 * its SHA-256; else they are deleted again in the same transaction. The object is then queued for deletion,
 * and the content gets a new number for its next object's name: the old name is never used again, so
 * that its deletion, however late it reaches the store, can't hit what is moved there next.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "chunk_writer.h"
#include "errcodes.h"
#include "object_read.h"
#include "query.h"
#include "schema.h"

PG_FUNCTION_INFO_V1(restore_contents);

/* Contents that are fetched and locked together. */
#define FETCH 64

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

/* --- writing chunks ------------------------------------------------------------------------------------ */

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
	NachetArg arg = NACHET_PARAM(INT8OID, Int64GetDatum(content_id));

	(void) nachet_query(SPI_OK_DELETE, "DELETE FROM nachet.content_chunk WHERE content_id = $1", 1,
	                    &arg);
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

/* --- contents ------------------------------------------------------------------------------------------ */

/* Records that a content's bytes are here, and lets go of its object if that is this database's. */
static void
record(const NachetMoved *content)
{
	NachetArg args[2] = {NACHET_PARAM(INT8OID, Int64GetDatum(content->id)),
	                     NACHET_PARAM(TEXTOID, CStringGetTextDatum(content->url))};

	(void) nachet_query(SPI_OK_UPDATE,
	                    "UPDATE nachet.content SET object_url = NULL, object_etag = NULL,"
	                    " object_id = nextval('nachet.content_id_seq') WHERE id = $1",
	                    1, args);
	(void) nachet_query(SPI_OK_INSERT,
	                    "INSERT INTO nachet.object_deletion (object_url)"
	                    " SELECT $2 FROM nachet.object_store s"
	                    " WHERE $1 > 0 AND strpos($2, '/' || s.prefix || '/') > 0"
	                    " ON CONFLICT DO NOTHING",
	                    2, args);
}

/* Brings one content back; false, with a warning, where its object is not what was stored. */
static bool
restore(const NachetMoved *content, int32 chunk_size)
{
	Restoring restoring = {.content_id = content->id, .chunk_size = chunk_size};
	char *wrong;

	restoring.chunk = palloc(chunk_size);
	restoring.writer = nachet_chunk_writer_open();
	wrong = nachet_object_stream(content, restart, take, &restoring);
	if (wrong == NULL && restoring.length > 0)
		write_chunk(&restoring);
	nachet_chunk_writer_close(restoring.writer);
	if (wrong == NULL)
	{
		record(content);
		return true;
	}
	delete_chunks(content->id);
	ereport(WARNING, (errcode(ERRCODE_DATA_CORRUPTED),
	                  errmsg("content " INT64_FORMAT " could not be restored", content->id),
	                  errdetail("\"%s\": %s.", content->url, wrong)));
	return false;
}

/* The moved content of a row of SPI's result. */
static int32
read_row(uint64 row, NachetMoved *content)
{
	bool isnull;

	content->id = DatumGetInt64(nachet_query_value(row, 0, &isnull));
	content->byte_size = DatumGetInt64(nachet_query_value(row, 1, &isnull));
	content->url = TextDatumGetCString(nachet_query_value(row, 3, &isnull));
	memcpy(content->sha256, VARDATA_ANY(DatumGetByteaPP(nachet_query_value(row, 4, &isnull))),
	       NACHET_SHA256_BYTES);
	content->etag = NULL;
	return DatumGetInt32(nachet_query_value(row, 2, &isnull));
}

/* Locks the next contents whose bytes have moved. */
static uint64
fetch(int64 after, NachetArg picture_set)
{
	NachetArg args[3] = {NACHET_PARAM(INT8OID, Int64GetDatum(after)), picture_set,
	                     NACHET_PARAM(INT4OID, Int32GetDatum(FETCH))};

	return nachet_query(SPI_OK_SELECT,
	                    "SELECT c.id, c.byte_size, c.chunk_size, c.object_url, c.sha256"
	                    " FROM nachet.content c WHERE c.object_url IS NOT NULL AND c.id > $1"
	                    " AND ($2 IS NULL OR c.id IN (SELECT p.content_id FROM nachet.picture p"
	                    "  WHERE p.picture_set_id = $2))"
	                    " ORDER BY c.id LIMIT $3 FOR NO KEY UPDATE OF c SKIP LOCKED",
	                    3, args);
}

/* Counts of a run: contents, bytes, failed. */
typedef int64 Counts[3];

static void
restore_some(int64 max_count, int64 max_bytes, NachetArg picture_set, Counts counts)
{
	MemoryContext context =
	    AllocSetContextCreate(CurrentMemoryContext, "nachet restore", ALLOCSET_DEFAULT_SIZES);
	int64 last_id = 0;
	uint64 rows;

	while (counts[0] < max_count && counts[1] < max_bytes &&
	       (rows = fetch(last_id, picture_set)) > 0)
	{
		SPITupleTable *table = SPI_tuptable;

		for (uint64 i = 0; i < rows && counts[0] < max_count && counts[1] < max_bytes; i++)
		{
			MemoryContext caller = MemoryContextSwitchTo(context);
			NachetMoved content;
			int32 chunk_size;

			CHECK_FOR_INTERRUPTS();
			SPI_tuptable = table;
			chunk_size = read_row(i, &content);
			last_id = content.id;
			if (restore(&content, chunk_size))
			{
				counts[0]++;
				counts[1] += content.byte_size;
			}
			else
				counts[2]++;
			MemoryContextSwitchTo(caller);
			MemoryContextReset(context);
		}
		SPI_freetuptable(table);
	}
	MemoryContextDelete(context);
}

/*
 * restore_contents(max_count bigint, max_bytes bigint, picture_set_id uuid, OUT contents, OUT bytes,
 * OUT failed): brings contents back, all or those of one set. Errors: 22023 for a limit below 1, 55000, F0000,
 * NC008 where the store doesn't answer.
 */
Datum
restore_contents(PG_FUNCTION_ARGS)
{
	NachetArg picture_set = NACHET_PARAM_IF(UUIDOID, PG_GETARG_DATUM(2), !PG_ARGISNULL(2));
	Counts counts = {0, 0, 0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_GETARG_INT64(0) < 1 || PG_GETARG_INT64(1) < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		                errmsg("max_count and max_bytes must be at least 1")));
	SPI_connect();
	restore_some(PG_GETARG_INT64(0), PG_GETARG_INT64(1), picture_set, counts);
	SPI_finish();
	PG_RETURN_DATUM(nachet_bigint_row(fcinfo, counts, 3));
}
