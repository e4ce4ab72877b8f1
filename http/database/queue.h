#ifndef NACHET_HTTP_QUEUE_H
#define NACHET_HTTP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct NachetError NachetError;
typedef struct NachetPool NachetPool;
typedef struct NachetQueue NachetQueue;
typedef struct NachetSpooled NachetSpooled;

/* Counts what has become of the pictures of one request. */
typedef struct NachetTally NachetTally;

/* NULL if memory or threads ran out. */
extern NachetQueue *nachet_queue_start(NachetPool *pool, size_t count);

/* Sends what is queued and ends the threads; nobody may push any more. NULL is allowed. */
extern void nachet_queue_stop(NachetQueue *queue);

/* Queues a picture, waiting while the queue is full. The picture goes over to the senders. */
extern void nachet_queue_push(NachetQueue *queue, NachetTally *tally, NachetSpooled *picture);

/* NULL if memory ran out. */
extern NachetTally *nachet_queue_create_tally(void);

/* Whether a picture has failed: the request can't succeed any more. */
extern bool nachet_queue_has_failed(NachetTally *tally);

/*
 * Waits until every picture that was pushed is stored or has failed. True, with the bytes that this
 * request newly stored, if all are stored; otherwise false, with a copy of the first failure.
 */
extern bool nachet_queue_wait(NachetTally *tally, uint64_t *new_bytes, NachetError *error)
    __attribute__((warn_unused_result));

/* The request is done with it: pictures still queued are dropped unsent. NULL is allowed. */
extern void nachet_queue_release(NachetTally *tally);

#endif
