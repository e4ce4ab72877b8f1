/*
 * http/database/tally.h
 *		The senders' side of a tally.
 */
#ifndef NACHET_HTTP_TALLY_H
#define NACHET_HTTP_TALLY_H

#include "http/database/queue.h"

/* One picture more to come. */
extern void nachet_tally_add(NachetTally *tally);

/* Whether the request still wants its pictures sent. */
extern bool nachet_tally_wanted(NachetTally *tally);

/* One picture is stored; new_bytes is 0 where its bytes were there already. */
extern void nachet_tally_stored(NachetTally *tally, uint64_t new_bytes);

/* One picture failed. */
extern void nachet_tally_fail(NachetTally *tally, const NachetError *error);

#endif
