#ifndef NACHET_HTTP_TALLY_H
#define NACHET_HTTP_TALLY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct NachetError NachetError;
typedef struct NachetTally NachetTally;

/* --- for the request -------------------------------------------------------------------------- */

/* NULL if memory ran out. */
extern NachetTally *nachet_tally_create(void);

/* Whether a picture has failed: the request can't succeed any more. */
extern bool nachet_tally_failed(NachetTally *tally);

/*
 * Waits until every picture that was pushed is stored or has failed. True, with the bytes that this
 * request newly stored, if all are stored; otherwise false, with a copy of the first failure.
 */
extern bool nachet_tally_wait(NachetTally *tally, uint64_t *new_bytes, NachetError *error)
    __attribute__((warn_unused_result));

/* The request is done with it: pictures still queued are dropped unsent. NULL is allowed. */
extern void nachet_tally_release(NachetTally *tally);

/* --- for the queue ---------------------------------------------------------------------------- */

/* One picture more to come. */
extern void nachet_tally_add(NachetTally *tally);

/* Whether the request still wants its pictures sent. */
extern bool nachet_tally_wanted(NachetTally *tally);

/* One picture is stored; new_bytes is 0 if its bytes were there already. */
extern void nachet_tally_stored(NachetTally *tally, uint64_t new_bytes);

/* One picture failed. */
extern void nachet_tally_fail(NachetTally *tally, const NachetError *error);

#endif
