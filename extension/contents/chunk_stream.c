/*
 * extension/contents/chunk_stream.c
 *		Chunks as they come in: checked, numbered, hashed, and sealed into contents.
 *
 * What makes it correct: the stream alone hands out content ids, from a sequence, so that no two
 * streams write to one content; what is hashed is what is stored, row by row; and the content rows
 * are written once, complete, in the order of their hashes, so that two sealings of the same bytes
 * wait for each other in one order and never in a circle. Only what a sweep takes in the middle of
 * a sealing is written out of that order; should a circle come of it, PostgreSQL ends one of the
 * two (40P01).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "contents/chunk_reader.h"
#include "contents/chunk_stream.h"
#include "errcodes.h"
#include "hash.h"
#include "pure/png_crcs.h"
#include "schema.h"
#include "sql.h"

/* How often contents are written that a sweep takes meanwhile. */
#define ATTEMPTS 10

/* A content whose last chunk has been taken. */
typedef struct Sealed
{
	int64 content_id;
	int64 byte_size;
	uint8 sha256[NACHET_SHA256_BYTES];
	bool png_crcs_right;
} Sealed;

struct NachetChunkStream
{
	MemoryContext context;
	pg_cryptohash_ctx *hash;
	NachetPngCrcs png_crcs;
	Oid sequence;
	int64 content_id;    /* of the content under way; 0 if there is none */
	int64 byte_size;     /* of what has come of it */
	int64 next_chunk_no; /* beyond what chunk_no can be, after the last that a content may have */
	bool last_was_full;
	Sealed *sealed;
	int count;
	int room;
};

NachetChunkStream *
nachet_chunk_stream_create(MemoryContext context)
{
	MemoryContext own =
	    AllocSetContextCreate(context, "nachet chunk stream", ALLOCSET_DEFAULT_SIZES);
	NachetChunkStream *stream = MemoryContextAllocZero(own, sizeof(NachetChunkStream));
	MemoryContext caller = MemoryContextSwitchTo(own);

	stream->context = own;
	stream->sequence = nachet_schema_relation("content_id_seq");
	stream->hash = pg_cryptohash_create(PG_SHA256);
	stream->room = 64;
	stream->sealed = palloc(stream->room * sizeof(Sealed));
	MemoryContextSwitchTo(caller);
	return stream;
}

void
nachet_chunk_stream_free(NachetChunkStream *stream)
{
	pg_cryptohash_free(stream->hash);
	MemoryContextDelete(stream->context);
}

/* Ends the content under way, if there is one. */
static void
finish_content(NachetChunkStream *stream)
{
	Sealed *sealed;

	if (stream->content_id == 0)
		return;
	if (stream->count >= stream->room)
	{
		stream->room *= 2;
		stream->sealed = repalloc_huge(stream->sealed, stream->room * sizeof(Sealed));
	}
	sealed = &stream->sealed[stream->count++];
	sealed->content_id = stream->content_id;
	sealed->byte_size = stream->byte_size;
	nachet_hash_end(stream->hash, sealed->sha256, NACHET_SHA256_BYTES);
	sealed->png_crcs_right = nachet_png_crcs_right(&stream->png_crcs);
	stream->content_id = 0;
}

static void
begin_content(NachetChunkStream *stream)
{
	finish_content(stream);
	nachet_hash_begin(stream->hash);
	nachet_png_crcs_init(&stream->png_crcs);
	stream->content_id = nextval_internal(stream->sequence, false);
	stream->byte_size = 0;
	stream->next_chunk_no = 0;
}

static void
check_chunk(NachetChunkStream *stream, int32 chunk_no, int32 length)
{
	if (chunk_no != 0 && (stream->content_id == 0 || chunk_no != stream->next_chunk_no))
		ereport(
		    ERROR,
		    (errcode(ERRCODE_NACHET_BAD_CHUNK), errmsg("chunk %d is out of order", chunk_no),
		     stream->content_id == 0
		         ? errdetail("The first chunk of a statement must have number 0.")
		         : errdetail("Expected chunk " INT64_FORMAT
		                     " of the same content, or chunk 0 of the next.",
		                     stream->next_chunk_no),
		     errhint("Send each content's chunks in order from 0, whole within one statement.")));
	if (chunk_no != 0 && !stream->last_was_full)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_NACHET_BAD_CHUNK),
		     errmsg("chunk %d follows a chunk that is not full", chunk_no),
		     errhint("Every chunk but a content's last must hold nachet.chunk_size() = %d bytes.",
		             NACHET_CHUNK_SIZE)));
	if (length < 1 || length > NACHET_CHUNK_SIZE)
		ereport(
		    ERROR,
		    (errcode(ERRCODE_NACHET_BAD_CHUNK), errmsg("chunk %d has %d bytes", chunk_no, length),
		     errhint("A chunk must hold 1 to nachet.chunk_size() = %d bytes.", NACHET_CHUNK_SIZE)));
}

int64
nachet_chunk_stream_add(NachetChunkStream *stream, int32 chunk_no, const void *data, int32 length)
{
	check_chunk(stream, chunk_no, length);
	if (chunk_no == 0)
		begin_content(stream);
	nachet_hash_add(stream->hash, data, length);
	nachet_png_crcs_add(&stream->png_crcs, data, length);
	stream->byte_size += length;
	stream->last_was_full = (length == NACHET_CHUNK_SIZE);
	stream->next_chunk_no = (int64) chunk_no + 1;
	return stream->content_id;
}

/* The columns of the content rows to be written, as arrays that unnest() makes rows of. */
enum
{
	ID,
	SHA256,
	BYTE_SIZE,
	FORMAT, /* from here on NULL if the bytes are no picture */
	WIDTH,
	HEIGHT,
	COLUMNS
};

static const Oid column_types[COLUMNS] = {INT8OID, BYTEAOID, INT8OID, TEXTOID, INT4OID, INT4OID};

typedef struct ContentColumns
{
	Datum *values[COLUMNS];
	bool *no_picture;
	int count;
} ContentColumns;

/*
 * Reads each sealed content's chunks for what they are as a picture, in the order in which they
 * were written.
 */
static ContentColumns
describe_contents(NachetChunkStream *stream)
{
	int n = stream->count;
	ContentColumns columns = {.count = n};
	NachetChunkReader *reader = nachet_chunk_reader_open(SnapshotSelf);

	for (int c = 0; c < COLUMNS; c++)
		columns.values[c] = palloc(n * sizeof(Datum));
	columns.no_picture = palloc(n * sizeof(bool));
	for (int i = 0; i < n; i++)
	{
		Sealed *sealed = &stream->sealed[i];
		NachetPicture picture;

		nachet_chunk_reader_select(reader, &(NachetContent){.id = sealed->content_id,
		                                                    .byte_size = sealed->byte_size,
		                                                    .chunk_size = NACHET_CHUNK_SIZE});
		columns.no_picture[i] = nachet_chunk_reader_picture(reader, sealed->png_crcs_right,
		                                                    &picture) != NACHET_PICTURE_OK;
		columns.values[ID][i] = Int64GetDatum(sealed->content_id);
		columns.values[SHA256][i] = nachet_content_sha256(sealed->sha256);
		columns.values[BYTE_SIZE][i] = Int64GetDatum(sealed->byte_size);
		columns.values[FORMAT][i] =
		    columns.no_picture[i] ? (Datum) 0 : CStringGetTextDatum(picture.format);
		columns.values[WIDTH][i] = Int32GetDatum((int32) picture.width);
		columns.values[HEIGHT][i] = Int32GetDatum((int32) picture.height);
	}
	nachet_chunk_reader_close(reader);
	return columns;
}

/*
 * Writes the content rows; of those whose bytes were stored already, holds the content that is
 * there and deletes the new chunks. What a sweep takes between the two is written after all: its
 * chunks are still here.
 */
static void
write_contents(ContentColumns *columns)
{
	int n = columns->count;
	Datum *missing = palloc(n * sizeof(Datum));
	uint64 written = 0;
	uint64 not_held = 0;
	NachetArg args[COLUMNS + 1] = {[COLUMNS] = NACHET_INTEGER(NACHET_CHUNK_SIZE)};

	for (int c = 0; c < COLUMNS; c++)
		args[c] = nachet_sql_array(column_types[c], columns->values[c],
		                           c < FORMAT ? NULL : columns->no_picture, n);
	for (int attempt = 1; attempt <= ATTEMPTS; attempt++)
	{
		CHECK_FOR_INTERRUPTS();
		written +=
		    nachet_sql_run(SPI_OK_INSERT,
		                   "INSERT INTO nachet.content"
		                   " (id, sha256, byte_size, chunk_size, format, width, height)"
		                   " SELECT s.id, s.sha256, s.byte_size, $7, s.format, s.width, s.height"
		                   " FROM unnest($1, $2, $3, $4, $5, $6)"
		                   "  AS s (id, sha256, byte_size, format, width, height)"
		                   " ORDER BY s.sha256"
		                   " ON CONFLICT (sha256) DO NOTHING",
		                   COLUMNS + 1, args);
		if (written == (uint64) n)
			return;
		not_held = (uint64) nachet_content_hold(columns->values[SHA256], n, missing);
		if (not_held == 0)
			break;
	}
	nachet_sql_check_written("content", (uint64) n - not_held, (uint64) n);
	(void) nachet_sql_run(SPI_OK_DELETE,
	                      "DELETE FROM nachet.content_chunk WHERE content_id = ANY (ARRAY("
	                      " SELECT i FROM unnest($1) AS s (i)"
	                      " WHERE NOT EXISTS (SELECT FROM nachet.content c WHERE c.id = s.i)))",
	                      1, args);
}

void
nachet_chunk_stream_seal(NachetChunkStream *stream)
{
	ContentColumns columns;

	finish_content(stream);
	if (stream->count == 0)
		return;
	SPI_connect();
	columns = describe_contents(stream);
	write_contents(&columns);
	SPI_finish();
}
