/*
 * http/database/pool.c
 *		A bounded number of database connections, shared by the threads.
 *
 * A connection is held only while statements run, never while waiting for a client, a queue or
 * another connection: so that whoever waits here waits for the database alone. open counts the
 * idle, the lent, and those being made; the lock is never held while the network is.
 *
 * A database may neither answer nor go away: frozen, or waiting for a client that waits for it.
 * libpq would wait with it for ever. So each connection that is lent has a deadline, somewhat
 * beyond the timeout that the server itself keeps, at which a thread shuts its socket down; libpq
 * then fails, and the place is free. The thread has a descriptor of its own for that socket,
 * because libpq may close its own at any time, and its number be another's at once.
 *
 * A database that was there and is gone may only be restarting: whoever needs it waits for its
 * return, but all together for no longer than one may wait for a connection. After that, and if
 * it never was there, each is told at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>

#include "loader/client/clock.h"
#include "loader/client/connection.h"
#include "loader/client/datastore.h"
#include "http/database/pool.h"

#define RECONNECT_PAUSE_MS 100

/* A server that cancels a statement in time has these to say so. */
#define GRACE_MS 5000

/* How often deadlines are looked at. */
#define TICK_MS 250

/* The bound of a new connection's first statement, which waits for no lock. */
#define FIRST_QUESTION_S 10

typedef struct Lent
{
	int socket; /* -1: nothing is lent here */
	int64_t deadline;
	bool cut;
} Lent;

struct NachetPool
{
	pthread_mutex_t lock;
	pthread_cond_t given;   /* a connection came back, or a place became free */
	pthread_cond_t stopped; /* for the thread */
	pthread_t guard;
	bool stopping;
	bool guard_stopping;
	Lent *lent;
	const char *conninfo;
	unsigned wait;
	unsigned statement_timeout;
	size_t size;
	size_t open;
	bool found;      /* the last attempt to connect went well */
	int64_t lost_at; /* when that changed last; far back if it never was found */
	size_t idle_count;
	size_t waiting;
	uint64_t waits;
	uint64_t timeouts;
	uint64_t made;
	NachetPooled idle[];
};

static void
cut(Lent *lent)
{
	(void) shutdown(lent->socket, SHUT_RDWR);
	lent->cut = true;
	lent->deadline = INT64_MAX;
}

/* Cuts what is lent for longer than it may be. */
static void *
guard(void *context)
{
	NachetPool *pool = context;

	pthread_mutex_lock(&pool->lock);
	while (!pool->guard_stopping)
	{
		const struct timespec next = nachet_clock_after(TICK_MS);
		int64_t now = nachet_clock_ms();

		for (size_t i = 0; i < pool->size; i++)
		{
			if (pool->lent[i].socket >= 0 && pool->lent[i].deadline <= now)
				cut(&pool->lent[i]);
		}
		(void) pthread_cond_timedwait(&pool->stopped, &pool->lock, &next);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void
free_pool(NachetPool *pool)
{
	pthread_cond_destroy(&pool->stopped);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
	free(pool->lent);
	free(pool);
}

NachetPool *
nachet_pool_create(const char *conninfo, size_t size, unsigned wait, unsigned statement_timeout)
{
	NachetPool *pool = calloc(1, sizeof(*pool) + size * sizeof(pool->idle[0]));

	if (pool == NULL)
		return NULL;
	pthread_mutex_init(&pool->lock, NULL);
	nachet_clock_condition_init(&pool->given);
	nachet_clock_condition_init(&pool->stopped);
	pool->conninfo = conninfo;
	pool->size = size;
	pool->wait = wait;
	pool->lost_at = INT64_MIN / 2;
	pool->statement_timeout = statement_timeout;
	pool->lent = calloc(size, sizeof(*pool->lent));
	for (size_t i = 0; i < size && pool->lent != NULL; i++)
		pool->lent[i].socket = -1;
	if (pool->lent != NULL && pthread_create(&pool->guard, NULL, guard, pool) == 0)
		return pool;
	free_pool(pool);
	return NULL;
}

unsigned
nachet_pool_statement_timeout(const NachetPool *pool)
{
	return pool->statement_timeout;
}

/* --- what is lent ----------------------------------------------------------------------------- */

static int64_t
deadline_after(unsigned seconds)
{
	return nachet_clock_ms() + (int64_t) seconds * 1000 + GRACE_MS;
}

/* There is a place for each connection that may be open. */
static void
note_lent(NachetPool *pool, NachetPooled *pooled, unsigned seconds)
{
	pthread_mutex_lock(&pool->lock);
	pooled->place = 0;
	while (pool->lent[pooled->place].socket >= 0)
		pooled->place++;
	pool->lent[pooled->place] =
	    (Lent){.socket = pooled->socket, .deadline = deadline_after(seconds)};
	if (pool->stopping)
		cut(&pool->lent[pooled->place]);
	pthread_mutex_unlock(&pool->lock);
}

static void
note_back(NachetPool *pool, const NachetPooled *pooled)
{
	pthread_mutex_lock(&pool->lock);
	pool->lent[pooled->place].socket = -1;
	pthread_mutex_unlock(&pool->lock);
}

void
nachet_pool_bound(NachetPool *pool, const NachetPooled *pooled, unsigned seconds)
{
	Lent *lent = &pool->lent[pooled->place];

	pthread_mutex_lock(&pool->lock);
	if (!lent->cut)
		lent->deadline = deadline_after(seconds);
	pthread_mutex_unlock(&pool->lock);
}

bool
nachet_pool_was_cut(NachetPool *pool, const NachetPooled *pooled, NachetError *error)
{
	bool was_cut;

	pthread_mutex_lock(&pool->lock);
	was_cut = pool->lent[pooled->place].cut;
	pthread_mutex_unlock(&pool->lock);
	if (!was_cut)
		return false;
	nachet_error_set(error, "the database did not respond in time, and its connection was closed");
	error->unreachable = true;
	return true;
}

/* --- connecting ------------------------------------------------------------------------------- */

static void
close_connection(NachetPooled *pooled)
{
	if (pooled->connection == NULL)
		return;
	PQfinish(pooled->connection);
	close(pooled->socket);
	pooled->connection = NULL;
}

/* An idle connection has nothing to read but the server's farewell. */
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

/* Opens a connection, which is noted as lent. */
static bool
open_connection(NachetPool *pool, NachetPooled *pooled, NachetError *error)
{
	pooled->connection = nachet_connection_open(pool->conninfo, "nachet-http", error);
	if (pooled->connection == NULL)
	{
		error->unreachable = true; /* whatever the reason, there is no database to ask */
		return false;
	}
	pooled->socket = fcntl(PQsocket(pooled->connection), F_DUPFD_CLOEXEC, 0);
	if (pooled->socket < 0)
	{
		nachet_error_set(error, "can't watch a database connection: %s", strerror(errno));
		error->unreachable = true;
		PQfinish(pooled->connection);
		pooled->connection = NULL;
		return false;
	}
	note_lent(pool, pooled, FIRST_QUESTION_S);
	pooled->chunk_size = nachet_datastore_chunk_size(pooled->connection, error);
	if (pooled->chunk_size > 0)
	{
		nachet_pool_bound(pool, pooled, pool->statement_timeout);
		return true;
	}
	(void) nachet_pool_was_cut(pool, pooled, error);
	note_back(pool, pooled);
	close_connection(pooled);
	return false;
}

static void
note_found(NachetPool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->found = true;
	pthread_mutex_unlock(&pool->lock);
}

/* After a failed attempt to connect: pauses and is true, if the database was lost only lately. */
static bool
should_retry(NachetPool *pool, const NachetError *error)
{
	const struct timespec pause = {.tv_nsec = RECONNECT_PAUSE_MS * 1000000L};
	bool lately;

	if (!error->transient)
		return false;
	pthread_mutex_lock(&pool->lock);
	if (pool->found)
		pool->lost_at = nachet_clock_ms();
	pool->found = false;
	lately = !pool->stopping && nachet_clock_ms() - pool->lost_at < (int64_t) pool->wait * 1000;
	pthread_mutex_unlock(&pool->lock);
	return lately && nanosleep(&pause, NULL) == 0;
}

static bool
is_exhausted(const NachetPool *pool)
{
	return pool->idle_count == 0 && pool->open >= pool->size;
}

/*
 * Waits until the pool has something to give, or stops; false if that lasts too long. Called with
 * the lock held.
 */
static bool
wait_while_exhausted(NachetPool *pool)
{
	const struct timespec limit = nachet_clock_after((int64_t) pool->wait * 1000);
	int status = 0;

	pool->waits++;
	pool->waiting++;
	while (is_exhausted(pool) && !pool->stopping && status != ETIMEDOUT)
		status = pthread_cond_timedwait(&pool->given, &pool->lock, &limit);
	pool->waiting--;
	if (!is_exhausted(pool) || pool->stopping)
		return true;
	pool->timeouts++;
	return false;
}

/*
 * Waits for an idle connection or a free place, which becomes the caller's. False if that lasts too
 * long, or if the pool stops. Called with the lock held.
 */
static bool
wait_for_place(NachetPool *pool, NachetPooled *pooled)
{
	if ((is_exhausted(pool) && !wait_while_exhausted(pool)) || pool->stopping)
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
	bool found;

	do
	{
		pooled.connection = NULL;
		pthread_mutex_lock(&pool->lock);
		if (pool->idle_count > 0)
			pooled = pool->idle[--pool->idle_count];
		pthread_mutex_unlock(&pool->lock);
		found = pooled.connection != NULL;
		close_connection(&pooled);
		if (found)
			free_place(pool);
	} while (found);
}

bool
nachet_pool_take(NachetPool *pool, NachetPooled *pooled, NachetError *error)
{
	bool stopping;
	bool found;

	pthread_mutex_lock(&pool->lock);
	found = wait_for_place(pool, pooled);
	stopping = pool->stopping;
	pthread_mutex_unlock(&pool->lock);
	if (!found)
	{
		nachet_error_set(error, stopping ? "the service is stopping"
		                                 : "all database connections are busy");
		error->unreachable = true;
		return false;
	}
	if (pooled->connection != NULL && is_alive(pooled->connection))
	{
		note_lent(pool, pooled, pool->statement_timeout);
		return true;
	}
	close_connection(pooled);
	while (!open_connection(pool, pooled, error))
	{
		if (!should_retry(pool, error))
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
	note_back(pool, pooled);
	close_connection(pooled);
	free_place(pool);
}

void
nachet_pool_give(NachetPool *pool, NachetPooled *pooled)
{
	bool broken = PQstatus(pooled->connection) != CONNECTION_OK;

	if (broken || PQtransactionStatus(pooled->connection) != PQTRANS_IDLE ||
	    PQpipelineStatus(pooled->connection) != PQ_PIPELINE_OFF)
	{
		nachet_pool_drop(pool, pooled);
		if (broken)
			close_idle(pool);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	pool->lent[pooled->place].socket = -1;
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
nachet_pool_stop(NachetPool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	for (size_t i = 0; i < pool->size; i++)
	{
		if (pool->lent[i].socket >= 0)
			cut(&pool->lent[i]);
	}
	pthread_cond_broadcast(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}

void
nachet_pool_free(NachetPool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->guard_stopping = true;
	pthread_cond_signal(&pool->stopped);
	pthread_mutex_unlock(&pool->lock);
	pthread_join(pool->guard, NULL);
	while (pool->idle_count > 0)
		close_connection(&pool->idle[--pool->idle_count]);
	free_pool(pool);
}
