/*
 * extension/contents/chunk_reader.c
 *		Bytes out of content_chunk, by index scan, at any offset.
 *
 * One index scan serves all reads: it runs forward while offsets ascend chunk by chunk and is
 * restarted when they jump. The current chunk stays pinned in its slot, so that many small reads
 * of one page cost one fetch. What is found is checked against what the content row says: a missing
 * or misshapen chunk is corruption and never a short answer.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/tableam.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"

#include "contents/chunk_reader.h"
#include "contents/index_scan.h"
#include "schema.h"

struct NachetChunkReader
{
	NachetIndexScan chunks;
	int64 content_id;
	int64 byte_size;
	int32 chunk_size;
	int32 chunk_no;   /* of the chunk in the slot; -1 if there is none */
	const char *data; /* its bytes, in the pinned page */
	int32 length;
};

NachetChunkReader *
nachet_chunk_reader_open(Snapshot snapshot)
{
	NachetChunkReader *reader = palloc0(sizeof(NachetChunkReader));

	nachet_index_scan_open(&reader->chunks, "content_chunk", "content_chunk_pkey", 2, snapshot);
	reader->chunk_no = -1;
	return reader;
}

void
nachet_chunk_reader_close(NachetChunkReader *reader)
{
	nachet_index_scan_close(&reader->chunks);
	pfree(reader);
}

void
nachet_chunk_reader_select(NachetChunkReader *reader, const NachetContent *content)
{
	reader->content_id = content->id;
	reader->byte_size = content->byte_size;
	reader->chunk_size = content->chunk_size;
	reader->chunk_no = -1;
}

/* Starts the scan anew at a chunk of the selected content. */
static void
seek(NachetChunkReader *reader, int32 chunk_no)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(reader->content_id));
	ScanKeyInit(&keys[1], 2, BTGreaterEqualStrategyNumber, F_INT4GE, Int32GetDatum(chunk_no));
	nachet_index_scan_seek(&reader->chunks, keys, 2);
}

/* Brings a chunk into the slot. */
static void
fetch(NachetChunkReader *reader, int32 chunk_no)
{
	int32 expected = (int32) Min((int64) reader->chunk_size,
	                             reader->byte_size - (int64) chunk_no * reader->chunk_size);
	bool isnull;

	if (reader->chunk_no < 0 || chunk_no != reader->chunk_no + 1)
		seek(reader, chunk_no);
	reader->chunk_no = -1;
	if (nachet_index_scan_next(&reader->chunks) &&
	    DatumGetInt32(nachet_index_scan_column(&reader->chunks, NACHET_CHUNK_NO, &isnull)) ==
	        chunk_no)
	{
		bytea *data =
		    DatumGetByteaPP(nachet_index_scan_column(&reader->chunks, NACHET_CHUNK_DATA, &isnull));

		reader->data = VARDATA_ANY(data);
		reader->length = VARSIZE_ANY_EXHDR(data);
		if (reader->length == expected)
		{
			reader->chunk_no = chunk_no;
			return;
		}
		ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
		                errmsg("chunk %d of content " INT64_FORMAT " has %d bytes instead of %d",
		                       chunk_no, reader->content_id, reader->length, expected)));
	}
	ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED),
	                errmsg("chunk %d of content " INT64_FORMAT " is missing", chunk_no,
	                       reader->content_id)));
}

void
nachet_chunk_reader_read(NachetChunkReader *reader, int64 offset, void *buffer, size_t length)
{
	char *target = buffer;

	while (length > 0)
	{
		int32 chunk_no = (int32) (offset / reader->chunk_size);
		int32 skip = (int32) (offset % reader->chunk_size);
		size_t piece;

		CHECK_FOR_INTERRUPTS();
		if (chunk_no != reader->chunk_no)
			fetch(reader, chunk_no);
		piece = Min(length, (size_t) (reader->length - skip));
		memcpy(target, reader->data + skip, piece);
		target += piece;
		offset += piece;
		length -= piece;
	}
}

static bool
read_for_picture(void *context, uint64_t offset, void *buffer, size_t length)
{
	nachet_chunk_reader_read(context, (int64) offset, buffer, length);
	return true;
}

NachetPictureStatus
nachet_chunk_reader_picture(NachetChunkReader *reader, bool png_crcs_right, NachetPicture *picture)
{
	NachetSource source = {read_for_picture, reader, (uint64_t) reader->byte_size, png_crcs_right};

	return nachet_picture_header_read(&source, picture);
}
