/*
 * extension/sets/uuidv7.c
 *		uuidv7(): time-ordered ids (RFC 9562, section 5.7).
 *
 * 48 bits of milliseconds, 12 bits of the fraction of a millisecond (method 3 of section 6.2), 62
 * random bits. Within one backend each id is greater than the one before, also when the clock
 * stands or goes back.
 */
#include "postgres.h"

#include <time.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(uuidv7);

#define NS_PER_S  UINT64CONST(1000000000)
#define NS_PER_MS UINT64CONST(1000000)

/* The clock as a number of 60 bits: milliseconds since 1970, then their fraction in 4,096ths. */
static uint64
next_tick(void)
{
	static uint64 last = 0;
	struct timespec now;
	uint64 ns;
	uint64 tick;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (uint64) now.tv_sec * NS_PER_S + (uint64) now.tv_nsec;
	tick = ((ns / NS_PER_MS) << 12) | (((ns % NS_PER_MS) << 12) / NS_PER_MS);
	last = Max(tick, last + 1);
	return last;
}

/* uuidv7() returns uuid: a new id, greater than this session's last. */
Datum
uuidv7(PG_FUNCTION_ARGS)
{
	pg_uuid_t *uuid = palloc(sizeof(pg_uuid_t));
	uint64 tick = next_tick();

	if (!pg_strong_random(&uuid->data[8], UUID_LEN - 8))
		ereport(ERROR,
		        (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
	for (int i = 0; i < 6; i++)
		uuid->data[i] = (unsigned char) (tick >> (52 - 8 * i));
	uuid->data[6] = (unsigned char) (0x70 | ((tick >> 8) & 0x0f)); /* version 7 */
	uuid->data[7] = (unsigned char) tick;
	uuid->data[8] = (unsigned char) (0x80 | (uuid->data[8] & 0x3f)); /* variant 10 */
	PG_RETURN_UUID_P(uuid);
}
