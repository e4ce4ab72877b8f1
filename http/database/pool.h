#ifndef NACHET_HTTP_POOL_H
#define NACHET_HTTP_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libpq-fe.h>

#include "loader/client/error.h"

typedef struct NachetPool NachetPool;

typedef struct NachetPooled
{
	PGconn *connection; /* outside any transaction */
	int chunk_size;     /* what nachet.chunk_size() said when it was made */
	int socket;         /* the pool's: another descriptor of the connection's socket */
	size_t place;       /* the pool's: where it is noted as lent */
} NachetPooled;

/*
 * Makes no connection yet. In seconds: how long nachet_pool_take waits, and how long the server
 * works on one statement before it gives up. NULL if memory or threads ran out.
 */
extern NachetPool *nachet_pool_create(const char *conninfo, size_t size, unsigned wait,
                                      unsigned statement_timeout);

/*
 * Lends a connection: one that lives as far as can be told without asking the server, or a new one.
 * Waits up to the pool's bound for one to come back, and for a database that was lost lately.
 * False, with *error filled, if there is none.
 */
extern bool nachet_pool_take(NachetPool *pool, NachetPooled *pooled, NachetError *error)
    __attribute__((warn_unused_result));

/* Seconds that a statement may take, as nachet_pool_create was told. */
extern unsigned nachet_pool_statement_timeout(const NachetPool *pool);

/*
 * Bounds what follows over a connection that is lent: unless it comes back within so many seconds
 * and a few more, it is cut, whatever libpq waits for. When lent it has the statement timeout.
 */
extern void nachet_pool_bound(NachetPool *pool, const NachetPooled *pooled, unsigned seconds);

/*
 * Whether a connection that is lent was cut; *error, which libpq's failure has filled, then tells
 * so.
 */
extern bool nachet_pool_was_cut(NachetPool *pool, const NachetPooled *pooled, NachetError *error);

/*
 * Gives it back. One that is inside a transaction is closed, and its place is free; so is one that
 * is broken, and then all idle ones are closed too: what broke it has most likely met them.
 */
extern void nachet_pool_give(NachetPool *pool, NachetPooled *pooled);

/* Closes it instead; its place is free. */
extern void nachet_pool_drop(NachetPool *pool, NachetPooled *pooled);

typedef struct NachetPoolState
{
	size_t size;
	size_t lent; /* or being made */
	size_t idle;
	size_t waiting;    /* threads */
	uint64_t waits;    /* times that one had to wait, so far */
	uint64_t timeouts; /* times that it waited in vain */
	uint64_t made;     /* connections, so far */
} NachetPoolState;

extern void nachet_pool_state(NachetPool *pool, NachetPoolState *state);

/* Cuts all that are lent, and lends none any more: the service ends. */
extern void nachet_pool_stop(NachetPool *pool);

/* Closes all; none may be lent. NULL is allowed. */
extern void nachet_pool_free(NachetPool *pool);

#endif
