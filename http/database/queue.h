#ifndef NACHET_HTTP_QUEUE_H
#define NACHET_HTTP_QUEUE_H

#include <stddef.h>

typedef struct NachetPool NachetPool;
typedef struct NachetSpooled NachetSpooled;
typedef struct NachetTally NachetTally;
typedef struct NachetQueue NachetQueue;

/* NULL if memory or threads ran out. */
extern NachetQueue *nachet_queue_start(NachetPool *pool, size_t count);

/* Sends what is queued and ends the threads; nobody may push any more. NULL is allowed. */
extern void nachet_queue_stop(NachetQueue *queue);

/* Queues a picture, waiting while the queue is full. The picture goes over to the senders. */
extern void nachet_queue_push(NachetQueue *queue, NachetTally *tally, NachetSpooled *picture);

#endif
