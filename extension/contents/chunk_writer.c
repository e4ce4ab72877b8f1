/*
 * extension/contents/chunk_writer.c
 *		Rows into content_chunk, from memory.
 *
 * They go in by INSERT, many a statement, so that whatever an administrator has put on the table
 * holds for them as it does for a COPY: further columns, indexes of any kind, constraints,
 * triggers. The table's own trigger lets rows with a content_id pass as they are.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/rel.h"

#include "contents/chunk_writer.h"
#include "contents/content.h"
#include "guards/table_shape.h"
#include "schema.h"
#include "sql.h"

/* Chunks that are written together. */
#define BATCH 32

/* What one of them takes in an array, at most. */
#define ROOM INTALIGN(VARHDRSZ + NACHET_CHUNK_SIZE)

struct NachetChunkWriter
{
	SPIPlanPtr plan;
	int count;
	Datum content_id[BATCH];
	Datum chunk_no[BATCH];
	ArrayType *data; /* bytea[], filled in place: chunks are copied once */
	Size used;       /* bytes of it */
};

/* Empties the batch. */
static void
begin_batch(NachetChunkWriter *writer)
{
	writer->count = 0;
	writer->used = ARR_OVERHEAD_NONULLS(1);
}

NachetChunkWriter *
nachet_chunk_writer_open(void)
{
	Oid types[3] = {INT8ARRAYOID, INT4ARRAYOID, BYTEAARRAYOID};
	NachetChunkWriter *writer = palloc(sizeof(NachetChunkWriter));
	Relation table = table_open(nachet_schema_relation("content_chunk"), RowExclusiveLock);

	nachet_table_shape_check_chunks(table);
	table_close(table, NoLock);
	writer->data = palloc(ARR_OVERHEAD_NONULLS(1) + BATCH * ROOM);
	writer->data->ndim = 1;
	writer->data->dataoffset = 0;
	writer->data->elemtype = BYTEAOID;
	ARR_LBOUND(writer->data)[0] = 1;
	begin_batch(writer);
	writer->plan =
	    nachet_sql_prepare("INSERT INTO nachet.content_chunk (content_id, chunk_no, data)"
	                       " SELECT unnest($1), unnest($2), unnest($3)",
	                       3, types);
	return writer;
}

void
nachet_chunk_writer_add(NachetChunkWriter *writer, int64 content_id, int32 chunk_no,
                        const void *data, int32 length)
{
	char *chunk;

	if (length > NACHET_CHUNK_SIZE)
		ereport(ERROR,
		        (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		         errmsg("chunk of %d bytes does not fit into one page", length),
		         errdetail("This server stores chunks of up to %d bytes.", NACHET_CHUNK_SIZE)));
	if (writer->count >= BATCH)
		nachet_chunk_writer_flush(writer);
	chunk = (char *) writer->data + writer->used;
	SET_VARSIZE(chunk, VARHDRSZ + length);
	memcpy(VARDATA(chunk), data, length);
	writer->used += INTALIGN(VARHDRSZ + length);
	writer->content_id[writer->count] = Int64GetDatum(content_id);
	writer->chunk_no[writer->count] = Int32GetDatum(chunk_no);
	writer->count++;
}

void
nachet_chunk_writer_flush(NachetChunkWriter *writer)
{
	Datum values[3];

	if (writer->count == 0)
		return;
	SET_VARSIZE(writer->data, writer->used);
	ARR_DIMS(writer->data)[0] = writer->count;
	values[0] = nachet_sql_array(INT8OID, writer->content_id, NULL, writer->count).value;
	values[1] = nachet_sql_array(INT4OID, writer->chunk_no, NULL, writer->count).value;
	values[2] = PointerGetDatum(writer->data);
	nachet_sql_check_written("content_chunk",
	                         nachet_sql_run_prepared(SPI_OK_INSERT, writer->plan, values),
	                         (uint64) writer->count);
	pfree(DatumGetPointer(values[0]));
	pfree(DatumGetPointer(values[1]));
	begin_batch(writer);
}

void
nachet_chunk_writer_close(NachetChunkWriter *writer)
{
	nachet_chunk_writer_flush(writer);
	SPI_freeplan(writer->plan);
	pfree(writer->data);
	pfree(writer);
}
