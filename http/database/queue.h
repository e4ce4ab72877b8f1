/*
 * http/database/queue.h
 *		Whole pictures into the datastore: a bounded queue, and a few threads that send many at a time.
 */
#ifndef NACHET_HTTP_SENDER_H
#define NACHET_HTTP_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct NachetError NachetError;
typedef struct NachetPool NachetPool;
typedef struct NachetSpooled NachetSpooled;
typedef struct NachetSenders NachetSenders;

/* What has become of the pictures of one request. */
typedef struct NachetTally NachetTally;

/* NULL where memory or threads ran out. */
extern NachetSenders *nachet_senders_start(NachetPool *pool, size_t count);

/* Sends what is queued and ends the threads; nobody may push any more. NULL is allowed. */
extern void nachet_senders_stop(NachetSenders *senders);

/* NULL where memory ran out. */
extern NachetTally *nachet_tally_create(void);

/* Whether a picture has failed: the request can't succeed any more. */
extern bool nachet_tally_failed(NachetTally *tally);

/*
 * Waits until every picture that was pushed is stored or has failed. True, with the bytes that this request
 * newly stored, where all are stored; false, with a copy of the first failure, otherwise.
 */
extern bool nachet_tally_wait(NachetTally *tally, uint64_t *new_bytes, NachetError *error)
    __attribute__((warn_unused_result));

/* The request is done with it: pictures that are still queued are dropped unsent. NULL is allowed. */
extern void nachet_tally_release(NachetTally *tally);

/* Queues a picture, waiting while the queue is full. The picture goes over to the senders. */
extern void nachet_senders_push(NachetSenders *senders, NachetTally *tally, NachetSpooled *picture);

#endif
