#ifndef NACHET_CONTENTS_CONTENT_H
#define NACHET_CONTENTS_CONTENT_H

#include "access/htup_details.h"
#include "executor/spi.h"
#include "executor/tuptable.h"

#define NACHET_SHA256_BYTES 32

/*
 * The most bytes of a chunk: what lets a row (a header, content_id, chunk_no and a bytea's length
 * word) fill one heap page. 8,120 at PostgreSQL's default page of 8 kB.
 */
#define NACHET_CHUNK_SIZE                                                                          \
	((int32) (MaxHeapTupleSize - MAXALIGN(SizeofHeapTupleHeader) - sizeof(int64) - sizeof(int32) - \
	          VARHDRSZ))

/* A row of content. */
typedef struct NachetContent
{
	int64 id;
	uint8 sha256[NACHET_SHA256_BYTES];
	int64 byte_size;
	int32 chunk_size;
	const char *format; /* NULL: the bytes are no acceptable picture */
	int32 width;
	int32 height;
	const char *object_url;  /* where the bytes are that have left content_chunk; NULL: none have */
	int64 object_id;         /* the number in its object's name */
	const char *object_etag; /* of the object as it was written; NULL if the store gave none */
} NachetContent;

/* The columns that make a NachetContent of a statement's row: all of content c, in its order. */
#define NACHET_CONTENT_ROW                                                                         \
	"c.id, c.sha256, c.byte_size, c.chunk_size, c.format, c.width, c.height, c.stored_at,"         \
	" c.object_url, c.object_id, c.object_etag"

/*
 * Reads the row in a slot of content, or a row of SPI's result that has those columns or the first
 * of them; the rest is 0. Strings are in the current memory context. Raises XX001 for values that
 * no row can have.
 */
extern void nachet_content_of_slot(TupleTableSlot *slot, NachetContent *content);
extern void nachet_content_of_result(const SPITupleTable *table, uint64 row,
                                     NachetContent *content);

/* A SHA-256 as a bytea. */
extern Datum nachet_content_sha256(const uint8 sha256[NACHET_SHA256_BYTES]);

/* For qsort and bsearch: compares two Datums that are SHA-256. */
extern int nachet_content_compare_sha256(const void *a, const void *b);

/* Checks that each Datum is a bytea of 32 bytes. */
extern void nachet_content_check_sha256(Datum *sha256s, int count);

/*
 * Those of the SHA-256 that are not stored, each once, in their order, into missing
 * (room for count). Returns how many. Costs one index probe each, whatever the table's size.
 */
extern int nachet_content_find_missing(Datum *sha256s, int count, Datum *missing);

/*
 * The same by what is committed now, and those that are stored are locked FOR KEY SHARE, in the
 * order of the SHA-256: no sweep takes them before the transaction ends. Needs an SPI connection.
 */
extern int nachet_content_hold(Datum *sha256s, int count, Datum *missing);

#endif
