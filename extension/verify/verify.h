#ifndef NACHET_VERIFY_VERIFY_H
#define NACHET_VERIFY_VERIFY_H

#include "access/tupdesc.h"
#include "utils/tuplestore.h"

/* What is to be verified, and how far it got. */
typedef struct NachetVerify
{
	int64 next;    /* the first content's id; out: the first that was not looked at */
	int64 last;    /* the last one's */
	int64 limit;   /* bytes after which to stop, between two contents */
	bool complete; /* out: last was reached */
	int64 contents;
	int64 bytes;
	int64 findings;
} NachetVerify;

/* A finding's columns, in the order of verify_contents' result. */
#define NACHET_FINDING_CONTENT_ID 0
#define NACHET_FINDING_FLAW       2
#define NACHET_FINDING_DETAIL     3
#define NACHET_FINDING_COLUMNS    5

/*
 * Verifies under the active snapshot and puts the findings into a store of that shape. Damage is a
 * finding and never an error; a cancelled statement, lack of memory and the like are errors as
 * ever.
 */
extern void nachet_verify(NachetVerify *verify, Tuplestorestate *findings, TupleDesc shape);

#endif
