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

/* A SHA-256 as a bytea. */
extern Datum nachet_digest_datum(const uint8 digest[NACHET_SHA256_BYTES]);

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
