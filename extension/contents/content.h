/*
 * extension/contents/content.h
 *		Contents: bytes under their SHA-256, one heap page a chunk.
 */
#ifndef NACHET_CONTENT_H
#define NACHET_CONTENT_H

#include "access/htup_details.h"
#include "utils/array.h"

#define NACHET_SHA256_BYTES 32

/*
 * The most bytes of a chunk: what lets a row (a header, content_id, chunk_no and a bytea's length word)
 * fill one heap page. 8,120 at PostgreSQL's default page of 8 kB.
 */
#define NACHET_CHUNK_SIZE                                                                          \
	((int32) (MaxHeapTupleSize - MAXALIGN(SizeofHeapTupleHeader) - sizeof(int64) - sizeof(int32) - \
	          VARHDRSZ))

/* The numbers of content_chunk's columns, as the install script has them. */
#define NACHET_CHUNK_CONTENT_ID 1
#define NACHET_CHUNK_NO         2
#define NACHET_CHUNK_DATA       3

/* Likewise of content's and picture's, those that are read from C. */
#define NACHET_CONTENT_ID          1
#define NACHET_CONTENT_SHA256      2
#define NACHET_CONTENT_BYTE_SIZE   3
#define NACHET_CONTENT_CHUNK_SIZE  4
#define NACHET_CONTENT_FORMAT      5
#define NACHET_CONTENT_WIDTH       6
#define NACHET_CONTENT_HEIGHT      7
#define NACHET_CONTENT_OBJECT_URL  9
#define NACHET_CONTENT_OBJECT_ETAG 11
#define NACHET_PICTURE_ID          1
#define NACHET_PICTURE_CONTENT_ID  8

/* A SHA-256 as a bytea. */
extern Datum nachet_digest_datum(const uint8 digest[NACHET_SHA256_BYTES]);

/*
 * Stores pictures from memory as contents, those that are stored already excepted, and seals them:
 * count byte strings, whose SHA-256 go to digests. No sweep takes them before the transaction ends. Needs
 * an SPI connection.
 */
extern void nachet_contents_store(Datum *pictures, int count, Datum *digests);

/*
 * Deletes those of the contents with these ids that no picture refers to and nobody else holds. Returns
 * their number; *bytes grows by their sizes. Needs an SPI connection.
 */
extern int64 nachet_contents_purge(ArrayType *ids, int64 *bytes);

/* For qsort and bsearch: compares two Datums that are digests. */
extern int nachet_digest_compare(const void *a, const void *b);

/* Checks that each Datum is a bytea of 32 bytes. */
extern void nachet_digests_check(Datum *digests, int count);

/*
 * Those of the digests that are not stored, each once, in the order of the digests, into missing
 * (room for count). Returns how many. Costs one index probe a digest, whatever the table's size.
 */
extern int nachet_contents_missing(Datum *digests, int count, Datum *missing);

/*
 * The same by what is committed now, and those that are stored are locked FOR KEY SHARE, in the order of the
 * digests: no sweep takes them before the transaction ends. Needs an SPI connection.
 */
extern int nachet_contents_hold(Datum *digests, int count, Datum *missing);

#endif
