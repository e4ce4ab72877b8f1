/*
 * http/pool.c
 *		A bounded number of database connections, shared by the threads.
 *
 * A connection is held only while statements run, never while waiting for a client, a queue or another
 * connection: so that whoever waits here waits for the database alone. open counts the idle, the lent, and
 * those being made; the lock is never held while the network is.
 *
 * A database that was there and is gone may only be restarting: whoever needs it waits for its return, but
 * all together for no longer than one may wait for a connection. After that, and where it never was there,
 * each is told at once.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "loader/client/clock.h"
#include "loader/client/connection.h"
#include "loader/client/datastore.h"
#include "pool.h"

#define RECONNECT_PAUSE_MS 100

struct NachetPool
{
	pthread_mutex_t lock;
	pthread_cond_t given; /* a connection came back, or a place became free */
	const char *conninfo;
	unsigned wait;
	unsigned statement_timeout;
	size_t size;
	size_t open;
	bool found;      /* the last attempt to connect went well */
	int64_t lost_at; /* when that changed last; far back where it never was found */
	size_t idle_count;
	size_t waiting;
	uint64_t waits;
	uint64_t timeouts;
	uint64_t made;
	NachetPooled idle[];
};

NachetPool *
nachet_pool_create(const char *conninfo, size_t size, unsigned wait, unsigned statement_timeout)
{
	NachetPool *pool = calloc(1, sizeof(*pool) + size * sizeof(pool->idle[0]));

	if (pool == NULL)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	nachet_clock_condition_init(&pool->given);
	pool->conninfo = conninfo;
	pool->size = size;
	pool->wait = wait;
	pool->lost_at = INT64_MIN / 2;
	pool->statement_timeout = statement_timeout;
	return pool;
}

/* What an idle connection has to read is the server's farewell: nothing else comes unasked. */
static bool
is_alive(PGconn *connection)
{
	struct pollfd poll_fd = {.fd = PQsocket(connection), .events = POLLIN};

	if (PQstatus(connection) != CONNECTION_OK || poll_fd.fd < 0)
		return false;
	while (poll(&poll_fd, 1, 0) > 0)
	{
		if (PQconsumeInput(connection) != 1 || PQstatus(connection) != CONNECTION_OK)
			return false;
		if ((poll_fd.revents & ~POLLIN) != 0)
			return false;
	}
	return true;
}

/*
 * New bytes need not be on disk when a picture is sent: batch_import switches synchronous_commit on for
 * the set, and the WAL's order makes all before it durable too.
 */
static bool
prepare(const NachetPool *pool, NachetPooled *pooled, NachetError *error)
{
	char settings[160];
	PGresult *result;
	bool done;

	snprintf(settings, sizeof(settings),
	         "SET synchronous_commit = off; SET idle_in_transaction_session_timeout = '60s'; "
	         "SET statement_timeout = '%us'",
	         pool->statement_timeout);
	result = PQexec(pooled->connection, settings);
	done = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!done)
		nachet_error_from_postgres(error, pooled->connection, result);
	PQclear(result);
	if (!done)
		return false;
	pooled->chunk_size = nachet_datastore_chunk_size(pooled->connection, error);
	return pooled->chunk_size > 0;
}

static bool
open_connection(const NachetPool *pool, NachetPooled *pooled, NachetError *error)
{
	pooled->connection = nachet_connection_open(pool->conninfo, "nachet-http", error);
	if (pooled->connection == NULL)
	{
		error->unreachable = true; /* whatever the reason, there is no database to ask */
		return false;
	}
	if (prepare(pool, pooled, error))
		return true;
	PQfinish(pooled->connection);
	pooled->connection = NULL;
	return false;
}

static void
note_found(NachetPool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->found = true;
	pthread_mutex_unlock(&pool->lock);
}

/* After a failed attempt to connect: pauses and is true, where the database was lost only lately. */
static bool
may_come_back(NachetPool *pool, const NachetError *error)
{
	const struct timespec pause = {.tv_nsec = RECONNECT_PAUSE_MS * 1000000L};
	bool lately;

	if (!error->transient)
		return false;
	pthread_mutex_lock(&pool->lock);
	if (pool->found)
		pool->lost_at = nachet_clock_ms();
	pool->found = false;
	lately = nachet_clock_ms() - pool->lost_at < (int64_t) pool->wait * 1000;
	pthread_mutex_unlock(&pool->lock);
	return lately && nanosleep(&pause, NULL) == 0;
}

static bool
is_exhausted(const NachetPool *pool)
{
	return pool->idle_count == 0 && pool->open >= pool->size;
}

/* Waits until the pool has something to give; false where that lasts too long. Called with the lock held. */
static bool
wait_while_exhausted(NachetPool *pool)
{
	const struct timespec limit = nachet_clock_after((int64_t) pool->wait * 1000);
	int status = 0;

	pool->waits++;
	pool->waiting++;
	while (is_exhausted(pool) && status != ETIMEDOUT)
		status = pthread_cond_timedwait(&pool->given, &pool->lock, &limit);
	pool->waiting--;
	if (!is_exhausted(pool))
		return true;
	pool->timeouts++;
	return false;
}

/* Waits for an idle connection or a free place, which becomes the caller's. Called with the lock held. */
static bool
wait_for_place(NachetPool *pool, NachetPooled *pooled)
{
	if (is_exhausted(pool) && !wait_while_exhausted(pool))
		return false;
	pooled->connection = NULL;
	if (pool->idle_count > 0)
		*pooled = pool->idle[--pool->idle_count];
	else
	{
		pool->open++;
		pool->made++;
	}
	return true;
}

static void
free_place(NachetPool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->open--;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}

/* Closes the idle connections, whose places are free then. */
static void
close_idle(NachetPool *pool)
{
	NachetPooled pooled;

	do
	{
		pooled.connection = NULL;
		pthread_mutex_lock(&pool->lock);
		if (pool->idle_count > 0)
			pooled = pool->idle[--pool->idle_count];
		pthread_mutex_unlock(&pool->lock);
		if (pooled.connection != NULL)
		{
			PQfinish(pooled.connection);
			free_place(pool);
		}
	} while (pooled.connection != NULL);
}

bool
nachet_pool_take(NachetPool *pool, NachetPooled *pooled, NachetError *error)
{
	bool found;

	pthread_mutex_lock(&pool->lock);
	found = wait_for_place(pool, pooled);
	pthread_mutex_unlock(&pool->lock);
	if (!found)
	{
		nachet_error_set(error, "all database connections are busy");
		error->unreachable = true;
		return false;
	}
	if (pooled->connection != NULL && is_alive(pooled->connection))
		return true;
	PQfinish(pooled->connection);
	while (!open_connection(pool, pooled, error))
	{
		if (!may_come_back(pool, error))
		{
			free_place(pool);
			return false;
		}
		nachet_error_clear(error);
	}
	note_found(pool);
	return true;
}

void
nachet_pool_drop(NachetPool *pool, NachetPooled *pooled)
{
	PQfinish(pooled->connection);
	pooled->connection = NULL;
	free_place(pool);
}

void
nachet_pool_give(NachetPool *pool, NachetPooled *pooled)
{
	bool broken = PQstatus(pooled->connection) != CONNECTION_OK;

	if (broken || PQtransactionStatus(pooled->connection) != PQTRANS_IDLE)
	{
		nachet_pool_drop(pool, pooled);
		if (broken)
			close_idle(pool);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->idle[pool->idle_count++] = *pooled;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
	pooled->connection = NULL;
}

void
nachet_pool_state(NachetPool *pool, NachetPoolState *state)
{
	pthread_mutex_lock(&pool->lock);
	*state = (NachetPoolState){.size = pool->size,
	                           .lent = pool->open - pool->idle_count,
	                           .idle = pool->idle_count,
	                           .waiting = pool->waiting,
	                           .waits = pool->waits,
	                           .timeouts = pool->timeouts,
	                           .made = pool->made};
	pthread_mutex_unlock(&pool->lock);
}

void
nachet_pool_free(NachetPool *pool)
{
	if (pool == NULL)
		return;
	while (pool->idle_count > 0)
		PQfinish(pool->idle[--pool->idle_count].connection);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
