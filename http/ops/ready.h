#ifndef NACHET_HTTP_READY_H
#define NACHET_HTTP_READY_H

#include <stdbool.h>

typedef struct NachetPool NachetPool;
typedef struct NachetReady NachetReady;

/* NULL if memory or threads ran out. */
extern NachetReady *nachet_ready_start(NachetPool *pool);

/*
 * Whether the datastore has answered just now, or does so within two seconds. Any number of threads
 * may ask: they share one answer, and one connection of the pool at a time.
 */
extern bool nachet_ready_ask(NachetReady *ready);

/* Waits for a question under way. Nobody may be asking. NULL is allowed. */
extern void nachet_ready_stop(NachetReady *ready);

#endif
