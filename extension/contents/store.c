/*
 * extension/contents/store.c
 *		Pictures that are in memory become contents.
 *
 * Bytes that are stored already are held, and sealing holds those that others store meanwhile: no
 * sweep makes this fail.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"

#include "compat.h"
#include "contents/chunk_stream.h"
#include "contents/chunk_writer.h"
#include "contents/content.h"
#include "contents/store.h"
#include "hash.h"

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

/* The SHA-256 of a byte string, as a bytea. */
static Datum
hash_picture(bytea *picture)
{
	uint8 sha256[NACHET_SHA256_BYTES];

	nachet_hash_bytes(PG_SHA256, VARDATA_ANY(picture), VARSIZE_ANY_EXHDR(picture), sha256,
	                  NACHET_SHA256_BYTES);
	return nachet_content_sha256(sha256);
}

/* A picture and its SHA-256, which comes first, so that nachet_content_compare_sha256 serves. */
typedef struct Hashed
{
	Datum sha256;
	Datum picture;
} Hashed;

/* Stores the first picture of each missing SHA-256; both lists ascend. */
static void
store_missing(const Hashed *sorted, int count, const Datum *missing, int found)
{
	NachetChunkWriter *writer = nachet_chunk_writer_open();
	NachetChunkStream *stream = nachet_chunk_stream_create(CurrentMemoryContext);

	for (int i = 0, m = 0; i < count && m < found; i++)
		if (nachet_content_compare_sha256(&sorted[i].sha256, &missing[m]) == 0)
		{
			write_picture(writer, stream, (bytea *) DatumGetPointer(sorted[i].picture));
			m++;
		}
	nachet_chunk_writer_close(writer);
	nachet_chunk_stream_seal(stream);
	nachet_chunk_stream_free(stream);
}

void
nachet_contents_store(Datum *pictures, int count, Datum *sha256s)
{
	Datum *missing = palloc(count * sizeof(Datum));
	Hashed *sorted = palloc(count * sizeof(Hashed));
	int found;

	for (int i = 0; i < count; i++)
	{
		sha256s[i] = hash_picture((bytea *) DatumGetPointer(pictures[i]));
		sorted[i] = (Hashed){sha256s[i], pictures[i]};
	}
	qsort(sorted, count, sizeof(Hashed), nachet_content_compare_sha256);
	found = nachet_content_hold(sha256s, count, missing);
	if (found > 0)
		store_missing(sorted, count, missing, found);
}
